"""A metric alarm's arithmetic, run again over recorded points."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

State = Literal["ALARM", "OK", "INSUFFICIENT_DATA", "KEPT"]
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
REVERSED = {
    "GreaterThanOrEqualToThreshold": "LessThanOrEqualToThreshold",
    "GreaterThanThreshold": "LessThanThreshold",
    "LessThanThreshold": "GreaterThanThreshold",
    "LessThanOrEqualToThreshold": "GreaterThanOrEqualToThreshold",
}


@dataclass(frozen=True)
class Arithmetic:
    """What decides about an alarm's state. ``period`` in seconds; ``needed`` of the last ``evaluated`` periods must breach."""

    comparison: str
    threshold: float
    period: int
    evaluated: int = 1
    needed: int = 1
    missing: str = "missing"

    @property
    def upwards(self) -> bool:
        """Whether high values breach."""
        return self.comparison.startswith("Greater")

    @property
    def known(self) -> bool:
        """Whether this is a comparison with a fixed threshold; bands of anomaly detection are not."""
        return self.comparison in _COMPARISONS

    def breaches(self, value: float) -> bool:
        """Whether one point is on the wrong side."""
        return _COMPARISONS[self.comparison](value, self.threshold)


@dataclass(frozen=True)
class Replay:
    """What the arithmetic came to, period by period."""

    states: tuple[State, ...]
    points: int
    breaching: int
    longest_run: int
    """Most periods in a row that breach."""
    longest_gap: int
    """Most periods in a row without a point, between the first point and the end."""

    @property
    def fired(self) -> int:
        """How often it would have gone into ALARM."""
        return sum(1 for before, after in zip(("OK", *self.states), self.states, strict=False) if after == "ALARM" and before != "ALARM")

    @property
    def share_in_alarm(self) -> float:
        """Part of the time in ALARM."""
        return sum(one == "ALARM" for one in self.states) / len(self.states) if self.states else 0.0


def replay(arithmetic: Arithmetic, points: Mapping[int, float], start: int, end: int) -> Replay:
    """Run the alarm from ``start`` to ``end`` (epoch seconds) over points keyed by the second their period begins."""
    period = arithmetic.period
    slots = range(start - start % period, end - period + 1, period)
    values = [points.get(slot) for slot in slots]
    marks = [None if value is None else arithmetic.breaches(value) for value in values]
    states: list[State] = []
    for index in range(arithmetic.evaluated - 1, len(marks)):
        state = _state(arithmetic, marks[index - arithmetic.evaluated + 1 : index + 1])
        states.append((states[-1] if states else "OK") if state == "KEPT" else state)
    first = next((index for index, value in enumerate(values) if value is not None), len(values))
    return Replay(
        states=tuple(states),
        points=sum(value is not None for value in values),
        breaching=sum(mark is True for mark in marks),
        longest_run=_run(marks, True),
        longest_gap=_run(marks[first:], None),
    )


def _state(arithmetic: Arithmetic, window: list[bool | None]) -> State:
    absent, breaching, fine = window.count(None), window.count(True), window.count(False)
    if arithmetic.missing == "breaching":
        breaching += absent
    elif arithmetic.missing == "notBreaching":
        fine += absent
    elif absent == len(window):
        return "KEPT" if arithmetic.missing == "ignore" else "INSUFFICIENT_DATA"
    if breaching >= arithmetic.needed:
        return "ALARM"
    return "OK" if fine > len(window) - arithmetic.needed else "KEPT"


def _run(marks: list[bool | None], wanted: bool | None) -> int:
    best = here = 0
    for mark in marks:
        here = here + 1 if mark is wanted else 0
        best = max(best, here)
    return best


def spacing(points: Mapping[int, float]) -> int | None:
    """The usual distance between points in seconds; ``None`` for fewer than four."""
    moments = sorted(points)
    gaps = sorted(after - before for before, after in itertools.pairwise(moments))
    return gaps[len(gaps) // 2] if len(gaps) >= 3 else None
