"""A run's files as rows, blobs and documents: what has changed since last time, and a run directory made of them again."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from nephoscope.interfaces import UsageError
from nephoscope.store.blobs import BlobError, BlobStore
from nephoscope.store.ledger import BLOBS, Ledger
from nephoscope.store.ledger import FILE as LEDGER_FILE
from nephoscope.store.ledger import TABLES as LEDGER_TABLES
from nephoscope.store.run import FILE as RUN_FILE
from nephoscope.store.run import LOCK, RunStore

RUN_TABLES = ("meta", "steps", "attempts", "facts", "questions", "events", "model_calls", "timings")
TABLES: Mapping[str, tuple[str, str]] = {
    **{f"run_{name}": (RUN_FILE, name) for name in RUN_TABLES},
    **{f"ledger_{name}": (LEDGER_FILE, name) for name in LEDGER_TABLES},
}
"""Name of a table where all runs are → the file and the table of one run. The ledger's ``meta`` is not among them: its keys are its machine's."""
DOCUMENTS = ("report.json", "inspection.json")
_BLOB = re.compile(r"[0-9a-f]{64}")

Cell = str | int | float | None
Rows = Sequence[Mapping[str, Cell]]


@dataclass(frozen=True)
class Content:
    """A run, or what is new of it. ``tables``: rows by name of the common table; ``blobs`` by hash; ``documents`` by name of the file."""

    tables: Mapping[str, Rows] = field(default_factory=dict)
    blobs: Mapping[str, bytes] = field(default_factory=dict)
    documents: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(any(self.tables.values()) or self.blobs or self.documents)


class Changes:
    """What has changed in a run directory since it was last asked and that was said to be kept. Read by its own connections, whoever writes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: dict[str, set[tuple[Cell, ...]]] = {}
        self._blobs: set[str] = set()
        self._documents: dict[str, str] = {}

    def new(self) -> Content:
        """Rows that are new or other than before, and files likewise."""
        tables = {name: rows for name in TABLES if (rows := [row for row in self._read(name) if _cells(row) not in self._rows.get(name, ())])}
        names = [path.name for path in (self._folder / BLOBS).glob("??/*") if _BLOB.fullmatch(path.name)]
        blobs = {name: BlobStore(self._folder / BLOBS).get(name) for name in sorted(names) if name not in self._blobs}
        documents: dict[str, str] = {}
        for name in DOCUMENTS:
            with contextlib.suppress(FileNotFoundError):
                text = (self._folder / name).read_text(encoding="utf-8")
                if self._documents.get(name) != text:
                    documents[name] = text
        return Content(tables, blobs, documents)

    def kept(self, content: Content) -> None:
        """That was put where it belongs: it is not new any more."""
        for name, rows in content.tables.items():
            self._rows.setdefault(name, set()).update(_cells(row) for row in rows)
        self._blobs |= set(content.blobs)
        self._documents |= content.documents

    def _read(self, name: str) -> list[dict[str, Cell]]:
        file, table = TABLES[name]
        path = self._folder / file
        if not path.exists():
            return []
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as database:
            database.row_factory = sqlite3.Row
            try:
                return [dict(row) for row in database.execute(f"SELECT * FROM {table} ORDER BY rowid")]  # noqa: S608 - our own names
            except sqlite3.OperationalError:  # its tables are not there yet
                return []


def _cells(row: Mapping[str, Cell]) -> tuple[Cell, ...]:
    return tuple(row.values())


def restore(content: Content, folder: Path) -> None:
    """Make a run directory of it, in the place of what is there. Raises ``UsageError`` for what is damaged; then nothing has changed."""
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700, parents=True)
    try:
        _fill(fresh, content)
    except (sqlite3.Error, ValueError, TypeError, KeyError, BlobError) as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise UsageError(f"the record of {folder.name} in the shared database is damaged: {error}", "go on with it where it was begun") from error
    with contextlib.suppress(OSError):
        (fresh / LOCK).hardlink_to(folder / LOCK)  # whoever holds it goes on holding it
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _fill(folder: Path, content: Content) -> None:
    blobs = BlobStore(folder / BLOBS)
    for name, data in content.blobs.items():
        if blobs.put(data) != name:
            raise BlobError(f"blob {name} was changed after it was written")
    of_file: dict[str, dict[str, Rows]] = {RUN_FILE: {}, LEDGER_FILE: {}}
    for name, rows in content.tables.items():
        file, table = TABLES[name]
        of_file[file][table] = rows
    with closing(RunStore(folder)) as store:
        store.restore(of_file[RUN_FILE])
    if any(of_file[LEDGER_FILE].values()):
        ledger = Ledger(folder)
        try:
            ledger.restore(of_file[LEDGER_FILE])
        finally:
            ledger.close()
    for name in DOCUMENTS:
        if name in content.documents:
            (folder / name).write_text(content.documents[name], encoding="utf-8")
            (folder / name).chmod(0o600)
