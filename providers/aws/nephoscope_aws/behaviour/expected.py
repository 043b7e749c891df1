"""When people say something should run, and when a schedule in its own dialect really does."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from nephoscope_aws.behaviour.day_parts import wanted
from nephoscope_aws.delivery.schedules import Cron, NotASchedule, Rate, parse

_CLOCK = re.compile(r"\b(?:at|by|around)\s+(\d{1,2})(?::(\d{2}))?\s*(a\.?m\.?|p\.?m\.?)?(?![\d%])|\b(\d{1,2}):(\d{2})\b", re.IGNORECASE)
_WANTED = re.compile(
    r"\b(should|supposed|expected|must|meant|has to|needs?|wants?|wanted|scheduled|every|each|daily|nightly|weekly)\b", re.IGNORECASE
)
_REALLY = re.compile(r"\b(but|instead|actually|in fact|now|came|ran|fired|started|runs (only )?(at|on)|yet)\b", re.IGNORECASE)
_EVERY = re.compile(r"\bevery\s+(?:(\d+)\s+)?(minute|hour|day)s?\b|(?<![\w-])(hourly|daily|nightly)(?![\w-])", re.IGNORECASE)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SEVERAL = {"weekend": (5, 6), "weekday": range(5), "working day": range(5), "workday": range(5)}
_DAY = re.compile(rf"\b({'|'.join((*_DAYS, *_SEVERAL))})s?\b", re.IGNORECASE)
_NAME = rf"(?:{'|'.join((*_DAYS, *_SEVERAL))})s?"
_ON = rf"\b(?:on|at|over|every) (?:the )?{_NAME}\b(?:\s*(?:,|and|or|&)\s*(?:on )?{_NAME}\b)*"
_LACKING = re.compile(rf"(\b(?:not|never|no longer|nothing|missing|skip\w*)\b|n['’]t\b)[^.;!?,]*?({_ON})", re.IGNORECASE)
"""What is complained of not to happen is wanted."""
_UNWANTED = re.compile(
    r"\b(?:should|must|may|shall|supposed|meant|expected|ought)(?: to| it)?(?: is| does| do)?(?: not| never|n['’]t)\b", re.IGNORECASE
)
_AT = re.compile(r"at\(\s*(\S+?)\s*\)\Z")
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
LOOK_AHEAD = 14
"""Fire times that are compared with what is expected."""


@dataclass(frozen=True)
class Expectation:
    """What the words want: times of the day (each with its readings), days of the week (0 is Monday), a distance, a part of the day."""

    clocks: tuple[frozenset[tuple[int, int]], ...] = ()
    weekdays: frozenset[int] = frozenset()
    every: timedelta | None = None
    hours: frozenset[int] = frozenset()
    """Of a part of the day."""

    @property
    def said(self) -> bool:
        """Whether the words want anything of a schedule at all."""
        return bool(self.clocks or self.weekdays or self.every or self.hours)


def expectation(text: str, names: Iterable[str] = ()) -> Expectation:
    """Read what should be; what is said to really happen is left out. ``names``: of a thing called ``nightly`` nobody wants that it runs so often."""
    wishes = [part for part in _clauses(text) if _WANTED.search(part) and not _UNWANTED.search(part)]
    clocks = tuple(clock for part in wishes for match in _CLOCK.finditer(part) if (clock := _clock(match)))
    lacking = [match[2] for match in _LACKING.finditer(text) if not _UNWANTED.search(text[: match.end(1)])]
    days = frozenset(day for part in (*wishes, *lacking) for match in _DAY.finditer(part) for day in _weekdays(match[1].lower()))
    called = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in names) or r"(?!)", re.IGNORECASE)
    every = next((match for part in wishes if (match := _EVERY.search(called.sub("it", part)))), None)
    return Expectation(clocks, days, _distance(every) if every and not clocks and not days else None, frozenset() if clocks else wanted(text))


def _weekdays(word: str) -> Iterable[int]:
    return _SEVERAL[word] if word in _SEVERAL else (_DAYS.index(word),)


def _clauses(text: str) -> Iterator[str]:
    """Stretches of the text, ended where it turns to what really happens."""
    for sentence in re.split(r"[;!?\n]|\.(?!\d)|,", text):
        turn = _REALLY.search(sentence)
        yield sentence[: turn.start()] if turn and _WANTED.search(sentence[: turn.start()]) else sentence if not turn else ""


def _clock(match: re.Match[str]) -> frozenset[tuple[int, int]]:
    hour, minute, half = int(match[1] or match[4]), int(match[2] or match[5] or 0), (match[3] or "").lower().replace(".", "")
    if hour > 23 or minute > 59:
        return frozenset()
    if half:
        return frozenset({(hour % 12 + (12 if half == "pm" else 0), minute)})
    exact = match[2] is not None or match[4] is not None or hour > 12 or hour == 0
    return frozenset({(hour, minute)}) if exact else frozenset({(hour, minute), ((hour + 12) % 24, minute)})


def _distance(match: re.Match[str]) -> timedelta:
    if match[3]:
        return timedelta(hours=1) if match[3].lower() == "hourly" else timedelta(days=1)
    return int(match[1] or 1) * _UNITS[match[2].lower()]


@dataclass(frozen=True)
class Firing:
    """A schedule worked out: its next times in its own zone, or its distance."""

    times: tuple[datetime, ...] = ()
    every: timedelta | None = None
    once: datetime | None = None


def firing(expression: str, zone: str, now: datetime) -> Firing | None:
    """What a ``cron``, ``rate`` or ``at`` expression comes to after ``now``; ``None`` where it cannot be read."""
    try:
        where = ZoneInfo(zone) if zone and zone != "UTC" else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return None
    local = now.astimezone(where)
    single = _AT.match(expression.strip())
    if single:
        try:
            return Firing(once=datetime.fromisoformat(single[1]).replace(tzinfo=where))
        except ValueError:
            return None
    try:
        schedule = parse(expression)
    except NotASchedule:
        return None
    return Firing(every=schedule.every) if isinstance(schedule, Rate) else Firing(times=tuple(_times(schedule, local)))


def _times(schedule: Cron, local: datetime) -> Iterator[datetime]:
    at = local.replace(tzinfo=None)
    for _ in range(LOOK_AHEAD):
        following = schedule.next_after(at)
        if following is None:
            return
        yield following.replace(tzinfo=local.tzinfo)
        at = following


def differs(expected: Expectation, real: Firing, offsets: Sequence[int] = (0,), *, anybodys: bool = False) -> str:
    """How the schedule misses what is wanted, in words; empty where it does not, or where that cannot be told.

    ``offsets``: hours by which the clocks people go by may be ahead of the schedule's; a part of the day must be missed by all of them,
    with ``anybodys`` a time of the day too.
    """
    if real.every is not None:
        return f"it runs every {told(real.every)}" if expected.every and expected.every != real.every else ""
    if not real.times:
        return ""
    at, days = {(one.hour, one.minute) for one in real.times}, {one.weekday() for one in real.times}
    told_as = {((hour + ahead) % 24, minute) for hour, minute in at for ahead in offsets} if anybodys else at
    missed = [clock for clock in expected.clocks if not clock & told_as]
    asleep = expected.hours and not any((hour + ahead) % 24 in expected.hours for hour, _ in at for ahead in offsets)
    if (missed and len(missed) == len(expected.clocks)) or asleep:
        return f"it runs at {_clocks(at)}"
    return f"it runs on {_named(days)}" if expected.weekdays - days else _too_seldom(expected, real)


def _too_seldom(expected: Expectation, real: Firing) -> str:
    gaps = {after - before for before, after in itertools.pairwise(real.times)}
    if not expected.every or len(real.times) <= 2 or max(gaps) <= expected.every:
        return ""
    days = {one.weekday() for one in real.times}
    uneven = f"it runs on {_named(days)}" if len(days) < len(_DAYS) else f"it runs at {_clocks({(one.hour, one.minute) for one in real.times})}"
    return f"it runs every {told(max(gaps))}" if len(gaps) == 1 else uneven


def _named(days: Iterable[int]) -> str:
    return ", ".join(_DAYS[day].capitalize() for day in sorted(days))


def _clocks(at: Sequence[tuple[int, int]] | set[tuple[int, int]]) -> str:
    return ", ".join(f"{hour:02d}:{minute:02d}" for hour, minute in sorted(at)[:4])


def told(distance: timedelta) -> str:
    """A distance in words."""
    seconds = int(distance.total_seconds())
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds % size == 0 and seconds >= size:
            return f"{seconds // size} {unit}{'s' if seconds > size else ''}"
    return f"{seconds} seconds"
