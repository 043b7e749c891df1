"""How a name stands in a text, and which name a word is nearly."""

from __future__ import annotations

import bisect
import difflib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from nephoscope.knowledge.mentions import compound, is_host
from nephoscope.models import ResourceRef

NEAR = 0.82
"""How alike two names must be (difflib ratio) for a "did you mean"."""
REACH = 100
"""So many names before and behind a word, in the order of the alphabet, may be it misspelt."""


class Row:
    """Names in the order of the alphabet, from the front and from the back: whoever misspells one keeps its beginning or its end."""

    def __init__(self, named: Iterable[tuple[str, ResourceRef]]) -> None:
        pairs = list(named)
        self._all = [ref for _, ref in pairs]
        self._order = [
            sorted((name, index) for index, (name, _) in enumerate(pairs)),
            sorted((name[::-1], index) for index, (name, _) in enumerate(pairs)),
        ]

    def around(self, word: str) -> Iterator[ResourceRef]:
        """What may be the word misspelt; everything where there is not much."""
        if len(self._all) <= 2 * REACH:
            yield from self._all
            return
        chosen: set[int] = set()
        for order, said in zip(self._order, (word, word[::-1]), strict=True):
            place = bisect.bisect_left(order, (said, 0))
            chosen |= {index for _, index in order[max(0, place - REACH) : place + REACH]}
        yield from (self._all[index] for index in sorted(chosen))


_WITHIN = r"(?=/(?:[\w.+=@-]+/)*(?:[\w.+=@-]*\*[\w.*]*|[\w+=@-]+\.[A-Za-z]\w{1,6}\b|(?=\s|\Z)))"
"""Behind the name of a store of files: a path, a file or a pattern in it."""


def occurrences(name: str, text: str, kind: str, *, holds_files: bool = False) -> Iterable[tuple[int, int]]:
    """Where a name stands by itself, as a host in an address, behind its kind (``table/orders``), or before a file that the thing holds."""
    if len(name) < 2 or name.lower() not in text.lower():  # most names of a large account: no pattern is worth making for them
        return
    alone = rf"(?<![A-Za-z0-9_./-]){re.escape(name)}(?![A-Za-z0-9_-]|[./][A-Za-z0-9]|:(?!\d{{1,5}}(?!\w))[A-Za-z0-9])"
    host = rf"(?<=://){re.escape(name)}(?![A-Za-z0-9_-]|\.[A-Za-z0-9])"
    typed = rf"(?<=(?<![A-Za-z]){re.escape(kind.replace('-', ''))}[/:]){re.escape(name)}(?![A-Za-z0-9_.-])" if kind else host
    within = rf"(?<![A-Za-z0-9_./-]){re.escape(name)}{_WITHIN}" if holds_files else host
    pattern = f"{alone}|{host}|{typed}|{within}"
    for match in re.finditer(pattern, text, re.IGNORECASE):
        yield match.span()
    for match in re.finditer(rf"(?<=[/=]){re.escape(name)}(?=[/?&#,;)\s]|\Z)", text):
        if "://" in text[: match.start()].rsplit(maxsplit=1)[-1]:
            yield match.span()


def settles(word: str) -> bool:
    """Whether it is a whole name or none: a host, or one of a row (no part of ``web-7`` names ``web-1``)."""
    return is_host(word) or compound(word) or re.fullmatch(r"[A-Za-z][\w-]*[-_]\d+", word) is not None


def same_number(left: str, right: str) -> bool:
    """The sixth of a row is no misspelt seventh."""
    numbers = re.findall(r"\d+", left), re.findall(r"\d+", right)
    return not all(numbers) or numbers[0] == numbers[1]


def likeness(matcher: difflib.SequenceMatcher[str], name: str) -> float:
    """How alike two names are; nothing where a glance shows that they are not."""
    matcher.set_seq1(name)
    return matcher.ratio() if matcher.real_quick_ratio() >= NEAR and matcher.quick_ratio() >= NEAR else 0.0


@lru_cache(maxsize=65536)
def plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
