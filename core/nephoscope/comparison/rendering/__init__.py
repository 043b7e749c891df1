"""A comparison for people and for programs: terminal table, Markdown, CSV, JSON, and one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from nephoscope.comparison.carrying import known_report
from nephoscope.comparison.document import Comparison
from nephoscope.comparison.store import CELLS
from nephoscope.interfaces import UsageError
from nephoscope.models.report import Report

RUNS = "runs"
"""Folder beside the page that holds what is linked."""


def write(comparison: Comparison, folder: Path, tell: Callable[[Report], str]) -> Iterator[Path]:
    """Write the four files, and beside them what ``tell`` makes of each cell's run; each path when it is there.

    Raises ``UsageError`` when the folder cannot be written.
    """
    from nephoscope.comparison.rendering.html import html
    from nephoscope.comparison.rendering.listing import cells_csv
    from nephoscope.comparison.rendering.markdown import markdown

    try:
        links = _runs(comparison, folder, tell)
        texts = {
            "report.html": html(comparison, links),
            "report.md": markdown(comparison),
            "results.csv": cells_csv(comparison),
            "results.json": comparison.model_dump_json(by_alias=True, indent=2) + "\n",
        }
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", errors="replace", newline="")
            yield folder / name
    except OSError as error:
        raise UsageError(f"the report could not be written to {folder}: {error.strerror}", "give --output a folder you may write to") from None


def _runs(comparison: Comparison, folder: Path, tell: Callable[[Report], str]) -> dict[str, str]:
    """Key of a cell → its run in words, relative to the page."""
    (folder / RUNS).mkdir(parents=True, exist_ok=True)
    links: dict[str, str] = {}
    for measure in comparison.cells:
        key = measure.cell.key
        report = known_report(Path(comparison.folder) / CELLS / key / "runs" / f"r-{key}") if comparison.folder else None
        if report is not None:
            links[key] = f"{RUNS}/{key}.txt"
            (folder / links[key]).write_text(tell(report), encoding="utf-8", errors="replace")
    return links
