"""Whether one name was meant for another: a slip of the hand, and not the next of a series, another stage or another region."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_BETWEEN = re.compile(r"[-_./:\s]+")
_DIGITS = re.compile(r"\d+")
_SHORT, _LONG, _STUTTERED = 5, 8, 3
"""Letters a word must have for one slip in it, for two, and for a letter written twice."""


def meant(written: str, known: Iterable[str]) -> str:
    """The one known name that differs from the written one by a slip; empty when there is none, or more than one."""
    found = sorted({name for name in known if slip(written, name)})
    return found[0] if len(found) == 1 else ""


def slip(written: str, other: str) -> bool:
    """Other signs between the same words, other case, or one word with a letter or two wrong. Numbers must be the same."""
    if written == other or _DIGITS.findall(written) != _DIGITS.findall(other):
        return False
    left, right = ([word for word in _BETWEEN.split(name.lower()) if word] for name in (written, other))
    if "".join(left) == "".join(right):
        return True
    unlike = [pair for pair in zip(left, right, strict=False) if pair[0] != pair[1]]
    if len(left) != len(right) or len(unlike) != 1:
        return False
    if _stuttered(*unlike[0]) or _stuttered(*reversed(unlike[0])):
        return True
    shorter = min(len(word) for word in unlike[0])
    return shorter >= _SHORT and edits(*unlike[0]) <= (2 if shorter >= _LONG else 1)


def _stuttered(word: str, other: str) -> bool:
    """One letter written twice: nobody calls two things so, however short the word."""
    return len(word) >= _STUTTERED and any(word[:at] + word[at - 1] + word[at:] == other for at in range(1, len(word) + 1))


def edits(left: str, right: str) -> int:
    """Letters to add, drop, change, or exchange with their neighbour (optimal string alignment)."""
    before: Sequence[int] = ()
    row: Sequence[int] = range(len(right) + 1)
    for here, letter in enumerate(left, 1):
        fresh = [here]
        for there, other in enumerate(right, 1):
            cost = min(row[there] + 1, fresh[-1] + 1, row[there - 1] + (letter != other))
            crossed = here > 1 and there > 1 and letter == right[there - 2] and left[here - 2] == other
            fresh.append(min(cost, before[there - 2] + 1) if crossed else cost)
        before, row = row, fresh
    return row[-1]
