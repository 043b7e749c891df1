"""Schedule expressions: ``rate(…)`` and six-field ``cron(…)`` in UTC."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

_RATE = re.compile(r"rate\(\s*(\d+)\s+(minute|hour|day)s?\s*\)\Z")
_CRON = re.compile(r"cron\(\s*(\S+\s+\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s*\)\Z")
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_RANGES = {"minute": (0, 59), "hour": (0, 23), "day": (1, 31), "month": (1, 12), "weekday": (1, 7), "year": (1970, 2199)}
_HORIZON = 366 * 5


class NotASchedule(ValueError):
    """The expression is in neither dialect."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so often, counted from an unknown start."""

    every: timedelta

    def fires_between(self, start: datetime, end: datetime) -> bool:
        """Whether it surely fires in the window."""
        return end - start >= self.every


@dataclass(frozen=True, slots=True)
class Cron:
    """Sets of the values at which it fires; day and weekday as written, for they may hold ``L``, ``W`` and ``#``."""

    minutes: frozenset[int]
    hours: frozenset[int]
    day: str
    months: frozenset[int]
    weekday: str
    years: frozenset[int]

    def next_after(self, moment: datetime) -> datetime | None:
        """The first firing after a moment; ``None`` when there is none within five years."""
        day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
        for _ in range(_HORIZON):
            if self._on(day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        at = day.replace(hour=hour, minute=minute)
                        if at > moment:
                            return at
            day += timedelta(days=1)
        return None

    def fires_between(self, start: datetime, end: datetime) -> bool:
        """Whether it fires in the window."""
        following = self.next_after(start)
        return following is not None and following <= end

    def _on(self, day: datetime) -> bool:
        if day.month not in self.months or day.year not in self.years:
            return False
        return _day_matches(self.day, day) if self.weekday == "?" else _weekday_matches(self.weekday, day)


def parse(expression: str) -> Rate | Cron:
    """Read an expression. Raises :class:`NotASchedule`."""
    rate = _RATE.match(expression.strip())
    if rate:
        return Rate(timedelta(**{f"{rate[2]}s": int(rate[1])}))
    cron = _CRON.match(expression.strip())
    if not cron:
        raise NotASchedule(expression)
    minute, hour, day, month, weekday, year = cron[1].upper().split()
    if (day == "?") == (weekday == "?"):
        raise NotASchedule("exactly one of day of month and day of week must be ?")
    return Cron(_set(minute, "minute"), _set(hour, "hour"), day, _set(month, "month", _MONTHS), weekday, _set(year, "year"))


def _set(text: str, field: str, names: dict[str, int] | None = None) -> frozenset[int]:
    low, high = _RANGES[field]
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            start, stop = low, high
        else:
            start = _number(first, names)
            stop = _number(last, names) if dash else (high if step else start)
        if not low <= start <= high or not low <= stop <= high or (step and not step.isdigit()):
            raise NotASchedule(text)
        found.update(range(start, stop + 1, int(step or 1) or 1))
    return frozenset(found)


def _number(text: str, names: dict[str, int] | None) -> int:
    if names and text in names:
        return names[text]
    if not text.isdigit():
        raise NotASchedule(text)
    return int(text)


def _day_matches(text: str, day: datetime) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    if text == "L":
        return day.day == last
    if text.endswith("W") and text[:-1].isdigit():
        return day.day == _nearest_weekday(day, min(int(text[:-1]), last), last)
    return day.day in _set(text, "day")


def _nearest_weekday(day: datetime, wanted: int, last: int) -> int:
    weekday = day.replace(day=wanted).weekday()
    if weekday == 5:
        return wanted - 1 if wanted > 1 else wanted + 2
    if weekday == 6:
        return wanted + 1 if wanted < last else wanted - 2
    return wanted


def _weekday_matches(text: str, day: datetime) -> bool:
    number = (day.weekday() + 1) % 7 + 1
    if "#" in text:
        which, _, nth = text.partition("#")
        return number == _number(which, _DAYS) and (day.day - 1) // 7 + 1 == _number(nth, None)
    if text.endswith("L") and len(text) > 1:
        last = calendar.monthrange(day.year, day.month)[1]
        return number == _number(text[:-1], _DAYS) and day.day + 7 > last
    return (text == "L" and number == 7) or (text != "L" and number in _set(text, "weekday", _DAYS))
