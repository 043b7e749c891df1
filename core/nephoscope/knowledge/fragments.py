"""Names spoken loosely: in several words, misspelt, or by a part alone."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import lru_cache

from nephoscope.knowledge.mentions import COMMON, STOPWORDS
from nephoscope.models import Mention, ResourceRef

LONGEST = 6
"""So many words may make one name."""
MOST_HOLDERS = 200
"""A word that so many names share tells none of them from the others."""
MOST_WORDS = 60
"""So many different words of a text are looked for in names."""
ALIKE = 0.8
"""How alike two words must be to be one of them misspelt."""
_ENVIRONMENTS = frozenset("staging stage stg dev develop development test testing tst qa uat sandbox preprod demo".split())
"""Whoever complains without naming one of these means the real thing."""
Spoken = Sequence[tuple[int, str]]
"""Words with their offsets."""


@lru_cache(maxsize=32768)
def tokens(name: str) -> tuple[str, ...]:
    """The words a name is made of, in lower case: ``acme-ordersIn_2`` → acme, orders, in, 2."""
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name)
    return tuple(word.lower() for word in re.findall(r"[^\W_]+", parted))


@lru_cache(maxsize=32768)
def stem(word: str) -> str:
    """What is left of a word without its ending, so that "processed" meets "processor"."""
    word = re.sub(r"'s$", "", word.lower())
    word = re.sub(r"ies$", "y", word) if len(word) > 4 else word
    word = re.sub(r"(?<=[^s])s$", "", word)
    shorter = re.sub(r"(ing|ed|er|or|ions?|ment)$", "", word)
    word = shorter if len(shorter) >= 4 else word
    return re.sub(r"e$", "", word) if len(word) > 4 else word


def alike(left: str, right: str) -> bool:
    """Whether two words are the same one, or one of them is misspelt."""
    if stem(left) == stem(right):
        return True
    if min(len(left), len(right)) < 5 or re.sub(r"\D", "", left) != re.sub(r"\D", "", right):
        return False
    return difflib.SequenceMatcher(None, stem(left), stem(right)).ratio() >= ALIKE


class Names:
    """The names of an account's things, by the words they are made of. ``more``: other words that belong to a thing, such as its tags;
    ``also``: other names that it goes by."""

    def __init__(
        self,
        refs: Iterable[ResourceRef],
        more: Callable[[ResourceRef], Iterable[str]] = lambda _: (),
        also: Callable[[ResourceRef], Iterable[str]] = lambda _: (),
    ) -> None:
        self._plain: dict[str, list[ResourceRef]] = {}
        self._holders: dict[str, dict[str, ResourceRef]] = {}
        self._words: dict[str, tuple[str, ...]] = {}
        for ref in refs:
            parts = tokens(ref.label)
            for name in {parts, *(tokens(other) for other in also(ref))}:
                if len(name) > 1:
                    self._plain.setdefault("".join(name), []).append(ref)
            self._words[ref.key] = parts
            for word in (*parts, *(token for text in more(ref) for token in tokens(text))):
                self._holders.setdefault(stem(word), {})[ref.key] = ref

    def spans(self, spoken: Spoken) -> Iterator[tuple[int, int, tuple[ResourceRef, ...], bool]]:
        """Words that together say a whole name: the first and the last, what is called so, and whether to the letter. The longest first."""
        for count in range(min(LONGEST, len(spoken)), 0, -1):
            for first in range(len(spoken) - count + 1):
                said = [word for _, full in spoken[first : first + count] for word in tokens(full)]
                fit = self._plain.get("".join(said), []) if len("".join(said)) >= 6 else []
                if fit:
                    yield first, first + count - 1, tuple(fit), count > 1
                elif count > 1 and not {spoken[first][1].lower(), spoken[first + count - 1][1].lower()} & STOPWORDS:
                    near = self._misspelt(said)
                    if near:
                        yield first, first + count - 1, near, False

    def _misspelt(self, said: Sequence[str]) -> tuple[ResourceRef, ...]:
        holders = [self._holders.get(stem(word), {}) for word in said]
        rarest = min((one for one in holders if one), key=len, default={})
        if len(said) < 2 or len(rarest) > MOST_HOLDERS:
            return ()
        pool = {key: ref for key, ref in rarest.items() if len(self._words[key]) == len(said)}
        return tuple(ref for key, ref in pool.items() if all(map(alike, said, self._words[key])))

    def parts(self, said: Iterable[str], native_types: Sequence[str] = (), *, around: str = "") -> tuple[tuple[ResourceRef, ...], tuple[str, ...]]:
        """What shares most words with those said, and the words shared. ``around``: the whole text, for the environment it speaks of."""
        met: dict[str, set[str]] = {}
        refs: dict[str, ResourceRef] = {}
        by: dict[str, dict[str, str]] = {}
        for word in list(dict.fromkeys(said))[:MOST_WORDS]:
            for holder in self._matching(word):
                for key, ref in self._holders[holder].items():
                    if not native_types or ref.native_type in native_types:
                        refs[key] = ref
                        met.setdefault(key, set()).add(holder)
                        by.setdefault(key, {})[holder] = word
        if not met:
            return (), ()
        best = max((len(found), self._rarity(found)) for found in met.values())
        top = [refs[key] for key, found in met.items() if (len(found), self._rarity(found)) >= (best[0], best[1] - 1e-9)]
        real = _meant(top, around)
        return tuple(real), tuple(dict.fromkeys(by[real[0].key].values()))

    def _matching(self, word: str) -> list[str]:
        if word.lower() in STOPWORDS or stem(word) in _COMMON_STEMS or len(word) < 3:
            return []
        own = stem(word)
        if own in self._holders:
            return [own]
        if len(own) < 5:
            return []
        return difflib.get_close_matches(own, [one for one in self._holders if abs(len(one) - len(own)) < 3 and one[:1] == own[:1]], 1, 0.84)

    def _rarity(self, found: Iterable[str]) -> float:
        return sum(1.0 / len(self._holders[one]) for one in found)


def of_that_name(word: str, start: int, refs: tuple[ResourceRef, ...], shared: Sequence[str], said: Iterable[Mention]) -> tuple[ResourceRef, ...]:
    """Those of the things that share words with one that was said which may be meant by it.

    A name of several words, written as one, that shares only half of them with a thing names another thing, unless the rest says its kind. And what
    is called by its service is one of its things, not whatever has the word in its name.
    """
    own = set(tokens(word))
    around = [one for one in said if one.start <= start < one.start + len(one.text)]
    hinted = {kind for one in around if one.hint for kind in one.native_types}
    if len(own) == len(shared) == 1:
        return tuple(ref for ref in refs if ref.native_type in hinted) if hinted else refs
    if not re.search(r"\w[-_.]\w", word) or 2 * len(own & set(shared)) > len(own):
        return refs
    kinds = {kind for one in around if one.start == start for kind in one.native_types}
    return tuple(ref for ref in refs if ref.native_type in kinds)


_COMMON_STEMS = frozenset(map(stem, COMMON))


def _meant(refs: Sequence[ResourceRef], around: str) -> list[ResourceRef]:
    """Without those of an environment that nobody spoke of, unless nothing else is left."""
    spoken = set(tokens(around)) & _ENVIRONMENTS
    real = [ref for ref in refs if spoken or not set(tokens(ref.label)) & _ENVIRONMENTS] or list(refs)
    said = set(tokens(around))
    return [ref for ref in real if not any(_continues(ref, other, said) for other in real)]


def _continues(ref: ResourceRef, other: ResourceRef, said: Set[str]) -> bool:
    """Whether a thing is called like another of its kind and something more, which nobody said: the manifest inbox is not manifest-inbox-v1."""
    whole, part = tokens(ref.label), tokens(other.label)
    longer = len(part) > 1 and len(whole) > len(part) and whole[: len(part)] == part
    return ref.native_type == other.native_type and longer and said.isdisjoint(whole[len(part) :])


_BEHIND = frozenset("for of with called named".split())


def qualifiers(spoken: Spoken, text: str, first: int, last: int, nouns: Mapping[int, object]) -> list[str]:
    """The words that tell which one is meant by the noun from ``first`` to ``last``: those before it, or after "for" and its like."""
    before: list[str] = []
    for index in range(first - 1, max(-1, first - 5), -1):
        start, word = spoken[index]
        gap = text[start + len(word) : spoken[index + 1][0]]
        if word.lower() in STOPWORDS or index in nouns or gap.strip(" \"'`“”‘’-"):
            break
        before.insert(0, word)
    behind: list[str] = []
    if last + 2 < len(spoken) and spoken[last + 1][1].lower() in _BEHIND:
        rest = [word for _, word in spoken[last + 2 : last + 6]]
        behind = [word for word in rest if word.lower() not in STOPWORDS][:2]
    return [*before, *behind]
