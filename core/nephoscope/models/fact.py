"""What is known, how well, and what could not be seen."""

from __future__ import annotations

from typing import Literal

from nephoscope.models.base import Frozen, JsonValue
from nephoscope.models.resource import ResourceRef
from nephoscope.models.scope import Identity

Grounding = Literal["exact", "absent", "derived", "ungrounded"]
GapReason = Literal[
    "access_denied", "not_granted", "throttled", "timeout", "truncated", "incomplete", "redacted", "unknown_owner", "unsupported", "budget", "error"
]


class Extract(Frozen):
    """What a reply table reads from one reply: a place in the document, or the proof that nothing is there.

    ``pointer`` is a JSON pointer into the canonical document. ``decode`` says how the string found there is read
    (``json``: a document inside a string). With ``value`` set (wrapped in a tuple) the attribute has that constant value
    because the place exists. ``absent`` means the reply shows that the attribute does not exist; it becomes a fact only
    if ``requires`` (an attribute of the same subject that must be known and present) holds.
    ``collection`` marks a value that is the union over a complete page chain of the strings at ``pointer`` items.
    ``whole`` marks a whole document: pages of one chain become one, and an incomplete chain a fact called ``sample`` beside a gap.
    """

    subject: ResourceRef
    attribute: str
    pointer: str = ""
    decode: Literal["", "json"] = ""
    value: tuple[JsonValue] | None = None
    absent: bool = False
    requires: str = ""
    collection: bool = False
    whole: bool = False


class Fact(Frozen):
    """One attribute of one subject as a recorded reply shows it."""

    id: str
    subject: ResourceRef
    attribute: str
    value: JsonValue
    grounding: Grounding
    calls: tuple[str, ...]
    pointer: str
    identity: Identity
    observed_at: str
    cached: bool = False

    @property
    def known_absent(self) -> bool:
        """The thing was looked for and is not there."""
        return self.grounding == "absent"


class FactQuery(Frozen):
    """A fact somebody would need: an attribute of one subject, or of every subject of a kind or native type."""

    subject: ResourceRef | None = None
    kind: str | None = None
    attribute: str

    @property
    def key(self) -> str:
        """Identity of the query as text."""
        return f"{self.subject.key if self.subject else self.kind}#{self.attribute}"


class Gap(Frozen):
    """Something that could not be seen. Never evidence for or against anything."""

    what: str
    subject: ResourceRef | None = None
    attribute: str = ""
    reason: GapReason
    needs: str = ""
    """The permission, option or action that would close it."""
    operation: str = ""
    calls: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    """Causes left open because of it."""
