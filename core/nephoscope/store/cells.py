"""Cells of a comparison that have ended, in a database: of one comparison a file, or of all comparisons of a team."""

from __future__ import annotations

from typing import Protocol

from nephoscope.interfaces import Database, Statement
from nephoscope.store.ledger import now

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS cells (key TEXT PRIMARY KEY, body TEXT NOT NULL, ended_at TEXT NOT NULL);
"""
VERSION = 1
_ONCE = "INSERT INTO {table} VALUES ({marks}) ON CONFLICT (key) DO NOTHING"
_MINE = "substr(key, 1, ?) = ?"


class Cells(Protocol):
    """What a comparison keeps: each cell once, for ever."""

    def begin(self, plan: str) -> None:
        """Keep what is compared, and when it was begun; once."""

    @property
    def started_at(self) -> str: ...

    @property
    def ended_at(self) -> str:
        """When the last cell ended."""

    def keep(self, key: str, body: str) -> None:
        """A cell is done. Doing it twice counts once: the first word holds."""

    def has(self, key: str) -> bool:
        """Whether a cell has ended."""

    def done(self) -> dict[str, str]:
        """Every cell that has ended, in their order."""

    def forget(self) -> None:
        """As if none had ended, and nothing had begun."""

    def close(self) -> None: ...


class DatabaseCells:
    """``prefix``: tells this comparison from others of the same database."""

    def __init__(self, database: Database, prefix: str = "", *, own: bool = True) -> None:
        self._database = database
        self._prefix = prefix
        self._own = own

    def begin(self, plan: str) -> None:
        """See :class:`Cells`."""
        rows = ((f"{self._prefix}plan", plan), (f"{self._prefix}started_at", now()))
        self._database.write([Statement(_ONCE.format(table="meta", marks="?, ?"), rows)])

    @property
    def started_at(self) -> str:
        """See :class:`Cells`."""
        rows = self._database.rows("SELECT value FROM meta WHERE key = ?", (f"{self._prefix}started_at",))
        return str(rows[0]["value"]) if rows else ""

    @property
    def ended_at(self) -> str:
        """See :class:`Cells`."""
        rows = self._database.rows(f"SELECT max(ended_at) AS at FROM cells WHERE {_MINE}", self._mine)  # noqa: S608 - fixed words
        return str(rows[0]["at"] or "")

    def keep(self, key: str, body: str) -> None:
        """See :class:`Cells`."""
        self._database.write([Statement(_ONCE.format(table="cells", marks="?, ?, ?"), ((self._prefix + key, body, now()),))])

    def has(self, key: str) -> bool:
        """See :class:`Cells`."""
        return bool(self._database.rows("SELECT 1 AS one FROM cells WHERE key = ?", (self._prefix + key,)))

    def done(self) -> dict[str, str]:
        """See :class:`Cells`."""
        rows = self._database.rows(f"SELECT key, body FROM cells WHERE {_MINE} ORDER BY ended_at, key", self._mine)  # noqa: S608 - fixed words
        return {str(row["key"]).removeprefix(self._prefix): str(row["body"]) for row in rows}

    def forget(self) -> None:
        """See :class:`Cells`."""
        tables = ("cells", "meta")
        self._database.write([Statement(f"DELETE FROM {name} WHERE {_MINE}", (self._mine,)) for name in tables])  # noqa: S608 - fixed words

    def close(self) -> None:
        """See :class:`Cells`. A database of a team is not ours to close."""
        if self._own:
            self._database.close()

    @property
    def _mine(self) -> tuple[int, str]:
        return len(self._prefix), self._prefix
