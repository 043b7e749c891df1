"""Opening the SQLite files of a run: write-ahead log, one writer, a schema version in each file."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Literal

from nephoscope.interfaces.errors import UsageError

Synchronous = Literal["NORMAL", "FULL"]
"""``NORMAL`` survives a killed process, ``FULL`` also a power cut."""

BUSY_SECONDS = 10.0


def open_writer(path: Path, schema: str, version: int, synchronous: Synchronous = "NORMAL") -> sqlite3.Connection:
    """The writing connection of ``path``; tables are made when missing. May be used from any one thread at a time.

    Raises ``UsageError`` when the file was written by a newer version or is no database.
    """
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    try:
        _check_version(connection, path, version)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.executescript(schema)
        connection.execute(f"PRAGMA user_version={version:d}")
    except sqlite3.DatabaseError as error:
        connection.close()
        raise UsageError(f"{path} cannot be opened for writing: {error}", "free some space, or check that the file is what it should be") from error
    except UsageError:
        connection.close()
        raise
    path.chmod(0o600)
    return connection


def open_reader(path: Path, version: int) -> sqlite3.Connection:
    """A connection to ``path`` that cannot write. Raises ``UsageError`` when there is no such file or it is newer than this program."""
    if not path.is_file():
        raise UsageError(f"{path} does not exist", "the run has not begun, or its folder was moved")
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    try:
        _check_version(connection, path, version)
        connection.execute("PRAGMA query_only=ON")
    except sqlite3.DatabaseError as error:
        connection.close()
        raise UsageError(f"{path} cannot be read: {error}", "the file is damaged; the blobs beside it may still be readable") from error
    except UsageError:
        connection.close()
        raise
    return connection


def _check_version(connection: sqlite3.Connection, path: Path, version: int) -> None:
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found > version:
        raise UsageError(f"{path} was written by a newer version (schema {found}, this program knows {version})", "upgrade nephoscope")
