"""What a person says is wrong."""

from __future__ import annotations

from typing import Literal

from nephoscope.models.base import Frozen
from nephoscope.models.call import Read
from nephoscope.models.resource import ResourceRef

Role = Literal["sick", "healthy", "mentioned"]


class Mention(Frozen):
    """A piece of the problem text that may name something. ``native_types`` empty: could be anything."""

    text: str
    native_types: tuple[str, ...] = ()
    start: int = 0
    ref: ResourceRef | None = None
    """Set when the text alone identifies the thing (a full identifier)."""
    exact: bool = True
    """False for a type noun without a name ("our queue")."""
    hint: bool = False
    """The types are only likely ones: those of a service, or of a habit, that is spoken of."""


class Entity(Frozen):
    """A mention matched against the account. Several matches: ambiguous; none: not found in a complete inventory."""

    text: str
    role: Role = "mentioned"
    native_types: tuple[str, ...] = ()
    matches: tuple[ResourceRef, ...] = ()
    named: bool = True
    """False for a type noun alone ("our queue"): nothing is missing when it matches nothing."""
    near: tuple[ResourceRef, ...] = ()
    """Things with nearly that name, where none has exactly it."""
    assumed: bool = False
    """Chosen by us among several, or by a near name; stated as an assumption."""


class Problem(Frozen):
    """The problem as understood. ``symptom`` is one of the symptom classes of ``nephoscope.knowledge.symptoms``."""

    text: str
    symptom: str
    symptoms: tuple[str, ...] = ()
    """Other symptom classes the words also fit, best first."""
    entities: tuple[Entity, ...] = ()
    numbers: tuple[str, ...] = ()
    """Ports and addresses found in the words, as written."""
    actions: tuple[str, ...] = ()
    """Operations found in the words, ``service:Operation`` or verbs as written."""
    onset: str | None = None
    expectations: tuple[str, ...] = ()
    now: str
    witnessed: str = ""
    """What in the account itself says that there is trouble, such as an alarm that rings: health is not claimed against it."""
    elsewhere: tuple[str, ...] = ()
    """Regions that the words name and that are not looked at: what is not found may well be there."""

    def matched(self, *native_types: str) -> tuple[ResourceRef, ...]:
        """Every resource the words name, of the given native types (all types when none is given), in order of mention."""
        found = {ref.key: ref for entity in self.entities for ref in entity.matches if not native_types or ref.native_type in native_types}
        return tuple(found.values())


class Meaning(Frozen):
    """What the words are about, where they name a thing that only speaks of others."""

    of: ResourceRef
    """The thing that speaks of others."""
    about: tuple[ResourceRef, ...] = ()
    words: str = ""
    """What it says of them."""
    witnessed: str = ""
    """How it says so, in a sentence."""
    beside: bool = False
    """Whether the words are about the thing itself as well."""
    reads: tuple[Read, ...] = ()
    """Listings that must be read before it can be told."""
