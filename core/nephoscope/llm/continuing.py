"""Replies that were cut off: how a model is asked to go on, and how the pieces are put together again, exactly or not at all.

The reply is cut back to a place that can be named, the words before it (which occur once) are quoted, and the model is asked to begin
with a mark and those words. Mark and words show where the pieces meet. Without the mark every way of joining is kept in mind, and at the
end the reply counts only where exactly one of them gives something whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MARK = "[[continued]]"
MOST_ROUNDS = 8
_LEAST_ANCHOR = 24
_MOST_ANCHOR = 1_200
_MOST_LOST = 400
"""So many characters at the end of a cut-off reply may be asked for once more."""
_LEAST_RESTART, _LIKELY_OVERLAP = 40, 12
MOST_READINGS = 24
_FENCE = re.compile(r"\A\s*```[\w+-]*[ \t]*\n")

Whole = Callable[[str], bool]
"""Whether a text is complete in itself: code that parses, JSON that closes."""


@dataclass(frozen=True)
class Cut:
    """A cut-off reply: ``kept`` ends with ``anchor``, which occurs nowhere else in it; ``lost`` is what is asked for once more."""

    kept: str
    anchor: str
    lost: str

    @property
    def text(self) -> str:
        """All of it as it came."""
        return self.kept + self.lost

    @property
    def instruction(self) -> str:
        """What the model is told."""
        return (
            f"Your reply was cut off. Go on with it. Begin with {MARK} on a line of its own, then repeat exactly these last characters of it, "
            f"and go on from there without any other words:\n{self.anchor}"
        )


def cut(text: str) -> Cut | None:
    """Where a cut-off reply can be taken up again; ``None`` when no place in it can be named."""
    text = text.rstrip("\ufffd")
    for place in _places(text):
        kept = text[:place]
        anchor = _anchor(kept)
        if anchor:
            return Cut(kept, anchor, text[place:])
    return None


class Pieces:
    """A reply that comes in pieces: what it may be so far, the likeliest first."""

    def __init__(self, text: str) -> None:
        self._readings = [text]
        self._sure = True

    @property
    def text(self) -> str:
        """The likeliest reading."""
        return self._readings[0]

    def place(self) -> Cut | None:
        """Where it can be taken up; ``None`` when nowhere."""
        return cut(self.text)

    def add(self, place: Cut, more: str) -> bool:
        """Take in the next piece. False when it does not fit anywhere."""
        _, mark, after = more.partition(MARK)
        if mark:
            joined = [_after_anchor(each, after.removeprefix("\r").removeprefix("\n")) for each in self._places(place)]
            self._readings = list(dict.fromkeys(text for text in joined if text is not None))
        else:
            self._sure = False
            guesses = [guess for each in self._places(place) for guess in _guesses(each, more)]
            self._readings = list(dict.fromkeys(guesses))[:MOST_READINGS]
        return bool(self._readings)

    def whole(self, whole: Whole) -> str | None:
        """The reply, now that nothing more comes; ``None`` when it may be several, or none."""
        if self._sure and len(self._readings) == 1:
            return self.text
        found = {text.strip(): text for text in self._readings if whole(text)}
        return next(iter(found.values())) if len(found) == 1 else None

    def _places(self, place: Cut) -> Iterator[Cut]:
        """The same place in every reading that ends alike."""
        for text in self._readings:
            bare = text.rstrip("\ufffd")
            if bare.endswith(place.anchor + place.lost):
                yield Cut(bare[: len(bare) - len(place.lost)], place.anchor, place.lost)


def _places(text: str) -> Iterator[int]:
    """After the last line that is whole, or else the very end."""
    least = max(0, len(text) - _MOST_LOST)
    newline = text.rfind("\n", least)
    if newline >= 0:
        yield newline + 1
    yield len(text)


def _anchor(kept: str) -> str:
    """The shortest end of the text, from the beginning of a line where possible, that occurs once; empty when there is none."""
    start = len(kept) - _LEAST_ANCHOR
    while start > -_LEAST_ANCHOR:
        line = kept.rfind("\n", 0, max(0, start)) + 1
        begin = line if len(kept) - line <= _MOST_ANCHOR else max(0, start)
        anchor = kept[begin:]
        if len(anchor) > _MOST_ANCHOR:
            return ""
        if anchor.strip() and kept.find(anchor) == begin:
            return anchor
        if begin == 0:
            return ""
        start = begin - 1
    return ""


def _after_anchor(cut: Cut, after: str) -> str | None:
    """What stands behind the anchor, appended. Blanks before it and a code fence opened once more do not matter."""
    for text in (after, _FENCE.sub("", after, count=1)):
        for skipped in (text, text.lstrip(" \t\n")):
            for anchor in (cut.anchor, cut.anchor.lstrip(" \t\n")):
                if anchor and skipped.startswith(anchor):
                    return cut.kept + skipped[len(anchor) :]
                if anchor.rstrip("\n") == skipped:
                    return cut.kept
    return None


def _guesses(cut: Cut, more: str) -> Iterator[str]:
    """The ways in which models go on when they do not do as told, the likeliest first."""
    if len(cut.text) >= _LEAST_RESTART and more.startswith(cut.text[:_LEAST_RESTART]):
        yield more
        return
    first, _, rest = more.partition("\n")
    told = [rest] if first.rstrip().endswith(":") else []
    for text in dict.fromkeys((*told, _FENCE.sub("", more, count=1), more)):
        overlap = _overlap(cut.text, text)
        if overlap >= _LIKELY_OVERLAP:
            yield cut.text + text[overlap:]
        yield cut.text + text
        if 0 < overlap < _LIKELY_OVERLAP:
            yield cut.text + text[overlap:]
        if cut.lost:
            yield cut.kept + text
        anchored = _after_anchor(cut, text)
        if anchored is not None:
            yield anchored
        yield text


def _overlap(text: str, more: str) -> int:
    """How much of the beginning of the second is the end of the first."""
    most = min(len(text), len(more), _MOST_ANCHOR)
    return next((size for size in range(most, 0, -1) if text.endswith(more[:size])), 0)
