"""What to do about a cause."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from nephoscope.models.base import Frozen, JsonValue


class Change(Frozen):
    """A mutating call in a fix. Typed data; the broker never sends it."""

    cloud: str
    service: str
    operation: str
    region: str = ""
    params: Mapping[str, JsonValue] = Field(default_factory=dict)
    gives: Mapping[str, str] = Field(default_factory=dict)
    """What later changes need of its reply: a name in capitals → a JMESPath that both we and the cloud's command line read."""
    takes: tuple[str, ...] = ()
    """Names that earlier changes gave; a parameter that is ``$NAME`` stands for its value."""


class Documentation(Frozen):
    """A page of the provider's documentation."""

    title: str
    url: str


class Snippet(Frozen):
    """A fix as code for infrastructure. ``language``: such as ``terraform``; ``note``: what of the fix is not in it."""

    language: str
    text: str
    note: str = ""


class Recommendation(Frozen):
    """A fix. ``commands`` are renderings of ``changes``, every value quoted for its language."""

    title: str
    why: str
    changes: tuple[Change, ...] = ()
    commands: tuple[str, ...] = ()
    risk: str = "unknown"
    undo: str = ""
    cost: str = ""
    verify: str = ""
    proof: Literal["proven_on_emulator", "not_proven"] = "not_proven"
    proof_note: str = ""
    snippets: tuple[Snippet, ...] = ()
    documentation: tuple[Documentation, ...] = ()


class Way(Frozen):
    """One way to mend a cause, for when the facts tell every value of its changes."""

    fix: str
    changes: tuple[Mapping[str, JsonValue], ...] = Field(min_length=1)
    risk: str = ""
    undo: str = ""
    cost: str = ""
    verify: str = ""


class CauseCard(Frozen):
    """How a cause is told to people: data a pack ships beside its analyzers. Texts are templates over a Finding's details."""

    id: str
    title: str
    supposed: str = ""
    """The title while nobody knows; needed where ``title`` tells a value that only the fault has."""
    explanation: str
    symptoms: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()
    """Better ways than ``changes``, the best first: the first is taken of whose changes every value is known; what it leaves empty is the card's."""
    changes: tuple[Mapping[str, JsonValue], ...] = ()
    fix: str = ""
    risk: str = "low"
    undo: str = ""
    cost: str = ""
    verify: str = ""
    ruled_out: str = ""
    impact: str = ""
    extra: Mapping[str, JsonValue] = Field(default_factory=dict)
