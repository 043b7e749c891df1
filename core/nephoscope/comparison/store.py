"""What is known of a comparison: its plan, and each cell that has ended. One row is written when its cell is whole; a kill loses none."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from nephoscope.comparison.cell import Cell, Plan
from nephoscope.comparison.measure import Measure
from nephoscope.comparison.office import run_dir
from nephoscope.interfaces import UsageError
from nephoscope.store.ledger import now
from nephoscope.store.lock import hold
from nephoscope.store.sqlite import open_writer

FILE, LOCK, CELLS = "comparison.db", "lock", "cells"
VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS cells (key TEXT PRIMARY KEY, body TEXT NOT NULL, ended_at TEXT NOT NULL);
"""


class ComparisonStore:
    """One folder per comparison: this database, and a home of its own for each cell's run. Used from one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._database: sqlite3.Connection = open_writer(folder / FILE, _SCHEMA, VERSION)

    def begin(self, plan: Plan) -> None:
        """Keep what is compared, and when it was begun; once."""
        with self._database:
            self._database.execute("INSERT OR IGNORE INTO meta VALUES ('plan', ?)", (plan.model_dump_json(),))
            self._database.execute("INSERT OR IGNORE INTO meta VALUES ('started_at', ?)", (now(),))

    @property
    def started_at(self) -> str:
        row = self._database.execute("SELECT value FROM meta WHERE key = 'started_at'").fetchone()
        return str(row["value"]) if row else ""

    @property
    def ended_at(self) -> str:
        """When the last cell ended."""
        return str(self._database.execute("SELECT max(ended_at) AS at FROM cells").fetchone()["at"] or "")

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
        with self._database:
            row = (measure.cell.key, measure.model_dump_json(), now())
            self._database.execute("INSERT OR IGNORE INTO cells VALUES (?, ?, ?)", row)

    def done(self) -> dict[str, Measure]:
        """Every cell that has ended, by key. Raises ``UsageError`` for rows that another version wrote."""
        try:
            rows = self._database.execute("SELECT key, body FROM cells ORDER BY rowid")
            return {row["key"]: Measure.model_validate_json(row["body"]) for row in rows}
        except ValidationError as error:
            raise UsageError(f"{self.folder / FILE} was written by another version", "begin anew with --fresh") from error

    def close(self) -> None:
        self._database.close()


@contextlib.contextmanager
def opened(folder: Path, *, fresh: bool = False) -> Iterator[ComparisonStore]:
    """The store in a folder, held while in use; ``fresh`` empties it first.

    Raises ``UsageError`` when another process compares the same, or the folder cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = hold(folder / LOCK)
    except BlockingIOError as error:
        raise UsageError("this comparison is running already", "wait for it, or stop the other process") from error
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}", "set NEPHOSCOPE_HOME to a folder you may write to") from error
    with lock:
        if fresh:
            shutil.rmtree(folder / CELLS, ignore_errors=True)
            for path in folder.glob(f"{FILE}*"):
                path.unlink()
        store = ComparisonStore(folder)
        try:
            yield store
        finally:
            store.close()
