"""Reading facts while noting which were used and which are missing."""

from __future__ import annotations

from dataclasses import dataclass, field

from nephoscope.interfaces import FactView
from nephoscope.models import FactQuery, JsonValue, ResourceRef


@dataclass
class Lens:
    """A view through which one question looks. ``known`` of an attribute is false while no fact tells."""

    view: FactView
    because: dict[str, None] = field(default_factory=dict)
    needs: dict[str, FactQuery] = field(default_factory=dict)

    def look(self, subject: ResourceRef, attribute: str) -> tuple[bool, JsonValue]:
        """Whether the attribute is known, and its value (``None`` when it is known to be absent)."""
        fact = self.view.fact(subject, attribute)
        if fact is None:
            query = FactQuery(subject=subject, attribute=attribute)
            self.needs[query.key] = query
            return False, None
        self.because[fact.id] = None
        return True, None if fact.known_absent else fact.value

    def text(self, subject: ResourceRef, attribute: str) -> tuple[bool, str]:
        """The same for text; empty when absent."""
        known, value = self.look(subject, attribute)
        return known, value if isinstance(value, str) else ""

    def texts(self, subject: ResourceRef, attribute: str) -> tuple[bool, tuple[str, ...]]:
        """The same for a list of texts."""
        known, value = self.look(subject, attribute)
        return known, tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()

    def want(self, kind: str, attribute: str) -> None:
        """Note that an attribute of everything of a type is missing."""
        query = FactQuery(kind=kind, attribute=attribute)
        self.needs[query.key] = query

    def absorb(self, other: Lens) -> None:
        """Take over what another lens noted."""
        self.because |= other.because
        self.needs |= other.needs
