"""The comparison on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nephoscope.comparison.document import Comparison
from nephoscope.comparison.rendering import say

if TYPE_CHECKING:
    from rich.console import Console


def render(comparison: Comparison, console: Console) -> None:
    """The table, what the numbers say of each, and what cannot be told apart."""
    from rich.table import Table
    from rich.text import Text

    console.print(say.summary(comparison))
    table = Table("tier", "", "right", "of", "false", "calls", "steps", "scripts", "USD each", "p50 s", "lift", box=None, pad_edge=False)
    for row in comparison.rows:
        lift = say.points(row.lift.difference) if row.lift else "–"
        table.add_row(
            str(row.tier), Text(row.label, overflow="fold"), say.share(row.success), str(row.cells), str(row.false_claims), f"{row.calls:.1f}",
            f"{row.steps:.1f}", say.scripts(row), say.each(row), say.seconds(row.p50), lift,
        )  # fmt: skip
    console.print(table)
    for row in comparison.rows:
        for mark, sentences in (("+", row.strengths), ("-", row.weaknesses)):
            for sentence in sentences:
                console.print(f"  {mark} {row.label}: {sentence}", soft_wrap=True)
    for pair in comparison.pairs:
        console.print(f"  {say.compared(pair)}", soft_wrap=True)
    if comparison.judge:
        for line in say.judge(comparison.judge):
            console.print(f"  {line}", soft_wrap=True)
        for label, marks in comparison.judge.sound.items():
            shares = ", ".join(f"{name} {say.share(interval)}" for name, interval in marks.items())
            console.print(f"  prose of {label}: sound in {shares}, of {comparison.judge.told[label]}", soft_wrap=True)
    for note in say.notes(comparison):
        console.print(f"  ! {note}", soft_wrap=True)
