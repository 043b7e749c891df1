"""Claims judged over facts: predicates evaluated by code, names in prose looked up. What a planner may say of itself, and what the gate believes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import jmespath
from jmespath.exceptions import JMESPathError

from nephoscope.models import Claim, Fact, JsonValue, Predicate, Problem, ResourceRef
from nephoscope.store import canonical

SAMPLE = "sample"
"""Attribute of a document of which not every page was read: it shows what is there, never what is not, nor how much."""
PART = "~="
"""In the id of a part of a document: the document's id, this, and the path."""
MOST_PATH = 500


class Known(Protocol):
    """What claims are judged over."""

    @property
    def problem(self) -> Problem: ...
    def all_facts(self) -> Sequence[Fact]: ...
    def by_id(self, fact_id: str) -> Fact | None: ...


def failing(claim: Claim, known: Known, spoken: Callable[[str], bool] = lambda _: False) -> str:
    """Why the claim does not stand; empty when every predicate holds and every name is known. ``spoken``: words that are no names of things."""
    if not claim.predicates or not claim.resources:
        return "no condition or no resource was given"
    strange = [*strangers(f"{claim.title}\n{claim.prose}\n{claim.advice}", known, spoken), *_unknown(claim.resources, known)]
    if strange:
        return f"names {strange[0]}, which no fact shows"
    if not any(_about(one, claim, known) for one in claim.predicates):
        return "none of its conditions is about a resource it names"
    broken = next((one for one in claim.predicates if not holds(one, known)), None)
    return f"its condition on {broken.fact}{f' at {broken.path}' if broken.path else ''} does not hold" if broken else ""


def _about(predicate: Predicate, claim: Claim, known: Known) -> bool:
    """Whether the fact belongs to a resource of the claim, or speaks of one."""
    fact = known.by_id(predicate.fact)
    if fact is None:
        return False
    said = f"{fact.subject.native_id}\n{canonical(fact.value)}"
    return any(ref.key == fact.subject.key or ref.native_id in said or (len(ref.name) > 2 and ref.name in said) for ref in claim.resources)


def holds(predicate: Predicate, known: Known) -> bool:
    """Evaluate a predicate over facts; a fact that is not there makes it false."""
    fact = known.by_id(predicate.fact)
    if fact is None:
        return False
    found, value = _value(fact, predicate.path)
    if predicate.is_ in ("absent", "present"):
        told = found is not None and not (predicate.is_ == "absent" and fact.attribute == SAMPLE)
        return told and found == (predicate.is_ == "present")
    if not found:
        return False
    other = known.by_id(predicate.other) if predicate.other else None
    if predicate.is_ == "same_as" or (predicate.other and other is None):
        return other is not None and not other.known_absent and canonical(other.value) == canonical(value)
    return _compared(predicate, value, other.value if other else predicate.value)


def _compared(predicate: Predicate, value: JsonValue, against: JsonValue) -> bool:
    if predicate.is_ in ("equals", "not_equals"):
        return (canonical(value) == canonical(against)) == (predicate.is_ == "equals")
    if predicate.is_ == "contains":
        return _contains(value, against)
    if predicate.is_ == "in":
        return isinstance(against, list) and value in against
    if predicate.is_ == "matches":
        return isinstance(value, str) and _matches(str(against), value)
    if not isinstance(value, int | float) or not isinstance(against, int | float):
        return False
    return bool(value < against * predicate.times if predicate.is_ == "lt" else value > against * predicate.times)


def _contains(value: JsonValue, against: JsonValue) -> bool:
    if isinstance(value, list):
        return canonical(against) in map(canonical, value)
    return isinstance(value, str) and isinstance(against, str) and bool(against) and against in value


def look(value: JsonValue, path: str) -> JsonValue:
    """JMESPath into a recorded value. Raises ``ValueError`` with what is wrong with the path."""
    if len(path) > MOST_PATH:
        raise ValueError("the path is too long")
    try:
        found: JsonValue = jmespath.search(path, value) if path else value
    except (JMESPathError, ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"the path {path!r} is no JMESPath for this value: {' '.join(str(error).split())[:200]}") from error
    return found


def _value(fact: Fact, path: str) -> tuple[bool | None, Any]:
    """Whether anything is there, and what; ``None`` where the path cannot tell."""
    if fact.known_absent:
        return False, None
    if not path:
        return True, fact.value
    if fact.attribute == SAMPLE and _COUNTS.search(path):
        return None, None
    try:
        value = look(fact.value, path)
    except ValueError:
        return None, None
    return None if _constant(path, value) else value is not None, value


def _constant(path: str, value: JsonValue) -> bool:
    """Whether the path gives the same of nothing at all: a literal says nothing of the document."""
    empty: tuple[JsonValue, ...] = (None, {}, [])
    return value is not None and any(_same(path, nothing, value) for nothing in empty)


def _same(path: str, nothing: JsonValue, value: JsonValue) -> bool:
    try:
        return canonical(look(nothing, path)) == canonical(value)
    except ValueError:
        return False


_COUNTS = re.compile(r"\b(?:length|sum|avg|max|min|max_by|min_by|not_null)\s*\(|!")
_COSTLY = re.compile(r"\)[*+{]|(?:[*+{].*){3}", re.DOTALL)


def _matches(pattern: str, value: str) -> bool:
    """Patterns come from models: broken ones match nothing, nor do those that could take forever."""
    try:
        return not _COSTLY.search(pattern) and re.search(pattern, value) is not None
    except re.error:
        return False


_IDENTIFIER = re.compile(
    r"\b(?:[\w-]+:){3,}[\w/:.*-]+|\b[a-z]{1,4}-[0-9a-f]{8,17}\b|(?<=[\"'`“‘])[\w./:-]{3,}(?=[\"'`”’])"
    r"|\b\d{9,}\b|\b\d{1,3}(?:\.\d{1,3}){3}\b|\b\w+_\w+\b|\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])\w+(?:-\w+)+\b"
)


def strangers(prose: str, known: Known, spoken: Callable[[str], bool] = lambda _: False) -> list[str]:
    """Identifiers in the words that neither a fact nor the problem shows."""
    named = dict.fromkeys(name.rstrip(".:,;") for name in _IDENTIFIER.findall(prose))
    return [name for name in named if not occurs(name, known) and not spoken(name)]


def occurs(name: str, known: Known) -> bool:
    """Whether the problem's words or any fact hold the name."""
    if name in known.problem.text:
        return True
    return any(name in fact.subject.native_id or name == fact.subject.name or name in canonical(fact.value) for fact in known.all_facts())


def _unknown(resources: Sequence[ResourceRef], known: Known) -> Iterator[str]:
    """Resources that neither a fact nor the problem is about, and that no recorded value names in full."""
    keys = {fact.subject.key for fact in known.all_facts()} | {ref.key for ref in known.problem.matched()}
    return (ref.native_id for ref in resources if ref.key not in keys and not (ref.kind == "unknown" and named(ref.native_id, known)))


def named(text: str, known: Known) -> bool:
    """Whether a string of a recorded value is exactly this, or the problem's words hold it as a word."""
    if not text:
        return False
    if re.search(rf"(?<![\w-]){re.escape(text)}(?![\w-])", known.problem.text):
        return True
    return any(text == leaf for fact in known.all_facts() for leaf in leaves(fact.value))


def leaves(value: JsonValue) -> Iterator[str]:
    """Every string in a value, keys not."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from leaves(member)
    elif isinstance(value, list):
        for member in value:
            yield from leaves(member)
