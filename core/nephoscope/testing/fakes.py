"""Stand-ins for trying planners, generators and analyzers in the real loop: a boundary without processes, parts that follow a script."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from nephoscope.engine.analysis import Analysis
from nephoscope.engine.context import Context
from nephoscope.interfaces import Analyzer, Estate, FactView, Generator, Planner, View
from nephoscope.knowledge.reading import first_reading
from nephoscope.knowledge.tables import TableEstate
from nephoscope.models import (
    Budget,
    Call,
    Change,
    Check,
    Conclusion,
    Decision,
    ExecutionResult,
    Failure,
    Identity,
    Json,
    JsonValue,
    Question,
    Read,
    ResourceRef,
    Script,
    ScriptEnvironment,
    Tier,
    Violation,
)
from nephoscope.store import BROKER, Answered, Ledger, Position, Sent, Spent
from nephoscope.store.run import RunStore

NOW = "2026-01-02T10:00Z"


@dataclass(frozen=True)
class Answer:
    """What the pretended cloud says to one request; several in a list are the pages of one chain."""

    document: Json = None
    status: int = 200
    error: str | None = None


Cloud = Callable[[Read], "Answer | Sequence[Answer]"]


def source_of(reads: Iterable[Read], statements: Sequence[Json] = (), failure: Failure | None = None) -> str:
    """The scripts of this make-believe: JSON that says what to ask, what to state, and how to fail."""
    return json.dumps(
        {
            "reads": [read.model_dump(mode="json") for read in reads],
            "statements": list(statements),
            "failure": failure.model_dump(mode="json") if failure else None,
        }
    )


class LedgerBoundary:
    """Implements the engine's boundary over a real ledger, in this process. ``cloud`` answers the reads. ``tear`` cuts page chains short."""

    def __init__(self, run_dir: Path, identity: Identity, cloud: Cloud, *, tear: frozenset[str] = frozenset()) -> None:
        self.ledger = Ledger(run_dir)
        self.executed: list[tuple[int, int, str]] = []
        self._identity = identity
        self._cloud = cloud
        self._tear = tear

    def inventory(self, reads: Sequence[Read]) -> Sequence[str]:
        return [call for read in reads for call in self._ask(read, BROKER)]

    def execute(self, step: int, attempt: int, script_hash: str, author: str, params: Mapping[str, JsonValue] | None = None) -> ExecutionResult:
        self.executed.append((step, attempt, script_hash))
        try:
            plan = json.loads(self.ledger.blobs.get(script_hash))
        except ValueError as error:
            return ExecutionResult(status="failed", failure=Failure(kind="syntax", message=str(error)))
        position = Position(step, attempt, script_hash)
        calls = tuple(call for read in plan["reads"] for call in self._ask(Read.model_validate(read), position))
        failure = Failure.model_validate(plan["failure"]) if plan["failure"] else None
        return ExecutionResult(status="failed" if failure else "ok", statements=tuple(plan["statements"]), failure=failure, calls=calls, seconds=0.01)

    def spent(self) -> Spent:
        return self.ledger.spent()

    def close(self) -> None:
        """Let go of the ledger, so that another may write it."""
        self.ledger.close()

    def _ask(self, read: Read, position: Position) -> list[str]:
        answer = self._cloud(read)
        pages = [answer] if isinstance(answer, Answer) else list(answer)
        first, ids = "", list[str]()
        for number, page in enumerate(pages):
            prefix = f"s{position.step}.c"
            call_id = f"{prefix}{self.ledger.last_numbers().get(prefix, 0) + 1}"
            params: dict[str, JsonValue] = {**read.params, **({"NextToken": str(number)} if number else {})}
            call = Call(id=call_id, identity=self._identity, region=read.region, service=read.service, operation=read.operation, params=params)
            first = first or call_id
            more = number + 1 < len(pages) or read.name in self._tear
            occurrence = 1 + sum(one.call.name == call.name and one.call.params == call.params for one in self.ledger.attempt(position))
            self.ledger.sent(Sent(call, position, occurrence, Tier.CONFIG, "fake"))
            blob = "" if page.error else self.ledger.blobs.put_json(page.document)
            following: dict[str, JsonValue] | None = {"NextToken": str(number + 1)} if more else None
            self.ledger.answered(Answered(call_id, page.status, page.error, blob, chain=first, next_page=following, usd=0.0))
            ids.append(call_id)
        return ids


