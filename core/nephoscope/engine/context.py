"""What the nodes of one run work with. Never checkpointed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from nephoscope.engine.analysis import Analysis
from nephoscope.engine.rehearsing import Stage
from nephoscope.interfaces import Estate, Generator, Judge, Models, Planner, Policy, Prover, Rewriter
from nephoscope.knowledge.playbooks import Playbook
from nephoscope.knowledge.skills import Skills
from nephoscope.models import Approval, Budget, Event, ExecutionResult, Identity, JsonValue, Question, Read, Rehearsal, Script, Tier, Violation
from nephoscope.store import LedgerReader, Spent
from nephoscope.store.ledger import now
from nephoscope.store.memory import Memory
from nephoscope.store.run import RunStore


class BoundaryClient(Protocol):
    """The part of the boundary that nodes use."""

    def inventory(self, reads: Sequence[Read]) -> Sequence[str]: ...
    def execute(self, step: int, attempt: int, script_hash: str, author: str, params: Mapping[str, JsonValue] | None = None) -> ExecutionResult: ...
    def spent(self) -> Spent: ...


Ask = Callable[[Question], str | None]
"""Puts a question to a person; ``None`` when nobody answers."""
Approve = Callable[[Script, Sequence[Violation]], bool | Approval | None]
"""Shows a script before it runs; ``None`` when nobody answers."""


@dataclass
class Context:
    """One run: its record, the boundary, the parts of the loop, and where to tell what happens."""

    store: RunStore
    boundary: BoundaryClient
    identities: Sequence[Identity]
    isolation: str
    estates: Mapping[str, Estate]
    policies: Mapping[str, Policy]
    planner: Planner
    generators: Sequence[Generator]
    rewriters: Sequence[Rewriter]
    judges: Sequence[Judge]
    analysis: Analysis
    playbooks: Mapping[str, Playbook]
    budget: Budget
    granted: frozenset[Tier]
    ask_policy: str
    ask: Ask
    approve: Approve
    tell: Callable[[Event], None]
    versions: Mapping[str, str] = field(default_factory=dict)
    allowed: Sequence[str] = ()
    models: Models | None = None
    planners: Mapping[str, Planner] = field(default_factory=dict)
    """All that are installed, for one that falls back on another."""
    stage: Stage | None = None
    """Where scripts are rehearsed; ``None``: they are not."""
    was_rehearsed: Callable[[str], Rehearsal | None] | None = None
    """Of a recorded run: what its rehearsals showed, by the hash of the script."""
    memory: Memory | None = None
    """What earlier runs saw of these accounts; ``None``: nothing is remembered, and nothing kept."""
    provers: Mapping[str, Prover] = field(default_factory=dict)
    """Who tries fixes out, by cloud; empty: nobody does."""
    was_proven: Callable[[str], Mapping[str, str] | None] | None = None
    """Of a recorded run: what became of the proof of a fix, by the key of its cause."""
    skills: Skills | None = None
    """Scripts that worked; ``None``: none are used and none kept."""
    clean: Callable[[str], str] = str
    """Cuts credentials out of a text."""
    elapsed_before: float = 0.0
    started: float = field(default_factory=time.monotonic)

    @property
    def ledger(self) -> LedgerReader:
        """A fresh reader: the boundary writes while we read."""
        return LedgerReader(self.store.dir)

    @property
    def elapsed(self) -> float:
        """Seconds of work on this investigation, former sessions included, waiting for people not."""
        return self.elapsed_before + time.monotonic() - self.started

    def emit(self, kind: str, step: int = 0, **data: JsonValue) -> None:
        """Tell everybody who watches, and keep it."""
        event = Event(kind=kind, at=now(), step=step, data=data)
        self.store.event(event.at, kind, {"step": step, **data})
        self.tell(event)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count the time of a phase."""
        begun = time.monotonic()
        try:
            yield
        finally:
            self.store.add_time(name, time.monotonic() - begun)
