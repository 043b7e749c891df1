"""Replies of models kept to be given again, without paying and always the same: for tests of whole comparisons.

A reply belongs to provider, exact model, messages, parameters, way, schema and repeat. What differs from run to run by its nature does not
count: moments, seconds that are left, and the ids of facts and digests, which are numbered in the order in which they appear.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import threading
from pathlib import Path
from typing import Protocol

from nephoscope.interfaces import UsageError
from nephoscope.llm.request import Reply, Request
from nephoscope.store import canonical
from nephoscope.store.sqlite import open_writer

VERSION = 1
_SCHEMA = "CREATE TABLE IF NOT EXISTS replies (request TEXT PRIMARY KEY, model TEXT NOT NULL, reply TEXT NOT NULL);"
_PASSING = re.compile(
    r'\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?|(?<!\d)1[6-9]\d{8}(?:\.\d+|\d{3})?(?!\d)|(?<="seconds": )[\d.]+'
)
"""Moments, as text or as seconds since 1970, and seconds left."""
_NUMBERED = re.compile(r"f:[0-9a-f~]{6,40}|(?<=:)[0-9a-f]{4,8}(?=›)")
"""Ids of facts, and digests of what was cut out."""
_PLACE = re.compile(r"⟦(\d+)⟧")


class Replies(Protocol):
    """Replies of other runs, wherever they are kept."""

    @property
    def only(self) -> bool: ...

    def get(self, request: Request) -> Reply | None: ...
    def keep(self, request: Request, reply: Reply) -> None: ...


class Tape:
    """A file of replies. ``only``: nothing but what is on it is ever answered. Thread-safe. Raises ``UsageError`` when it cannot be opened."""

    def __init__(self, path: Path, *, only: bool = False) -> None:
        if only and not path.is_file():
            raise UsageError(f"there are no recorded replies in {path}", "make them with: nephoscope compare --record FILE")
        self.only = only
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = open_writer(path, _SCHEMA, VERSION)
        except (OSError, sqlite3.Error) as error:
            raise UsageError(f"{path} cannot be opened: {error}", "give a file that you may write") from error

    def get(self, request: Request) -> Reply | None:
        """The reply that was kept, speaking of the facts of this request."""
        key, names = _key(request)
        with self._lock:
            row = self._database.execute("SELECT reply FROM replies WHERE request = ?", (key,)).fetchone()
        if row is None:
            return None
        reply = Reply.model_validate_json(row["reply"])
        return reply.model_copy(update={"text": _PLACE.sub(lambda found: _name(names, int(found[1])), reply.text)})

    def keep(self, request: Request, reply: Reply) -> None:
        """Keep a reply, whatever it says; what was no reply is not kept. The first one holds."""
        key, names = _key(request)
        places = {name: place for place, name in enumerate(names)}
        text = _NUMBERED.sub(lambda found: f"⟦{places[found[0]]}⟧" if found[0] in places else found[0], reply.text)
        kept = reply.model_copy(update={"text": text}).model_dump_json()
        with self._lock, self._database:
            self._database.execute("INSERT OR IGNORE INTO replies VALUES (?, ?, ?)", (key, request.model, kept))

    def close(self) -> None:
        self._database.close()


def _key(request: Request) -> tuple[str, list[str]]:
    """What a reply is found by, and the names that were numbered, in their order."""
    names: dict[str, int] = {}
    turns = []
    for turn in request.turns:
        numbered = _NUMBERED.sub(lambda found: f"⟦{names.setdefault(found[0], len(names))}⟧", turn.text)
        turns.append([turn.role, _PASSING.sub("⟦then⟧", numbered)])
    asked = request.model_dump(mode="json", by_alias=True, exclude={"turns", "base_url"})
    return hashlib.sha256(canonical({**asked, "turns": turns}).encode()).hexdigest(), list(names)


def _name(names: list[str], place: int) -> str:
    return names[place] if place < len(names) else f"⟦{place}⟧"
