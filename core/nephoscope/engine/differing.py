"""What differs between two sets of facts, and whether typed changes name all of it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nephoscope.models import Change, Fact, Finding, JsonValue, ResourceRef, Supposition, texts
from nephoscope.store import canonical

Facts = Mapping[tuple[str, str], Fact]
"""By the subject's key and the attribute."""
_VOLATILE = re.compile(r"(time|date|modified|revision|etag|updated|created|token|reason|progress|messages?|default_version)[\w.]*$", re.IGNORECASE)
"""Members that tell when and how something was changed last: any change moves them."""
HIDDEN = "‹redacted:"
"""How what stands for a cut-out string begins: what it was, nobody here knows."""
MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]|$)")


def by_place(facts: Sequence[Fact]) -> dict[tuple[str, str], Fact]:
    """Facts as they are looked up here; the last word counts."""
    return {(fact.subject.key, fact.attribute): fact for fact in facts}


@dataclass(frozen=True)
class Leaf:
    """One scalar, or one whole member, that is there on one side only or differs."""

    path: tuple[str, ...]
    before: JsonValue
    after: JsonValue
    had: bool = True
    has: bool = True


def leaves(before: JsonValue, after: JsonValue, path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Where two values differ. Members of lists are matched by what they are, not by where they stand."""
    if canonical(before) == canonical(after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            if key not in before:
                yield Leaf((*path, key), None, after[key], had=False)
            elif key not in after:
                yield Leaf((*path, key), before[key], None, has=False)
            else:
                yield from leaves(before[key], after[key], (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _members(before, after, path)
    else:
        yield Leaf(path, before, after, had=before is not None, has=after is not None)


def _members(before: list[JsonValue], after: list[JsonValue], path: tuple[str, ...]) -> Iterator[Leaf]:
    gone, come = list(before), []
    for member in after:
        same = next((one for one in gone if canonical(one) == canonical(member)), None)
        if same is None:
            come.append(member)
        else:
            gone.remove(same)
    if len(gone) == len(come) and all(isinstance(one, dict) for one in (*gone, *come)):
        for left, right in zip(gone, come, strict=True):
            yield from leaves(left, right, (*path, "*"))
        return
    yield from (Leaf((*path, "*"), one, None, has=False) for one in gone)
    yield from (Leaf((*path, "*"), None, one, had=False) for one in come)


class Named:
    """What a set of changes says: whom they are about, and which values they set."""

    def __init__(self, changes: Sequence[Change], cause: Finding, given: Sequence[str] = (), incidental: re.Pattern[str] | None = None) -> None:
        self._incidental = incidental
        self._supposed: dict[tuple[str, str], Supposition] = {(one.subject.key, one.attribute): one for one in cause.suppose}
        self._values = {word for change in changes for word in _words(dict(change.params))} | {word.lower() for word in given}
        self._changes = changes
        self._made: dict[str, ResourceRef] = {}
        self._subjects: set[str] = set()

    def strays(self, before: Facts, after: Facts) -> list[str]:
        """What differs although no change names it: ``attribute of subject``, each once."""
        gone = {key for (key, attribute), fact in before.items() if attribute == "exists" and fact.known_absent}
        known, found = {key for key, _ in before} - gone, []
        self._made = self._new(after, known)
        self._subjects = {part for fact in (*before.values(), *after.values()) for part in _parts(fact.subject)}
        for place in dict.fromkeys((*before, *after)):
            old, new = before.get(place), after.get(place)
            fact = new or old
            assert fact is not None  # noqa: S101 - it stands in one of them
            named = place[0] in self._made if place[0] not in known else self._fits(place, old, new) or self._bare(fact)
            if not named:
                found.append(f"{fact.attribute} of {fact.subject.label}")
        return list(dict.fromkeys(found))

    def _new(self, after: Facts, known: Collection[str]) -> dict[str, ResourceRef]:
        """Things that only came with the changes, and of which something is named."""
        made: dict[str, ResourceRef] = {}
        for (key, _), fact in after.items():
            if key not in known and any(self._says(text) for text in (fact.subject.native_id, fact.subject.name, *_words(fact.value))):
                made[key] = fact.subject
        return made

    def _fits(self, place: tuple[str, str], old: Fact | None, new: Fact | None) -> bool:
        one = self._supposed.get(place)
        if one is not None and _alike(None if one.absent else one.value, _value(new)):
            return True
        return all(self._explains(leaf, place[1]) for leaf in leaves(_value(old), _value(new)))

    def _explains(self, leaf: Leaf, attribute: str) -> bool:
        if _VOLATILE.search(leaf.path[-1] if leaf.path else attribute) or all(
            not there or (isinstance(value, str) and MOMENT.match(value)) for there, value in ((leaf.had, leaf.before), (leaf.has, leaf.after))
        ):
            return True
        if leaf.path and self._incidental and self._incidental.fullmatch(leaf.path[-1]):
            return True  # nobody sets it: it came with what is named
        name = (leaf.path[-1] if leaf.path else attribute).lower()
        if isinstance(leaf.after, bool) and any(word.endswith(name) for word in self._values):
            return True
        words = _words(leaf.after if leaf.has else leaf.before)
        if leaf.had and leaf.has:
            return all(self._says(word) for word in words) or not words
        return any(self._says(word) for word in words) or not words

    def _says(self, word: str) -> bool:
        """Named as it is, by its last part, or as something that the changes made."""
        known = {word.lower(), re.split(r"[:/#]", word.lower())[-1]}
        made = {part for one in self._made.values() for part in _parts(one)}
        return bool(word) and bool(known & (self._values | made))

    def _bare(self, fact: Fact) -> bool:
        """A change that tells nothing but whom it is about is about all of it."""
        own = _parts(fact.subject)
        for change in self._changes:
            said = {re.split(r"[:/#]", word.lower())[-1] for word in texts(dict(change.params))}
            if said and said & own and len(said) >= len(change.params) and said <= self._subjects:
                return True
        return False


def _parts(ref: ResourceRef) -> set[str]:
    """Everything a thing may be called by."""
    words = {ref.native_id.lower(), ref.name.lower()}
    return {part for word in words for part in (word, *re.split(r"[:/#]", word)) if part}


def _alike(supposed: JsonValue, value: JsonValue) -> bool:
    """Whether it reads as it was supposed to; a service adds members of its own, such as labels, but no entries to a list."""
    if isinstance(supposed, dict) and isinstance(value, dict):
        return all(_alike(member, value.get(key)) for key, member in supposed.items())
    if isinstance(supposed, list) and isinstance(value, list) and len(supposed) == len(value):
        return all(any(_alike(one, other) for other in value) for one in supposed)
    if isinstance(supposed, str) and supposed.startswith(HIDDEN):
        return isinstance(value, str)
    if isinstance(supposed, str) and isinstance(value, str) and MOMENT.match(supposed) and MOMENT.match(value):
        return True
    return canonical(supposed) == canonical(value) or (supposed in (None, "", [], {}) and value in (None, "", [], {}))


def _value(fact: Fact | None) -> JsonValue:
    return None if fact is None or fact.known_absent else fact.value


def _words(value: JsonValue) -> set[str]:
    """Every scalar in a value as lower-case text, documents inside strings included; names of members count, where a value is a yes."""
    if isinstance(value, dict):
        return {word for key, member in value.items() for word in _words(member) | ({key.lower()} if member is True else set())}
    if isinstance(value, list):
        return {word for member in value for word in _words(member)}
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return _words(json.loads(value))
        except ValueError:
            pass
    if value is None:
        return set()
    return {str(value).lower()}
