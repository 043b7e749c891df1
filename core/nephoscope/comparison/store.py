"""What is known of a comparison: its plan, and each cell that has ended. One row is written when its cell is whole; a kill loses none."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from nephoscope.comparison.cell import Cell, Plan
from nephoscope.comparison.measure import Measure
from nephoscope.comparison.office import run_dir
from nephoscope.comparison.shelf import Shelf
from nephoscope.interfaces import UsageError
from nephoscope.store.cells import SCHEMA, VERSION, Cells, DatabaseCells
from nephoscope.store.file import FileDatabase
from nephoscope.store.lock import hold
from nephoscope.store.team import Team

FILE, LOCK, CELLS = "comparison.db", "lock", "cells"


class ComparisonStore:
    """One folder per comparison: what is known of its cells, and a home of its own for each cell's run. Used from one thread at a time.

    ``cells``: where that is known, a database in the folder or one that is shared; ``shelf``: who does which cell, where several may.
    """

    def __init__(self, folder: Path, cells: Cells, shelf: Shelf | None = None) -> None:
        self.folder = folder
        self.shelf = shelf
        self._cells = cells

    def begin(self, plan: Plan) -> None:
        """Keep what is compared, and when it was begun; once."""
        self._cells.begin(plan.model_dump_json())

    @property
    def started_at(self) -> str:
        return self._cells.started_at

    @property
    def ended_at(self) -> str:
        """When the last cell ended."""
        return self._cells.ended_at

    @property
    def homes(self) -> Path:
        """Where the homes of all cells are."""
        return self.folder / CELLS

    def home(self, cell: Cell) -> Path:
        """Where the run of a cell is kept."""
        return self.homes / cell.key

    def run_dir(self, cell: Cell) -> Path:
        """The record of a cell; the same each time, so that what was paid for is found again."""
        return run_dir(self.home(cell))

    def keep(self, measure: Measure) -> None:
        """A cell is done. Doing it twice counts once: the first word holds."""
        self._cells.keep(measure.cell.key, measure.model_dump_json())

    def done(self) -> dict[str, Measure]:
        """Every cell that has ended, by key. Raises ``UsageError`` for rows that another version wrote."""
        try:
            return {key: Measure.model_validate_json(body) for key, body in self._cells.done().items()}
        except ValidationError as error:
            raise UsageError("what is known of this comparison was written by another version", "begin anew with --fresh") from error

    def close(self) -> None:
        self._cells.close()


@contextlib.contextmanager
def opened(folder: Path, *, fresh: bool = False, team: Team | None = None) -> Iterator[ComparisonStore]:
    """The store in a folder, held while in use; ``fresh`` empties it first. With a ``team``, what is known is known to all of it.

    Raises ``UsageError`` when another process here compares the same, or the folder cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = hold(folder / LOCK)
    except BlockingIOError as error:
        raise UsageError("this comparison is running already", "wait for it, or stop the other process") from error
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}", "set NEPHOSCOPE_HOME to a folder you may write to") from error
    with lock:
        shelf = Shelf(team, folder.name, folder / CELLS) if team else None
        if fresh:
            if shelf:
                shelf.clear()
            shutil.rmtree(folder / CELLS, ignore_errors=True)
            for path in folder.glob(f"{FILE}*"):
                path.unlink()
        store = ComparisonStore(folder, team.cells(folder.name) if team else _cells(folder), shelf)
        try:
            yield store
        finally:
            store.close()


def _cells(folder: Path) -> Cells:
    return DatabaseCells(FileDatabase(folder / FILE, SCHEMA, VERSION))
