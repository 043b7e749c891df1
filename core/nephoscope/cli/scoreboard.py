"""What ``nephoscope bench`` prints: tables that fit a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from nephoscope.comparison.calibration import Calibration
    from nephoscope.comparison.score import Score
    from nephoscope.comparison.steadiness import Steadiness


def show(
    rows: Sequence[Score],
    told: Mapping[str, Mapping[str, int]],
    calibration: Calibration,
    steady: Steadiness | None = None,
    *,
    console: Console | None = None,
    seed: int | None = None,
) -> None:
    """How often it was right, what that took, by mutator where there were any, confidence against outcomes, and what wavered."""
    from rich.console import Console

    console = console or Console()
    console.print(_outcomes(rows))
    console.print()
    console.print(_costs(rows))
    if told:
        console.print()
        console.print(_by_mutator(told))
    console.print()
    console.print(confidence(calibration), highlight=False, soft_wrap=True)
    if steady and steady.questions:
        console.print("\n".join(wavered(steady)), highlight=False, soft_wrap=True, markup=False)
    if seed is not None:
        console.print(f"seed {seed}", highlight=False)


def _table(*columns: str) -> Table:
    """Names to the left, numbers to the right; a long name is broken, a number never."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column(columns[0], overflow="fold")
    for column in columns[1:]:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _outcomes(rows: Sequence[Score]) -> Table:
    table = _table("how right", "trials", "right", "share", "false", "errors", "proven")
    for row in rows:
        table.add_row(
            row.name, str(row.trials), str(row.right), f"{row.accuracy:.1%}", str(row.false_positives), str(row.errors),
            f"{row.proven}/{row.fixes} ({row.proven_share:.0%})",
        )  # fmt: skip
    return table


def _costs(rows: Sequence[Score]) -> Table:
    table = _table("at what cost", "calls", "median", "idle", "seconds", "ungrounded", "mutations")
    for row in rows:
        table.add_row(
            row.name, f"{row.calls:.1f}", f"{row.median_calls:g}", f"{row.idle_share:.0%}", f"{row.seconds:.1f}", str(row.ungrounded),
            str(row.mutations),
        )  # fmt: skip
    return table


def _by_mutator(told: Mapping[str, Mapping[str, int]]) -> Table:
    table = _table("mutator", *next(iter(told.values())))
    for way, counts in told.items():
        table.add_row(way, *map(str, counts.values()))
    return table


def confidence(calibration: Calibration) -> str:
    """One line: with how much confidence causes were told, and how many of them were causes."""
    if not calibration.bands:
        return "confidence: no cause was told"
    bands = ", ".join(f"{one.low:.1f}-{one.high:.1f}: {one.right}/{one.told}" for one in calibration.bands)
    return f"confidence, right of told: {bands}; off by {calibration.error:.2f} on average"


def wavered(steady: Steadiness) -> list[str]:
    """How many questions got the same answer each time, and those that did not."""
    lines = [f"same answer each time: {steady.same} of {steady.questions}"]
    for one in steady.wavering:
        lines.append(f"  {one.scenario}/{one.variant}: " + "; ".join(f"{number} x {answer}" for answer, number in one.answers.items()))
    return lines
