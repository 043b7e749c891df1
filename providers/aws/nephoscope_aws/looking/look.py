"""Reading facts with a memory: what was seen becomes the grounds of a finding, what is missing its needs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nephoscope.interfaces import FactView
from nephoscope.models import Fact, FactQuery, Finding, Holds, JsonValue, ResourceRef, Supposition
from nephoscope_aws.delivery.content import UNKNOWN
from nephoscope_aws.iam.truth import Truth

__all__ = ["HIDDEN", "UNKNOWN", "Look", "hidden", "mend", "rows"]
HIDDEN = "‹redacted:"
"""How a value begins that was hidden before it came to us."""


def hidden(value: object) -> bool:
    """Whether a part of a value that decides is hidden: then nobody may judge by it."""
    return HIDDEN in json.dumps(value, ensure_ascii=False, default=str)


def rows(value: object) -> list[Mapping[str, Any]]:
    """The entries of a list that are objects; none where it is no list, or not known."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


class Look:
    """One question being answered."""

    def __init__(self, view: FactView) -> None:
        self.view = view
        self._seen: dict[str, None] = {}
        self._wanted: dict[str, FactQuery] = {}

    def value(self, subject: ResourceRef, attribute: str) -> object:
        """The value; ``None`` when it is known to be absent; ``UNKNOWN`` while nobody has looked."""
        fact = self.view.fact(subject, attribute)
        if fact is None:
            self.want(FactQuery(subject=subject, attribute=attribute))
            return UNKNOWN
        return self.use(fact)

    def use(self, fact: Fact) -> JsonValue:
        """Count a fact among the grounds and give its value."""
        self._seen[fact.id] = None
        return None if fact.known_absent else fact.value

    def cite(self, fact_ids: Iterable[str]) -> None:
        """Count facts that were read elsewhere among the grounds."""
        self._seen |= dict.fromkeys(fact_ids)

    def want(self, query: FactQuery) -> None:
        """Note what would have to be known."""
        self._wanted[query.key] = query

    def exists(self, ref: ResourceRef) -> Truth:
        """Whether a thing is there."""
        value = self.value(ref, "exists")
        return None if value is UNKNOWN else bool(value)

    def strings(self, subject: ResourceRef, attribute: str) -> tuple[str, ...] | None:
        """A list of identifiers; ``None`` while it is not known."""
        value = self.value(subject, attribute)
        if value is UNKNOWN:
            return None
        return tuple(str(one) for one in value) if isinstance(value, Sequence) and not isinstance(value, str) else ()

    def number(self, subject: ResourceRef, attribute: str) -> float | None:
        """A number, also when it is written as text; ``None`` when it is not known, or not there."""
        value = self.value(subject, attribute)
        try:
            return float(str(value))
        except ValueError:
            return None

    def take(self, other: Look) -> None:
        """Make another look's grounds and needs one's own."""
        self._seen |= other._seen
        self._wanted |= other._wanted

    @property
    def because(self) -> tuple[str, ...]:
        """Ids of the facts seen."""
        return tuple(self._seen)

    @property
    def needs(self) -> tuple[FactQuery, ...]:
        """Facts that were missing."""
        return tuple(self._wanted.values())

    @property
    def askable(self) -> tuple[FactQuery, ...]:
        """Needs that nobody has tried to meet in vain."""
        return tuple(need for need in self._wanted.values() if not self._tried(need))

    def _tried(self, need: FactQuery) -> bool:
        """A kind's gap is the gap of its inventory."""
        if need.subject is not None:
            return self.view.gap(need.subject, need.attribute) is not None
        return any(gap.attribute == need.attribute and gap.subject is not None and gap.subject.name == need.kind for gap in self.view.gaps)

    def finding(
        self,
        cause: str,
        subject: ResourceRef,
        truth: Truth,
        *,
        note: str = "",
        details: Mapping[str, JsonValue] | None = None,
        suppose: Iterable[Supposition] = (),
        on_path: bool = True,
    ) -> Finding:
        """What the look came to: a possible cause, judged."""
        holds: Holds = "unknown" if truth is None else "yes" if truth else "no"
        return Finding(
            cause=cause,
            subject=subject,
            holds=holds,
            because=self.because,
            needs=self.needs if truth is None else (),
            on_path=on_path,
            suppose=tuple(suppose) if truth else (),
            details=details or {},
            note=note,
        )

    def observation(self, name: str, subject: ResourceRef, truth: Truth, note: str) -> Finding:
        """What the look came to: something that must be seen in order."""
        return self.finding(name, subject, truth, note=note).model_copy(update={"role": "observation"})


def mend(subject: ResourceRef, attribute: str, value: object) -> Supposition:
    """A fact as it would read without the fault; ``None`` for absent."""
    return Supposition.model_validate({"subject": subject, "attribute": attribute, "value": value, "absent": value is None})
