"""The command, killed at one write of its record: ``MORTAL=engine:run.db:17:before mortal.py investigate ...``.

Stands between the program and SQLite (and the blobs and the report), so that the program itself knows nothing of it. It kills once:
``MORTAL_MARK`` is the file that says it did. Writes are counted, by process and store, into files of the folder ``MORTAL_COUNT``. The boundary
process is started mortal too.
"""

from __future__ import annotations

import functools
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

BLOBS, REPORT = "blobs", "report.json"
ENGINE, BOUNDARY = "engine", "boundary"
_WRITES = ("INSERT", "UPDATE", "DELETE", "COMMIT", "CREATE")
_counts: dict[str, int] = {}
_who = [ENGINE]


class Moment:
    """One write: before and after it the process may die."""

    def __init__(self, store: str) -> None:
        place = f"{_who[0]}:{store}"
        _counts[place] = _counts.get(place, 0) + 1
        self._name = f"{place}:{_counts[place]}"
        if folder := os.environ.get("MORTAL_COUNT"):
            (Path(folder) / place).write_text(str(_counts[place]))

    def __enter__(self) -> None:
        self._die("before")

    def __exit__(self, *_: object) -> None:
        self._die("after")

    def _die(self, when: str) -> None:
        if os.environ.get("MORTAL") == f"{self._name}:{when}":
            try:
                os.close(os.open(os.environ["MORTAL_MARK"], os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return
            os.kill(os.getpid(), signal.SIGKILL)


class Cursor(sqlite3.Cursor):
    """A cursor whose writes are moments."""

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        assert isinstance(self.connection, Connection)
        if not sql.lstrip().upper().startswith(_WRITES):
            return super().execute(sql, *values)
        with Moment(self.connection.store):
            return super().execute(sql, *values)


class Connection(sqlite3.Connection):
    """A connection whose writes are moments."""

    store = ""

    def cursor(self, factory: Any = Cursor) -> Any:
        return super().cursor(factory)

    def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
        return self.cursor().execute(sql, *values)

    def executescript(self, script: str) -> sqlite3.Cursor:
        with Moment(self.store):
            return super().executescript(script)

    def commit(self) -> None:
        if not self.in_transaction:
            return super().commit()
        with Moment(self.store):
            return super().commit()


def _connect(original: Any, path: Any, *more: Any, **options: Any) -> sqlite3.Connection:
    connection: Connection = original(path, *more, factory=Connection, **options)
    connection.store = Path(str(path)).name
    return connection


def watch(who: str) -> None:
    """From here on every write of this process, the ``engine`` or the ``boundary``, is a moment, counted from 1."""
    from nephoscope import archive
    from nephoscope.store.blobs import BlobStore

    _who[0] = who
    _counts.clear()
    if isinstance(sqlite3.connect, functools.partial):
        return  # forked from a process that is watched already
    sqlite3.connect = functools.partial(_connect, sqlite3.connect)  # type: ignore[assignment]
    BlobStore.put = _mortal(BLOBS, BlobStore.put)  # type: ignore[method-assign]
    archive.write_report = _mortal(REPORT, archive.write_report)


def _mortal(store: str, write: Callable[..., Any]) -> Callable[..., Any]:
    def mortal(*values: Any) -> Any:
        with Moment(store):
            return write(*values)

    return mortal


def main() -> None:
    if sys.argv[1] == "--fd":
        import runpy

        watch(BOUNDARY)
        runpy.run_module("nephoscope.boundary", run_name="__main__", alter_sys=True)
        return
    from nephoscope.boundary.client import Boundary
    from nephoscope.cli.main import main as command

    watch(ENGINE)
    Boundary.start = functools.partial(Boundary.start, command=(sys.executable, "-P", __file__))  # type: ignore[method-assign]
    command()


if __name__ == "__main__":
    main()
