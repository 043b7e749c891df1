"""Schedule expressions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope_aws.delivery.schedules import Cron, NotASchedule, Rate, parse

NOW = datetime(2026, 11, 24, 10, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 3 * * ? *)", datetime(2026, 11, 25, 3, 0, tzinfo=UTC)),
        ("cron(0/15 * * * ? *)", datetime(2026, 11, 24, 10, 15, tzinfo=UTC)),
        ("cron(0 18 ? * MON-FRI *)", datetime(2026, 11, 24, 18, 0, tzinfo=UTC)),
        ("cron(0 8 1 * ? *)", datetime(2026, 12, 1, 8, 0, tzinfo=UTC)),
        ("cron(0 8 L * ? *)", datetime(2026, 11, 30, 8, 0, tzinfo=UTC)),
        ("cron(0 8 29 2 ? *)", datetime(2028, 2, 29, 8, 0, tzinfo=UTC)),
        ("cron(0 8 ? * 6L *)", datetime(2026, 11, 27, 8, 0, tzinfo=UTC)),
        ("cron(0 8 ? * 3#1 *)", datetime(2026, 12, 1, 8, 0, tzinfo=UTC)),
        ("cron(0 8 28W * ? *)", datetime(2026, 11, 27, 8, 0, tzinfo=UTC)),
        ("cron(0 8 * * ? 2020-2025)", None),
        ("cron(0 8 30 2 ? *)", None),
    ],
)
def test_next_firing(expression, expected):
    schedule = parse(expression)
    assert isinstance(schedule, Cron)
    assert schedule.next_after(NOW) == expected


def test_rates():
    assert parse("rate(1 hour)") == Rate(timedelta(hours=1))
    assert parse("rate(5 minutes)").fires_between(NOW - timedelta(hours=1), NOW)
    assert not parse("rate(2 days)").fires_between(NOW - timedelta(hours=24), NOW)


@pytest.mark.parametrize(
    "text", ["", "rate(1 fortnight)", "cron(* * * * *)", "cron(0 3 * * * *)", "cron(0 3 ? * ? *)", "cron(99 3 * * ? *)", "cron(a b c d ? e)"]
)
def test_nonsense_is_refused(text):
    with pytest.raises(NotASchedule):
        parse(text)


@given(st.integers(0, 59), st.integers(0, 23))
def test_the_next_firing_lies_ahead_and_within_a_day(minute, hour):
    following = parse(f"cron({minute} {hour} * * ? *)").next_after(NOW)
    assert NOW < following <= NOW + timedelta(days=1)
    assert (following.minute, following.hour) == (minute, hour)
