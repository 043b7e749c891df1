"""What a planner decided and why: hypotheses, what it looked at again, what it said that was not accepted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from nephoscope.models.base import Frozen
from nephoscope.models.rehearsal import Rehearsal
from nephoscope.models.scope import Tier
from nephoscope.models.script import Check, Conclusion, ExecutionResult, Question, Violation


class Hypothesis(Frozen):
    """A cause that a planner considers. Shown and remembered; nothing rests on it."""

    cause: str
    title: str = ""
    stands: Literal["open", "supported", "ruled_out"] = "open"
    facts: tuple[str, ...] = ()
    why: str = ""


class Decision(Frozen):
    """One of checks, question or conclusion, with what led to it. ``refused``: earlier tries in this round, each with its reasons."""

    checks: tuple[Check, ...] = ()
    question: Question | None = None
    conclusion: Conclusion | None = None
    hypotheses: tuple[Hypothesis, ...] = ()
    decided_by: str = ""
    """``model:<name>`` or ``planner:<name>``."""
    refused: tuple[str, ...] = ()
    note: str = ""
    """Something the person should know about how it was decided."""

    @property
    def choice(self) -> tuple[Check, ...] | Question | Conclusion:
        """The decision without its reasons."""
        return self.conclusion or self.question or self.checks


class Operation(Frozen):
    """One operation of a cloud's API, as far as a planner must know it. ``params``: name → kind of value."""

    service: str
    operation: str
    params: Mapping[str, str] = Field(default_factory=dict)
    required: tuple[str, ...] = ()
    tier: Tier = Tier.MUTATION

    @property
    def name(self) -> str:
        """``service:Operation``."""
        return f"{self.service}:{self.operation}"


class Try(Frozen):
    """One attempt at a script: ``violations`` is ``None`` until it was judged, ``result`` until it ran. ``diff``: what changed since the last."""

    number: int
    author: str
    source: str = ""
    diff: str = ""
    violations: tuple[Violation, ...] | None = None
    result: ExecutionResult | None = None
    approved: bool | None = None
    """``None``: nobody was asked."""
    rehearsal: Rehearsal | None = None
    """``None``: it did not come to that."""

    @property
    def trouble(self) -> str:
        """Why it was not enough, in one line; empty when it was."""
        errors = [f"{one.message} ({one.rule})" for one in self.violations or () if one.severity == "error"]
        if errors:
            return "; ".join(errors)[:600]
        if self.approved is False:
            return "it was not approved: ask by reads, which need no approval"
        if self.rehearsal and self.rehearsal.outcome == "failed":
            return f"rehearsal: {self.rehearsal.reason}"[:600]
        failure = self.result.failure if self.result else None
        return f"{failure.kind}: {failure.message}"[:600] if failure else ""


class Round(Frozen):
    """One step of an investigation so far. ``status``: planned, done, gap or failed. ``refused``: calls the boundary did not send, with reasons."""

    index: int
    check: Check
    status: str
    tries: tuple[Try, ...] = ()
    refused: tuple[str, ...] = ()
