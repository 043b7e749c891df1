"""Selecting and counting investigations."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nephoscope.interfaces.errors import UsageError
from nephoscope.models.record import RunSummary
from nephoscope.reporting.listing import select, when
from nephoscope.reporting.statistics import statistics


def run(id: str, started_at: str = "2026-11-22T10:00:00+00:00", **fields: object) -> RunSummary:
    return RunSummary.model_validate({"id": id, "problem": "uploads stop", "started_at": started_at, "status": "concluded", **fields})


RUNS = [
    run("r-3", "2026-11-23T08:00:00+00:00", status="waiting", clouds=("sky",)),
    run("r-2", "2026-11-22T10:00:00+00:00", causes=("sky.queue.closed",), verdict="confirmed", clouds=("sky", "sea")),
    run("r-1", "2026-11-20T23:59:00+00:00", problem="Cannot connect", clouds=("sea",)),
    run("r-0", "someday", clouds=("sea",)),
]


@pytest.mark.parametrize(
    ("wish", "ids"),
    [
        ({}, ["r-3", "r-2", "r-1", "r-0"]),
        ({"status": "waiting"}, ["r-3"]),
        ({"cloud": "sea"}, ["r-2", "r-1", "r-0"]),
        ({"text": "CONNECT"}, ["r-1"]),
        ({"text": "queue"}, ["r-2"]),
        ({"since": "2026-11-22"}, ["r-3", "r-2"]),
        ({"since": "2026-11-20", "until": "2026-11-22T10:00"}, ["r-1"]),
        ({"cloud": "sky", "until": "2026-11-23"}, ["r-2"]),
    ],
)
def test_select(wish: dict[str, str], ids: list[str]) -> None:
    assert [each.id for each in select(RUNS, **wish)] == ids


def test_when_reads_dates_times_and_ages() -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    assert when("12h", now) == datetime(2026, 11, 24, tzinfo=UTC)
    assert when("2d", now) == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert when("2026-11-20T08:00+02:00") == datetime(2026, 11, 20, 6, tzinfo=UTC)


@pytest.mark.parametrize("text", ["yesterday", "", "30", "99999999d", "2026-13-01"])
def test_an_unreadable_time_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="no time"):
        when(text)


def test_statistics_per_day_name_the_slowest_phase() -> None:
    runs = [
        run("a", seconds=10, calls=4, usd=0.02, repairs=1, verdict="confirmed", phases={"plan": 1.0, "execute": 3.0}),
        run("b", seconds=20, calls=6, usd=0.04, status="budget_exhausted", phases={"plan": 1.0, "execute": 5.0}),
        run("c", "2026-11-21T10:00:00+00:00", seconds=5, phases={"validate": 2.0}, status="failed"),
    ]
    first, second = statistics(runs, "day")
    assert (first.period, first.concluded, first.usd_per_concluded, first.slowest_phase) == ("2026-11-21", 0, None, "validate")
    assert (second.runs, second.calls, second.repairs, second.median_seconds) == (2, 10, 1, 15)
    assert second.usd_per_concluded == pytest.approx(0.06)
    assert second.phases == {"plan": 1.0, "execute": 4.0}
    assert second.slowest_phase == "execute"
    assert second.verdicts == {"confirmed": 1, "inconclusive": 1}


@pytest.mark.parametrize(("by", "periods"), [("week", ["unknown", "2026-W47", "2026-W48"]), ("month", ["unknown", "2026-11"])])
def test_statistics_group_by_longer_periods(by: str, periods: list[str]) -> None:
    assert [row.period for row in statistics(RUNS, by)] == periods
