"""From a needed fact to the checks that would provide it and were not made yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from nephoscope.interfaces import Estate
from nephoscope.knowledge.templates import LATE, PAGING
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Check, FactQuery, JsonValue, Read
from nephoscope.store import canonical

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
MOST_SUBJECTS = 200
"""A question about every thing of a kind is put to at most so many things one by one."""


def read_key(read: Read) -> str:
    """Identity of a question, whatever page of it."""
    params = {key: value for key, value in read.params.items() if key not in PAGING}
    return canonical([read.cloud, read.alias, read.name, read.region, params])


class Catalog:
    """Who can answer what, given what is known and what was asked."""

    def __init__(self, estates: Mapping[str, Estate], evidence: Evidence, asked: frozenset[str]) -> None:
        self._estates = estates
        self._evidence = evidence
        self._asked = asked

    def checks(self, query: FactQuery) -> list[Check]:
        """Checks that would provide the fact, or a fact needed to ask for it; none when it was tried or nobody can."""
        if query.subject is not None:
            return self._about(query, depth=2)
        listings = [check for estate in self._estates.values() for check in estate.checks(query, self._evidence.identities)]
        fresh = self._fresh(listings)
        if fresh or listings:
            return fresh
        return self._one_by_one(query)

    def _one_by_one(self, query: FactQuery) -> list[Check]:
        """No listing shows it: list the kind, then ask about each."""
        fresh = self._fresh(
            [c for e in self._estates.values() for c in e.checks(query.model_copy(update={"attribute": "complete"}), self._evidence.identities)]
        )
        if fresh:
            return fresh
        subjects = self._evidence.subjects(query.kind or "")[:MOST_SUBJECTS]
        unknown = [ref for ref in subjects if self._evidence.fact(ref, query.attribute) is None]
        return [check for ref in unknown for check in self._about(FactQuery(subject=ref, attribute=query.attribute), depth=1)[:1]]

    def _about(self, query: FactQuery, depth: int) -> list[Check]:
        estate = self._estates.get(query.subject.cloud) if query.subject else None
        if estate is None:
            return []
        found: list[Check] = []
        for check in estate.checks(query, self._evidence.identities):
            missing = [name for read in check.reads for name in _facts_named(dict(read.params)) if self._known(query, name) is None]
            if missing and depth:
                found += self._about(query.model_copy(update={"attribute": missing[0]}), depth - 1)
            elif not missing:
                found.append(self._filled(check, query))
        return self._fresh(found)

    def _known(self, query: FactQuery, attribute: str) -> JsonValue:
        fact = self._evidence.fact(query.subject, attribute) if query.subject else None
        return fact.value if fact and not fact.known_absent else None

    def _filled(self, check: Check, query: FactQuery) -> Check:
        def one(name: str) -> JsonValue:
            return self._known(query, name.removeprefix("fact:")) if name.startswith("fact:") else moment(self._evidence.problem.now, name)

        reads = tuple(read.model_copy(update={"params": _substitute(dict(read.params), one)}) for read in check.reads)
        return check.model_copy(update={"reads": reads})

    def _fresh(self, checks: Sequence[Check]) -> list[Check]:
        fresh = []
        for check in checks:
            reads = tuple(read for read in check.reads if read_key(read) not in self._asked)
            if reads:
                fresh.append(check.model_copy(update={"reads": reads}))
        return sorted(fresh, key=lambda check: len(check.reads))


def moment(now: str, name: str) -> str | int:
    """``now`` or ``now-24h`` as an ISO time in UTC; with ``@ms`` behind it, in milliseconds since 1970."""
    base = datetime.fromisoformat(now.replace("Z", "+00:00"))
    back, _, unit = name.partition("@")
    if back != "now":
        base -= timedelta(**{_UNITS[back[-1]]: int(back[4:-1])})
    return int(base.timestamp() * 1000) if unit else base.strftime("%Y-%m-%dT%H:%M:%SZ")


def _facts_named(value: JsonValue) -> list[str]:
    return [name.removeprefix("fact:") for name in LATE.findall(canonical(value)) if name.startswith("fact:")]


def _substitute(value: JsonValue, one: Callable[[str], JsonValue]) -> JsonValue:
    """A string that is one placeholder takes the value's own type."""
    if isinstance(value, str):
        whole = LATE.fullmatch(value)
        return one(whole[1]) if whole else LATE.sub(lambda match: str(one(match[1])), value)
    if isinstance(value, list):
        return [_substitute(member, one) for member in value]
    if isinstance(value, dict):
        return {key: _substitute(member, one) for key, member in value.items()}
    return value
