"""Times of the day as people say them: "the morning report comes in the evening"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

Hours = frozenset[int]


def _span(first: int, last: int) -> Hours:
    """Hours of the day, over midnight where the last comes before the first."""
    return frozenset(hour % 24 for hour in range(first, (last if last >= first else last + 24) + 1))


_PARTS: Mapping[str, Hours] = {
    r"mornings?|breakfast(?: time)?|dawn|sunrise|morgens|first thing": _span(4, 11),
    r"noon|midday|lunch(?: ?time|es)?|mittags": _span(10, 14),
    r"afternoons?|tea ?time|nachmittags": _span(12, 18),
    r"evenings?|dinner(?: ?time)?|supper(?: ?time)?|sunset|end of (?:the )?(?:business )?day|close of business|abends": _span(16, 23),
    r"midnight": _span(22, 2),
    r"nights?|nightly|overnight|nachts|small hours|middle of the night": _span(19, 7),
}
"""Words for a part of the day, and the hours that anybody would call so."""
_ANY = "|".join(_PARTS)
_AT = r"(?:(?:only |late |early )?(?:in|at|around|by|before|over|during|every|each) (?:the )?(?:late |early |very )?)"
_COMES = r"(?:com|arriv|turn|run|ran|fir|start|land|appear|show|execut|happen|trigger|sen[dt]|goes|go|went|gets?|got|came|kick|is|are|was)\w*"
_INSTEAD = re.compile(rf"\b(?:instead of|rather than|not|and never|but not) {_AT}?(?:the )?({_ANY})\b", re.IGNORECASE)
_SHOULD = re.compile(
    rf"\b(?:should|supposed|expected|must|meant|has to|have to|ought|needs? to|wants?|wanted|scheduled|due)\b[^.;!?,]{{0,60}}?\b({_ANY})\b(?![-_]\w)",
    re.IGNORECASE,
)
_FAILS_TO = re.compile(rf"(?:\b(?:not|never|no longer)|n['’]?t) (?:\w+ ){{0,2}}?{_COMES}(?: \w+){{0,2}}? {_AT}({_ANY})\b", re.IGNORECASE)
_REALLY = re.compile(rf"\b{_COMES}(?: (?!not\b|instead\b|rather\b)[\w:]+){{0,5}}? {_AT}({_ANY})\b", re.IGNORECASE)
_CALLED = re.compile(
    rf"(?<!this )(?<!in the )(?<!at )(?<!every )(?<!last )\b({_ANY})[ _-]"
    r"(?!(?:and|but|we|it|i|the|in|at|on|is|of|to|time|nothing|nobody)\b)[a-z]",
    re.IGNORECASE,
)
_AT_WRONG_TIMES = re.compile(
    r"\b(?:(?:wrong|odd|strange|unexpected|different|other|funny) (?:times?|hours?|moments?|parts? of the day)|hours (?:late|early|off))\b",
    re.IGNORECASE,
)


def wanted(text: str) -> Hours:
    """The hours at which something is said to be due; empty where the words do not say, or say that it is so.

    What a thing is called ("the nightly export") is a wish only where the words tell that it comes at another time.
    """
    said = _all(_INSTEAD, text) | _all(_SHOULD, text) | _all(_FAILS_TO, text)
    if said:
        return said
    called, really = _all(_CALLED, text), _all(_REALLY, text)
    return called - really if not really <= called or _AT_WRONG_TIMES.search(text) else frozenset()


def _all(pattern: re.Pattern[str], text: str) -> Hours:
    return frozenset(hour for match in pattern.finditer(text) for hour in _hours(match[1]))


def _hours(word: str) -> Iterator[int]:
    for names, hours in _PARTS.items():
        if re.fullmatch(names, word, re.IGNORECASE):
            yield from hours


_OFFSETS: Mapping[str, tuple[int, int]] = {
    "us-east": (-5, -4), "us-west": (-8, -7), "us": (-8, -4), "ca": (-8, -3), "mx": (-8, -5),
    "sa": (-5, -2), "eu": (0, 3), "af": (0, 3), "me": (2, 4), "il": (2, 3),
    "ap-south-": (5, 6), "ap-southeast": (7, 13), "ap-northeast": (8, 10), "ap": (5, 13), "cn": (8, 8),
}  # fmt: skip
"""How far the clocks of those who live near a region are ahead of UTC, in summer or winter."""


def offsets(region: str) -> tuple[int, ...]:
    """Hours by which people's clocks may differ from UTC where a thing stands; all there are where that is not known."""
    low, high = next((span for name, span in _OFFSETS.items() if region.startswith(name)), (-11, 13))
    return tuple(range(low, high + 1))
