"""The replay of an alarm, over made-up points."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope_aws.behaviour.alarms import REVERSED, Arithmetic, replay, spacing

PERIOD = 60


def alarm(**changes) -> Arithmetic:
    return Arithmetic(**{"comparison": "GreaterThanThreshold", "threshold": 10.0, "period": PERIOD, **changes})


def run(arithmetic: Arithmetic, *values: float | None):
    points = {index * PERIOD: value for index, value in enumerate(values) if value is not None}
    return replay(arithmetic, points, 0, len(values) * PERIOD)


@pytest.mark.parametrize(
    ("changes", "values", "fired"),
    [
        ({}, (1, 11, 1), 1),
        ({}, (1, 10, 1), 0),
        ({"comparison": "GreaterThanOrEqualToThreshold"}, (1, 10, 1), 1),
        ({"comparison": "LessThanThreshold"}, (11, 9, 11, 9), 2),
        ({"evaluated": 3, "needed": 3}, (11, 11, 1, 11, 11), 0),
        ({"evaluated": 3, "needed": 2}, (11, 1, 11, 1, 1), 1),
        ({"evaluated": 2, "needed": 2, "missing": "breaching"}, (1, None, None, 1), 1),
        ({"evaluated": 2, "needed": 2, "missing": "notBreaching"}, (11, None, 11, None), 0),
        ({"missing": "missing"}, (1, None, None, 1), 0),
        ({"missing": "ignore"}, (11, None, None, 1), 1),
    ],
)
def test_when_it_goes_off(changes, values, fired) -> None:
    assert run(alarm(**changes), *values).fired == fired


def test_without_any_point_it_knows_nothing_or_goes_off_for_that_very_reason() -> None:
    assert set(run(alarm(), None, None, None).states) == {"INSUFFICIENT_DATA"}
    assert set(run(alarm(missing="breaching"), None, None).states) == {"ALARM"}
    assert set(run(alarm(missing="notBreaching"), None, None).states) == {"OK"}


def test_runs_and_gaps_are_counted() -> None:
    seen = run(alarm(evaluated=5, needed=5), None, None, 11, 11, None, None, None, 11, 1)
    assert (seen.longest_run, seen.longest_gap, seen.points, seen.breaching, seen.fired) == (2, 3, 4, 3, 0)


@given(st.lists(st.one_of(st.none(), st.floats(-50, 50)), min_size=1, max_size=40), st.integers(1, 5), st.data())
def test_laws(values, evaluated, data) -> None:
    needed = data.draw(st.integers(1, evaluated))
    made = alarm(evaluated=evaluated, needed=needed)
    seen = run(made, *values)
    assert len(seen.states) == max(0, len(values) - evaluated + 1)
    if seen.fired:
        assert seen.breaching >= needed, "without enough bad points nothing goes off"
    wanting_less = run(alarm(evaluated=1, needed=1), *values)
    assert bool(wanting_less.fired) == (wanting_less.breaching > 0)
    if all(value is not None for value in values):
        treatments = {
            run(alarm(evaluated=evaluated, needed=needed, missing=name), *values).states
            for name in ("missing", "breaching", "notBreaching", "ignore")
        }
        assert len(treatments) == 1, "where nothing is missing its treatment is all one"
    turned = alarm(comparison=REVERSED[made.comparison])
    assert not any(value is not None and made.breaches(value) and turned.breaches(value) for value in values)


def test_how_far_points_lie_apart() -> None:
    assert spacing({0: 1, 300: 1, 600: 1, 960: 1}) == 300
    assert spacing({0: 1, 300: 1}) is None
