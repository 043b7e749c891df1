"""What people expect of a schedule, against what it comes to."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope_aws.behaviour.day_parts import offsets, wanted
from nephoscope_aws.behaviour.expected import differs, expectation, firing

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expression", "zone", "missed"),
    [
        ("the report should run every day at 06:00", "cron(0 6 * * ? *)", "UTC", False),
        ("the report should run every day at 06:00", "cron(0 5 * * ? *)", "UTC", True),
        ("the report should run at 6 but runs at 7", "cron(0 7 * * ? *)", "UTC", True),
        ("the report should run at 6 but runs at 7", "cron(0 6 * * ? *)", "UTC", False),
        ("it is supposed to start at 6 pm", "cron(0 18 * * ? *)", "Europe/Berlin", False),
        ("it is supposed to start at 6 pm", "cron(0 6 * * ? *)", "Europe/Berlin", True),
        ("it is supposed to start at 6", "cron(0 18 * * ? *)", "", False),
        ("runs every Monday at 8:30 am", "cron(30 8 ? * MON *)", "UTC", False),
        ("should run on Mondays", "cron(30 8 ? * TUE *)", "UTC", True),
        ("should run on Mondays", "cron(30 8 ? * MON-FRI *)", "UTC", False),
        ("it should run every 5 minutes", "rate(5 minutes)", "UTC", False),
        ("it should run every 5 minutes", "rate(5 hours)", "UTC", True),
        ("it should run every hour", "cron(0 * * * ? *)", "UTC", False),
        ("it should run every hour", "cron(0 2 * * ? *)", "UTC", True),
        ("it came at 7 today", "cron(0 6 * * ? *)", "UTC", False),
        ("it does not run", "cron(0 6 * * ? *)", "UTC", False),
        ("CPU is at 95% every day", "cron(0 6 * * ? *)", "UTC", False),
        ("should run at 06:00", "not a schedule", "UTC", False),
        ("should run at 06:00", "cron(0 5 * * ? *)", "Mars/Olympus", False),
        ("the morning digest turns up at dinner time instead of at breakfast", "cron(0 19 * * ? *)", "Europe/Berlin", True),
        ("the morning digest turns up at dinner time instead of at breakfast", "cron(0 7 * * ? *)", "Europe/Berlin", False),
        ("morning-report comes in the evening", "cron(30 18 * * ? *)", "Europe/Berlin", True),
        ("the nightly backup runs in the morning", "cron(0 9 * * ? *)", "Europe/Berlin", True),
        ("nightly cleanup does not run at night", "cron(30 2 * * ? *)", "Europe/Berlin", False),
        ("nightly cleanup does not run at night", "cron(0 14 * * ? *)", "Europe/Berlin", True),
        ("the menu is mailed at midnight, people want it around noon", "cron(0 0 * * ? *)", "Europe/Berlin", True),
        ("the nightly export fails", "cron(0 14 * * ? *)", "Europe/Berlin", False),
        ("since this morning the evening mail is missing", "cron(0 9 * * ? *)", "Europe/Berlin", False),
        ("the report never comes on saturdays, it should run every day", "cron(0 6 ? * MON-FRI *)", "UTC", True),
        ("the report never comes on weekends", "cron(0 6 ? * MON-FRI *)", "UTC", True),
        ("the report never comes on saturdays, it should run every day", "cron(0 6 * * ? *)", "UTC", False),
        ("the report does not arrive since monday", "cron(0 6 ? * TUE *)", "UTC", False),
        ("it must not run on weekends but it does", "cron(0 6 ? * MON-FRI *)", "UTC", False),
        ("the scheduled function nightly-report does not run any more", "cron(0 14 29 2 ? *)", "UTC", False),
        ("payroll goes out on thursdays, accounting needs it on fridays", "cron(0 17 ? * THU *)", "Europe/Berlin", True),
        ("payroll goes out on thursdays, accounting needs it on fridays", "cron(0 17 ? * FRI *)", "Europe/Berlin", False),
        ("the report should come every day", "cron(0 6 ? * MON-FRI *)", "UTC", True),
        ("it should run every hour", "cron(0 8-17 * * ? *)", "UTC", True),
    ],
)
def test_words_against_schedules(text: str, expression: str, zone: str, missed: bool) -> None:
    real = firing(expression, zone, NOW)
    assert bool(real and differs(expectation(text), real)) is missed


@given(hour=st.integers(0, 23), minute=st.integers(0, 59), zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]))
def test_a_schedule_never_misses_its_own_time(hour: int, minute: int, zone: str) -> None:
    real = firing(f"cron({minute} {hour} * * ? *)", zone, NOW)
    assert real is not None
    assert not differs(expectation(f"it should run every day at {hour:02d}:{minute:02d}"), real)
    assert all((one.hour, one.minute) == (hour, minute) for one in real.times)


def test_one_time_schedules() -> None:
    real = firing("at(2026-11-20T08:00:00)", "Europe/Berlin", NOW)
    assert real is not None
    assert real.once is not None
    assert real.once.astimezone(UTC).hour == 7


@given(st.text(max_size=80))
def test_any_words_can_be_read(text: str) -> None:
    expectation(text)


def test_a_part_of_the_day_is_missed_on_everybodys_clock_or_not_at_all() -> None:
    late = expectation("the morning report comes in the evening")
    real = firing("cron(0 14 * * ? *)", "UTC", NOW)
    assert real is not None
    assert differs(late, real, offsets("eu-west-1")), "14:00 UTC is no morning in Europe"
    assert not differs(late, real, offsets("us-east-1")), "in America it is"
    nine = expectation("the export should run every day at 9:00")
    seven = firing("cron(0 7 * * ? *)", "UTC", NOW)
    assert seven is not None
    assert differs(nine, seven, offsets("eu-west-1"))
    assert not differs(nine, seven, offsets("eu-west-1"), anybodys=True), "nine by the clock on the wall"
    assert differs(nine, seven, offsets("us-east-1"), anybodys=True)
    assert len(offsets("xx-nowhere-1")) > 20


@given(st.text(alphabet="abcdefghinorstuvw ", max_size=60))
def test_any_words_tell_a_part_of_the_day_or_none(text: str) -> None:
    assert wanted(text) <= frozenset(range(24))


def test_a_name_is_no_wish_for_how_often() -> None:
    text = "rule nightly fires but nothing is started"
    assert expectation(text).every
    assert not expectation(text, ["nightly"]).every
