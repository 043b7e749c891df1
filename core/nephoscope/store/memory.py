"""Facts across runs, by identity and thing, with what names what: tables in ``knowledge.db``, or in a database that a team shares.

Disposable: nothing of a run depends on it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from nephoscope.interfaces import Database, Statement
from nephoscope.interfaces.store import Row, Value
from nephoscope.models import Edge, Identity, JsonValue, Outcome, Remembered, ResourceRef
from nephoscope.store.blobs import canonical
from nephoscope.store.file import FileDatabase

FILE = "knowledge.db"
VERSION = 1
_WHOSE = "cloud TEXT NOT NULL, account TEXT NOT NULL, principal TEXT NOT NULL"
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS facts ({_WHOSE}, subject TEXT NOT NULL, attribute TEXT NOT NULL, native_type TEXT NOT NULL, kind TEXT NOT NULL,
    name TEXT NOT NULL, ref TEXT NOT NULL, value TEXT NOT NULL, absent INTEGER NOT NULL, observed_at TEXT NOT NULL, run TEXT NOT NULL,
    PRIMARY KEY (cloud, account, principal, subject, attribute));
CREATE TABLE IF NOT EXISTS edges ({_WHOSE}, source TEXT NOT NULL, relation TEXT NOT NULL, target TEXT NOT NULL, run TEXT NOT NULL,
    PRIMARY KEY (cloud, account, principal, source, relation, target));
CREATE TABLE IF NOT EXISTS outcomes ({_WHOSE}, cause TEXT NOT NULL, subject TEXT NOT NULL, run TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (cloud, account, principal, cause, subject, run));
CREATE TABLE IF NOT EXISTS strangers ({_WHOSE}, word TEXT NOT NULL, run TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (cloud, account, principal, word));
CREATE INDEX IF NOT EXISTS facts_run ON facts (run);
"""
STRANGE_DAYS = 1.0
SHARED_DAYS = 90.0
"""What others remember is not forgotten for them sooner than that."""
_COLUMNS = {
    "facts": ("subject", "attribute", "native_type", "kind", "name", "ref", "value", "absent", "observed_at", "run"),
    "edges": ("source", "relation", "target", "run"),
    "outcomes": ("cause", "subject", "run", "at"),
    "strangers": ("word", "run", "at"),
}
_KEYS = {"facts": 2, "edges": 3, "outcomes": 3, "strangers": 1}
"""So many of these make it the same, of one identity."""
_MINE = "cloud = ? AND account = ? AND principal = ?"


@dataclass(frozen=True)
class Which:
    """Which facts: all that fit every part that is given. ``older``: seen last so many days ago, or longer; ``newer``: since then."""

    account: str = ""
    resource: str = ""
    """Part of a name or identifier, whatever its case."""
    kind: str = ""
    """A native type, or a kind that all clouds share."""
    older: float | None = None
    newer: float | None = None

    def where(self) -> tuple[str, list[str]]:
        """As SQL."""
        parts, values = ["1 = 1"], list[str]()
        if self.account:
            parts, values = [*parts, "account = ?"], [*values, self.account]
        if self.resource:
            parts.append("(lower(name) LIKE ? ESCAPE '!' OR lower(subject) LIKE ? ESCAPE '!')")
            part = self.resource.lower()
            for special in "!%_":
                part = part.replace(special, f"!{special}")
            values += [f"%{part}%"] * 2
        if self.kind:
            parts, values = [*parts, "? IN (native_type, kind)"], [*values, self.kind]
        if self.older is not None:
            parts, values = [*parts, "observed_at <= ?"], [*values, _ago(self.older)]
        if self.newer is not None:
            parts, values = [*parts, "observed_at > ?"], [*values, _ago(self.newer)]
        return " AND ".join(parts), values


@dataclass(frozen=True)
class Lesson:
    """What a run learnt of one identity's account. ``strangers``: words that were looked for everywhere and are nobody's."""

    facts: Sequence[Remembered] = ()
    edges: Sequence[Edge] = ()
    outcomes: Sequence[Outcome] = ()
    strangers: Sequence[str] = ()


