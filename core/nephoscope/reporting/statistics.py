"""Many investigations over time: verdicts, calls, repairs, seconds per phase, dollars per concluded investigation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

from pydantic import Field
from rich.table import Table
from rich.text import Text

from nephoscope.models.base import Frozen
from nephoscope.models.record import RunSummary
from nephoscope.reporting.listing import started
from nephoscope.reporting.telling import duration, money
from nephoscope.reporting.text import clean

_FORMATS: Final[Mapping[str, str]] = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}


class PeriodStatistics(Frozen):
    """One period. ``phases``: mean seconds per run and phase; ``usd_per_concluded`` ``None``: none concluded."""

    period: str
    runs: int
    concluded: int
    verdicts: Mapping[str, int] = Field(default_factory=dict)
    median_seconds: float
    calls: int
    repairs: int
    usd: float
    usd_per_concluded: float | None = None
    phases: Mapping[str, float] = Field(default_factory=dict)
    slowest_phase: str = ""


def statistics(runs: Sequence[RunSummary], by: str) -> list[PeriodStatistics]:
    """Statistics per ``day``, ``week`` or ``month``, oldest first."""
    periods: dict[str, list[RunSummary]] = {}
    for run in sorted((one for one in runs if one.kind == "investigation" and one.status != "running"), key=started):
        start = started(run)
        periods.setdefault(start.strftime(_FORMATS[by]) if start.year > 1 else "unknown", []).append(run)
    return [_of(period, group) for period, group in periods.items()]


def _of(period: str, runs: Sequence[RunSummary]) -> PeriodStatistics:
    concluded = [run for run in runs if run.status == "concluded"]
    verdicts: dict[str, int] = {}
    totals: dict[str, float] = {}
    for run in runs:
        verdicts[run.verdict] = verdicts.get(run.verdict, 0) + 1
        for phase, seconds in run.phases.items():
            totals[phase] = totals.get(phase, 0.0) + seconds
    usd = sum(run.usd for run in runs)
    return PeriodStatistics(
        period=period,
        runs=len(runs),
        concluded=len(concluded),
        verdicts=verdicts,
        median_seconds=median(run.seconds for run in runs),
        calls=sum(run.calls for run in runs),
        repairs=sum(run.repairs for run in runs),
        usd=usd,
        usd_per_concluded=usd / len(concluded) if concluded else None,
        phases={phase: total / len(runs) for phase, total in totals.items()},
        slowest_phase=max(totals, key=lambda phase: totals[phase], default=""),
    )


def statistics_table(rows: Sequence[PeriodStatistics]) -> Table:
    """One line per period, the slowest phase named."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("period", "runs", "verdicts", "median", "calls", "repairs", "per concluded", "slowest phase"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        verdicts = ", ".join(f"{count} {verdict.replace('_', ' ')}" for verdict, count in row.verdicts.items())
        slowest = f"{row.slowest_phase} {duration(row.phases[row.slowest_phase])}" if row.slowest_phase else ""
        price = money(row.usd_per_concluded) if row.concluded else "none concluded"
        cells = (row.period, row.runs, verdicts, duration(row.median_seconds), row.calls, row.repairs, price, slowest)
        table.add_row(*(Text(clean(cell)) for cell in cells))
    return table
