"""What is concluded from facts, and the verdict over all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from nephoscope.models.base import Frozen, JsonValue
from nephoscope.models.fact import FactQuery
from nephoscope.models.resource import ResourceRef

Holds = Literal["yes", "no", "unknown"]
Verdict = Literal["confirmed", "likely", "inconclusive", "no_fault_found"]


class Supposition(Frozen):
    """A fact thought otherwise: what the attribute would be if the fault were mended."""

    subject: ResourceRef
    attribute: str
    value: JsonValue
    absent: bool = False


class Finding(Frozen):
    """A possible cause, or a mandatory observation, judged three-valued over the facts.

    role ``cause``: ``yes`` means the fault is there. role ``observation``: ``yes`` means that hop of the symptom's path was
    seen to be in order. ``suppose`` says how facts would read with the fault mended; the engine re-runs the analyzers over
    them to compute ``sufficient``, which nobody declares.
    """

    cause: str
    subject: ResourceRef
    holds: Holds
    because: tuple[str, ...] = ()
    """Ids of the facts that decide it."""
    needs: tuple[FactQuery, ...] = ()
    """Facts that would decide it while it is unknown."""
    role: Literal["cause", "observation"] = "cause"
    on_path: bool = True
    """False: a real defect, but not on the path between the problem's entities."""
    last: bool = False
    """What it needs is asked for when nothing else is left to ask; filled in by core."""
    suppose: tuple[Supposition, ...] = ()
    details: Mapping[str, JsonValue] = Field(default_factory=dict)
    """Values for the words of the report: names, numbers, the deciding statement."""
    note: str = ""
    """Why, in one plain sentence."""
    decided_by: str = ""
    """``analyzer:<name>`` or ``playbook:<id>``; filled in by core."""
    sufficient: bool = False
    """Computed by core, ignored when a plugin sets it."""

    @property
    def key(self) -> str:
        """Identity of the finding as text."""
        return f"{self.cause}@{self.subject.key}"


class Predicate(Frozen):
    """A condition on a fact, or between two facts, that anybody can evaluate again."""

    fact: str
    path: str = ""
    """JMESPath into the fact's value, for a fact that is a whole document; empty: the value itself."""
    is_: Literal["equals", "not_equals", "contains", "absent", "present", "in", "matches", "lt", "gt", "same_as"]
    """``not_equals`` and ``contains`` (of a list or a text) say something only where something is there."""
    value: JsonValue = None
    other: str | None = None
    times: float = 1.0


class Claim(Frozen):
    """A cause that a planner asserts. Prose is decoration; the predicates are checked."""

    cause: str
    resources: tuple[ResourceRef, ...]
    predicates: tuple[Predicate, ...] = ()
    prose: str = ""
    title: str = ""
    advice: str = ""
    """What to do about it, in words."""
    by: str = "model:claim"
    """Who asserts it."""


class Diagnosis(Frozen):
    """What the evidence gate let through."""

    verdict: Verdict
    causes: tuple[Finding, ...] = ()
    ruled_out: tuple[Finding, ...] = ()
    also_noticed: tuple[Finding, ...] = ()
    open: tuple[Finding, ...] = ()
    observations: tuple[Finding, ...] = ()
    dropped: tuple[str, ...] = ()
    """Claims that did not hold, and why."""
    confidence: float = 0.0