class Memory:
    """Opened for each use: other runs write to it too. ``days``: what was last seen longer ago is not used, and gone with the next writing.

    ``database``: the one that a team shares; without one, a file in ``home``.
    """

    def __init__(self, home: Path, days: float, database: Database | None = None) -> None:
        self._home = home
        self._days = days
        self._shared = database

    def keep(self, who: Identity, run: str, lesson: Lesson) -> None:
        """All of it, or after a kill or on a full disk none. Raises :class:`UsageError` where nothing can be written."""
        mine = _mine(who)
        rows: dict[str, list[tuple[Value, ...]]] = {
            "facts": [(*mine, *_row(one)) for one in lesson.facts],
            "edges": [(*mine, one.source, one.relation, one.target, run) for one in lesson.edges],
            "outcomes": [(*mine, one.cause, one.subject, one.run, one.at) for one in lesson.outcomes],
            "strangers": [(*mine, word, run, _ago(0.0)) for word in lesson.strangers],
        }
        work = [_upsert(table, sorted(values, key=lambda row: [str(one) for one in row])) for table, values in rows.items() if values]
        forgotten = max(self._days, SHARED_DAYS) if self._shared else self._days
        work.append(Statement("DELETE FROM facts WHERE observed_at <= ?", ((_ago(forgotten),),)))
        work.append(Statement("DELETE FROM strangers WHERE at <= ?", ((_ago(STRANGE_DAYS),),)))
        with self._open() as database:
            database.write(work)

    def strangers(self, who: Identity) -> list[str]:
        """Words that were nobody's when they were looked for, within the last day: somebody may be called so by tomorrow."""
        rows = self._rows(f"SELECT word FROM strangers WHERE {_MINE} AND at > ?", (*_mine(who), _ago(STRANGE_DAYS)))  # noqa: S608
        return [row["word"] for row in rows]

    def things(self, who: Identity) -> list[Remembered]:
        """Everything the identity was seen to have, by the fact that it exists or the newest other one."""
        rows = self._rows(f"SELECT * FROM facts WHERE {_MINE} AND observed_at > ? ORDER BY observed_at", (*_mine(who), _ago(self._days)))  # noqa: S608 - fixed words
        gone = {row["subject"] for row in rows if row["attribute"] == "exists" and row["absent"]}
        newest = {row["subject"]: row for row in rows if row["subject"] not in gone}
        return [_remembered(row) for row in newest.values()]

    def outcomes(self, who: Identity) -> list[Outcome]:
        """Causes that were confirmed for the identity."""
        rows = self._rows(f"SELECT cause, subject, run, at FROM outcomes WHERE {_MINE}", _mine(who))  # noqa: S608 - fixed words
        return [Outcome(cause=row["cause"], subject=row["subject"], run=row["run"], at=row["at"]) for row in rows]

    def facts(self, which: Which) -> list[tuple[str, Remembered]]:
        """Facts with the account they are from, newest first."""
        where, values = which.where()
        rows = self._rows(f"SELECT * FROM facts WHERE {where} ORDER BY observed_at DESC, subject, attribute", values)  # noqa: S608 - fixed words
        return [(row["account"], _remembered(row)) for row in rows]

    def edges(self, subject: str) -> list[Edge]:
        """What a thing names, and what names it."""
        rows = self._rows("SELECT DISTINCT source, relation, target FROM edges WHERE ? IN (source, target) ORDER BY 1, 2, 3", (subject,))
        return [Edge(source=row["source"], relation=row["relation"], target=row["target"]) for row in rows]

    def forget(self, which: Which) -> int:
        """Take facts away, and what is known of nothing any more; how many there were."""
        where, values = which.where()
        return self._delete(f"DELETE FROM facts WHERE {where}", values)  # noqa: S608 - fixed words

    def forget_runs(self, runs: Sequence[str]) -> int:
        """Take away what only these runs saw last. A run that never wrote anything is no error."""
        marks = ", ".join("?" * len(runs))
        gone = self._delete(f"DELETE FROM facts WHERE run IN ({marks})", runs)  # noqa: S608 - fixed words
        self._delete(f"DELETE FROM edges WHERE run IN ({marks})", runs)  # noqa: S608 - fixed words
        self._delete(f"DELETE FROM strangers WHERE run IN ({marks})", runs)  # noqa: S608 - fixed words
        self._delete(f"DELETE FROM outcomes WHERE run IN ({marks})", runs)  # noqa: S608 - fixed words
        return gone

    def _delete(self, sql: str, values: Sequence[str]) -> int:
        if not self._there:
            return 0
        known = "SELECT subject FROM facts"
        cleared = (
            Statement(sql, (tuple(values),)),
            Statement(f"DELETE FROM edges WHERE source NOT IN ({known}) AND target NOT IN ({known})"),  # noqa: S608 - fixed words
            Statement(f"DELETE FROM outcomes WHERE subject NOT IN ({known})"),  # noqa: S608 - fixed words
        )
        counted = sql.replace("DELETE", "SELECT count(*) AS number", 1)
        with self._open() as database:
            count = int(database.rows(counted, tuple(values))[0]["number"])
            database.write(cleared)
        return count

    def _rows(self, sql: str, values: Sequence[str]) -> Sequence[Row]:
        if not self._there:
            return []
        with self._open() as database:
            return database.rows(sql, values)

    @property
    def _there(self) -> bool:
        return self._shared is not None or (self._home / FILE).exists()

    @contextlib.contextmanager
    def _open(self) -> Iterator[Database]:
        if self._shared is not None:
            yield self._shared
            return
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.closing(FileDatabase(self._home / FILE, _SCHEMA, VERSION)) as database:
            yield database


def _upsert(table: str, rows: Sequence[Sequence[Value]]) -> Statement:
    """What was seen last counts; written in one order by everybody, so that nobody waits for somebody who waits for him."""
    columns = ("cloud", "account", "principal", *_COLUMNS[table])
    keys, rest = columns[: 3 + _KEYS[table]], columns[3 + _KEYS[table] :]
    then = ", ".join(f"{name} = excluded.{name}" for name in rest)
    newer = " WHERE facts.observed_at <= excluded.observed_at" if table == "facts" else ""
    marks = ", ".join("?" * len(columns))
    sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {then}{newer}"  # noqa: S608
    return Statement(sql, rows)


def _mine(who: Identity) -> tuple[str, str, str]:
    return who.cloud, who.account, who.principal


def _row(one: Remembered) -> tuple[Value, ...]:
    ref = one.subject
    told = (ref.key, one.attribute, ref.native_type, ref.kind, ref.name, ref.model_dump_json(), canonical(one.value))
    return (*told, int(one.absent), one.observed_at, one.run)


def _ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _remembered(row: Row) -> Remembered:
    value: JsonValue = json.loads(row["value"])
    return Remembered(
        principal=row["principal"],
        subject=ResourceRef.model_validate_json(row["ref"]),
        attribute=row["attribute"],
        value=value,
        absent=bool(row["absent"]),
        observed_at=row["observed_at"],
        run=row["run"],
    )
