"""What all runs of this machine share: how fast each account may be asked, and which run got which reply. Disposable: one starts anew."""

from __future__ import annotations

import contextlib
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FILE = "machine.db"
BUSY_SECONDS = 10.0
SLOWER = 0.7
SLOWEST = 0.05
RECOVERY_SECONDS = 60.0
"""From standing still back to the full rate, after a cloud asked to slow down."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS buckets (
    key TEXT PRIMARY KEY, tokens REAL NOT NULL, updated REAL NOT NULL, pace REAL NOT NULL, slowed REAL NOT NULL);
CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, run TEXT NOT NULL, call TEXT NOT NULL, at REAL NOT NULL, following TEXT);
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
FORGOTTEN_SECONDS = 86_400.0
"""Replies older than this are taken off the list."""


@dataclass
class _Level:
    """``pace``: share of the full rate, as it was at ``slowed``. Times are the machine's monotonic clock, the same for all its processes."""

    tokens: float
    updated: float
    pace: float
    slowed: float

    def pace_at(self, moment: float) -> float:
        return min(1.0, self.pace + max(0.0, moment - self.slowed) / RECOVERY_SECONDS)


@dataclass(frozen=True)
class Kept:
    """Where a reply is on record. ``at``: when the cloud gave it. ``following``: key of the next page."""

    run: str
    call: str
    at: float
    following: str | None


class Machine:
    """Token buckets shared by processes through one small file. Thread-safe.

    Takers stand in line: a bucket may be overdrawn, and whoever overdraws it waits until it would be level again.
    """

    def __init__(self, home: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._connection = _opened(home)

    def take(self, key: str, rate: float, burst: float, count: int = 1) -> float:
        """Take tokens; seconds to wait before they may be used."""
        with self._lock, _transaction(self._connection):
            moment = self._clock()
            level = self._level(key, burst, moment)
            pace = rate * level.pace_at(moment)
            level.tokens = min(burst, level.tokens + (moment - level.updated) * pace) - count
            level.updated = moment
            self._keep(key, level)
            return max(0.0, -level.tokens / pace)

    def slow(self, key: str, burst: float) -> None:
        """The cloud asked to slow down: less for everybody, recovering by and by."""
        with self._lock, _transaction(self._connection):
            moment = self._clock()
            level = self._level(key, burst, moment)
            level.pace = max(SLOWEST, level.pace_at(moment) * SLOWER)
            level.slowed = moment
            level.tokens = min(level.tokens, 0.0)
            self._keep(key, level)

    def keep(self, key: str, kept: Kept) -> None:
        """List a reply. What cannot be written is not listed."""
        with self._lock, contextlib.suppress(sqlite3.Error), _transaction(self._connection):
            values = (key, kept.run, kept.call, kept.at, kept.following)
            self._connection.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?)", values)
            self._connection.execute("DELETE FROM replies WHERE at < ?", (kept.at - FORGOTTEN_SECONDS,))

    def kept(self, key: str) -> Kept | None:
        """Where the reply is, if it is listed."""
        with self._lock, contextlib.suppress(sqlite3.Error):
            row = self._connection.execute("SELECT run, call, at, following FROM replies WHERE key = ?", (key,)).fetchone()
            return Kept(*row) if row else None
        return None

    def secret(self, name: str) -> str:
        """A random value made once and the same for all runs."""
        with self._lock, _transaction(self._connection):
            self._connection.execute("INSERT OR IGNORE INTO secrets VALUES (?, ?)", (name, secrets.token_hex(32)))
            return str(self._connection.execute("SELECT value FROM secrets WHERE name = ?", (name,)).fetchone()[0])

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _level(self, key: str, burst: float, moment: float) -> _Level:
        row = self._connection.execute("SELECT tokens, updated, pace, slowed FROM buckets WHERE key = ?", (key,)).fetchone()
        if row is None or row[1] > moment + 1:  # the clock began anew, as after a start of the machine
            return _Level(burst, moment, 1.0, moment)
        return _Level(*row)

    def _keep(self, key: str, level: _Level) -> None:
        values = (key, level.tokens, level.updated, level.pace, level.slowed)
        self._connection.execute("INSERT OR REPLACE INTO buckets VALUES (?, ?, ?, ?, ?)", values)


class _transaction:
    """Read and write as one, against other processes too."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._connection.execute("COMMIT" if kind is None else "ROLLBACK")


def _opened(home: Path | None) -> sqlite3.Connection:
    """The shared file; one of this process alone where there is no home or nothing can be written there."""
    if home is not None:
        try:
            return _prepared(str(home / FILE))
        except sqlite3.Error:
            pass
    return _prepared(":memory:")


def _prepared(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        if path != ":memory:":
            Path(path).chmod(0o600)
            connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=OFF")
        connection.executescript(_SCHEMA)
    except sqlite3.Error:
        connection.close()
        raise
    return connection