class FakeEstate(TableEstate):
    """An estate over the reply tables of any folder. Its scripts are those that :class:`LedgerBoundary` runs."""

    def __init__(self, folder: Path, cloud: str = "brook") -> None:
        super().__init__(folder)
        self.cloud = cloud

    @property
    def options(self) -> type[BaseModel]:
        return BaseModel

    def references(self, ref: ResourceRef, view: FactView) -> Iterable[tuple[str, ResourceRef]]:
        return ()

    def environment(self) -> ScriptEnvironment:
        return ScriptEnvironment()

    def script(self, check: Check, now: str) -> Script | None:
        return Script(source=source_of(check.reads), check=check, cloud=self.cloud, author="template:fake")

    def render(self, change: Change) -> Sequence[str]:
        return [f"{change.service} {change.operation} {json.dumps(dict(change.params), sort_keys=True)}"]


@dataclass
class ScriptedPlanner:
    """Decides as told, one decision a round; afterwards it wants to stop."""

    decisions: Sequence[Sequence[Check] | Question | Conclusion | Decision]
    name: str = "scripted"
    views: list[View] = field(default_factory=list)

    def plan(self, view: View) -> Sequence[Check] | Question | Conclusion | Decision:
        self.views.append(view)
        made = len(self.views)
        return self.decisions[made - 1] if made <= len(self.decisions) else Conclusion(stop="the script of decisions is over")


@dataclass
class ScriptedGenerator:
    """Writes the given sources one after the other, first as a script and then as repairs of it."""

    sources: Sequence[str]
    name: str = "scripted"
    troubles: list[Sequence[Violation] | Failure] = field(default_factory=list)
    _written: int = 0

    def generate(self, check: Check, view: View) -> Script | None:
        return self._next(check)

    def repair(self, script: Script, trouble: Sequence[Violation] | Failure, view: View) -> Script | None:
        self.troubles.append(trouble)
        return self._next(script.check)

    def _next(self, check: Check) -> Script | None:
        if self._written >= len(self.sources):
            return None
        self._written += 1
        return Script(source=self.sources[self._written - 1], check=check, cloud=check.cloud, author=f"model:{self.name}")


def context_for(
    store: RunStore,
    boundary: LedgerBoundary,
    estate: Estate,
    identity: Identity,
    words: str,
    *,
    planner: Planner,
    generators: Sequence[Generator] = (),
    analyzers: Sequence[Analyzer] = (),
    budget: Budget | None = None,
    **more: Any,
) -> Context:
    """A run's context with its problem recorded, ready for :class:`nephoscope.engine.driving.Driver`. ``more`` replaces any other field."""
    if store.get("problem") is None:
        store.put("problem", first_reading(words, NOW))
    defaults: dict[str, Any] = {
        "isolation": "none",
        "policies": {},
        "rewriters": (),
        "judges": (),
        "playbooks": {},
        "granted": frozenset({Tier.CONFIG}),
        "ask_policy": "never",
        "ask": lambda _question: None,
        "approve": lambda _script, _violations: None,
        "tell": lambda _event: None,
        "analysis": Analysis(analyzers),
    }
    return Context(
        store=store,
        boundary=boundary,
        identities=(identity,),
        estates={estate.cloud: estate},
        planner=planner,
        generators=generators,
        budget=budget or Budget(),
        **{**defaults, **more},
    )
