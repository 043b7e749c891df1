"""Replies of models kept from run to run, for those who switch that on. Keyed by everything a reply depends on; the questions are not kept."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import ValidationError

from nephoscope.interfaces import UsageError
from nephoscope.llm.request import Reply, Request
from nephoscope.store.sqlite import open_writer

FILE = "models.db"
VERSION = 1
_WHOLE = frozenset({"stop", "tool"})
_SCHEMA = """
CREATE TABLE IF NOT EXISTS replies (request TEXT PRIMARY KEY, reply TEXT NOT NULL, at REAL NOT NULL);
"""


class ResponseCache:
    """``home``: where Nephoscope keeps what it knows; the file is its owner's alone. ``hours``: what is older is forgotten.

    ``clean`` cuts credentials out of a text: a reply that would be changed by it is not kept. A cache that cannot be read or written is no
    trouble: the model is asked.
    """

    def __init__(self, home: Path, hours: float, clean: Callable[[str], str], clock: Callable[[], float] = time.time) -> None:
        self._home = home
        self._seconds = hours * 3600
        self._clean = clean
        self._clock = clock

    def get(self, request: Request) -> Reply | None:
        """The reply to the same request: model, address, words, parameters, way, schema and repeat are all the same."""
        with contextlib.suppress(sqlite3.Error, OSError, UsageError, ValidationError), self._open() as database:
            row = database.execute("SELECT reply, at FROM replies WHERE request = ?", (request.hash,)).fetchone()
            if row is not None and self._clock() - row["at"] <= self._seconds:
                return Reply.model_validate_json(row["reply"])
        return None

    def keep(self, request: Request, reply: Reply) -> None:
        """Keep a whole reply. What was cut off, blocked or empty is asked for again."""
        if reply.finish not in _WHOLE or not reply.text or self._clean(reply.text) != reply.text:
            return
        with contextlib.suppress(sqlite3.Error, OSError, UsageError), self._open() as database:
            moment = self._clock()
            database.execute("DELETE FROM replies WHERE at < ?", (moment - self._seconds,))
            database.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?)", (request.hash, reply.model_dump_json(), moment))

    def forget(self, request: Request) -> None:
        """Take a reply out that could not be used."""
        with contextlib.suppress(sqlite3.Error, OSError, UsageError), self._open() as database:
            database.execute("DELETE FROM replies WHERE request = ?", (request.hash,))

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.closing(open_writer(self._home / FILE, _SCHEMA, VERSION)) as database:
            yield database
