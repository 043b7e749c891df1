"""The ledger: every call a run made, was refused, or was answered from memory. Written by the boundary process alone."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nephoscope.interfaces.errors import UsageError
from nephoscope.models import Call, Identity, JsonValue, Tier
from nephoscope.store.blobs import BlobStore, canonical
from nephoscope.store.entries import Answered, Holder, LedgerEntry, Position, Refusal, Sent, Spent, question
from nephoscope.store.lock import hold
from nephoscope.store.sqlite import open_reader, open_writer

VERSION = 1
FILE = "ledger.db"
BLOBS = "blobs"
TABLES = ("calls", "answers", "refusals", "charges")
"""What an export holds of a ledger. Its ``meta`` holds keys and stays."""
HANDOVER_SECONDS = 15.0
"""How long a new writer waits for the one before it, which may still be recording what was in flight."""

_PLACE = "step INTEGER NOT NULL, attempt INTEGER NOT NULL, script_hash TEXT NOT NULL, origin TEXT NOT NULL"
_ASKED = "question TEXT NOT NULL, occurrence INTEGER NOT NULL"
_CALL = "identity TEXT, region TEXT NOT NULL, service TEXT NOT NULL, operation TEXT NOT NULL, params TEXT NOT NULL"
_ONCE = "UNIQUE (step, attempt, script_hash, origin, question, occurrence)"
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS calls (
    seq INTEGER PRIMARY KEY, call_id TEXT NOT NULL UNIQUE, {_PLACE}, {_ASKED}, {_CALL},
    tier TEXT NOT NULL, decision TEXT NOT NULL, permission TEXT, sent_at TEXT NOT NULL, sends INTEGER NOT NULL, {_ONCE});
CREATE TABLE IF NOT EXISTS answers (
    call_id TEXT PRIMARY KEY REFERENCES calls (call_id), status INTEGER NOT NULL, error TEXT, blob TEXT NOT NULL, wire TEXT NOT NULL,
    chain TEXT NOT NULL, next_page TEXT, cached_from TEXT, usd REAL, seconds REAL NOT NULL, answered_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS answers_chain ON answers (chain);
CREATE TABLE IF NOT EXISTS refusals (
    seq INTEGER PRIMARY KEY, refusal_id TEXT NOT NULL UNIQUE, {_PLACE}, {_ASKED}, {_CALL},
    what TEXT NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL, tier TEXT, needs TEXT NOT NULL, permission TEXT, refused_at TEXT NOT NULL, {_ONCE});
CREATE TABLE IF NOT EXISTS charges (seq INTEGER PRIMARY KEY, holder TEXT NOT NULL, usd REAL NOT NULL, charged_at TEXT NOT NULL);
"""

_READ_TO_ITS_END = "EXISTS (SELECT 1 FROM answers z WHERE z.chain = a.chain AND z.next_page IS NULL AND z.error IS NULL)"
_ENTRIES = f"""
SELECT c.*, a.status, a.error, a.blob, a.wire, a.chain, a.next_page, a.cached_from, a.usd, a.seconds, a.answered_at,
    a.error IS NULL AND a.chain <> '' AND {_READ_TO_ITS_END} AS complete
FROM calls c JOIN answers a USING (call_id) WHERE {{where}} ORDER BY c.step, CAST(ltrim(substr(c.call_id, instr(c.call_id, '.') + 1), 'c') AS INTEGER)
"""  # noqa: S608 - fixed words
_UNANSWERED = "SELECT * FROM calls c WHERE {where} AND NOT EXISTS (SELECT 1 FROM answers a WHERE a.call_id = c.call_id) ORDER BY seq"
_REFUSALS = """
SELECT * FROM refusals r WHERE {where} AND NOT EXISTS (
    SELECT 1 FROM calls c WHERE (c.step, c.attempt, c.script_hash, c.origin, c.question, c.occurrence)
        = (r.step, r.attempt, r.script_hash, r.origin, r.question, r.occurrence))
ORDER BY r.step, r.seq
"""
_SPENDING = """
SELECT c.service || ':' || c.operation AS name, c.tier, c.sends, a.call_id, a.usd FROM calls c LEFT JOIN answers a USING (call_id)
"""
_EVERYTHING = "1"
_POSITION = "c.step = ? AND c.attempt = ? AND c.script_hash = ? AND c.origin = ?"


def now() -> str:
    """The time as the ledger writes it: ISO, UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class LedgerReader:
    """Read-only view of a run's ledger, for the engine. Raises ``UsageError`` when there is none."""

    def __init__(self, run_dir: Path) -> None:
        self.blobs = BlobStore(run_dir / BLOBS)
        self._lock = threading.Lock()
        self._connection = self._open(run_dir / FILE)

    def _open(self, path: Path) -> sqlite3.Connection:
        return open_reader(path, VERSION)

    def replies(self, step: int | None = None) -> list[LedgerEntry]:
        """Answered calls in the order they were sent; of one step, or all."""
        where, values = (_EVERYTHING, ()) if step is None else ("c.step = ?", (step,))
        return [self._entry(row) for row in self._rows(_ENTRIES.format(where=where), values)]

    def attempt(self, position: Position) -> list[LedgerEntry]:
        """Answered calls of one attempt (or of the broker itself)."""
        return [self._entry(row) for row in self._rows(_ENTRIES.format(where=_POSITION), _key(position))]

    def reply(self, call_id: str) -> LedgerEntry | None:
        """One answered call."""
        rows = self._rows(_ENTRIES.format(where="c.call_id = ?"), (call_id,))
        return self._entry(rows[0]) if rows else None

    def unanswered(self, position: Position) -> list[Sent]:
        """Calls of one attempt that were sent and whose answer was never recorded."""
        return [_sent(row) for row in self._rows(_UNANSWERED.format(where=_POSITION), _key(position))]

    def left(self) -> list[Sent]:
        """Calls that were sent to a cloud, answered or not, in their order."""
        return [_sent(row) for row in self._rows("SELECT * FROM calls c WHERE c.sends > 0 ORDER BY seq")]

    def refused(self, step: int | None = None) -> list[Refusal]:
        """Refused calls, without those that a later run of the same attempt was allowed."""
        where, values = (_EVERYTHING, ()) if step is None else ("r.step = ?", (step,))
        return [_refusal(row) for row in self._rows(_REFUSALS.format(where=where), values)]

    def spent(self) -> Spent:
        """What the run has used so far. A call sent and never answered counts as sent."""
        rows = self._rows(_SPENDING)
        charged = {row["holder"]: row["usd"] for row in self._rows("SELECT holder, SUM(usd) AS usd FROM charges GROUP BY holder")}
        upstream = [row for row in rows if row["sends"]]
        by_operation: dict[str, int] = {}
        for row in upstream:
            by_operation[row["name"]] = by_operation.get(row["name"], 0) + row["sends"]
        return Spent(
            calls=len(rows),
            upstream=sum(by_operation.values()),
            cached=len(rows) - len(upstream),
            refused=len(self.refused()),
            usd=sum(row["usd"] or 0.0 for row in upstream),
            model_usd=charged.get("model", 0.0),
            telemetry=sum(row["sends"] for row in upstream if row["tier"] == Tier.TELEMETRY),
            by_operation=dict(sorted(by_operation.items())),
            unpriced=tuple(sorted({row["name"] for row in upstream if row["call_id"] and row["usd"] is None})),
        )

    def kept(self, key: str) -> str | None:
        """What the run keeps under ``key``, if anything."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0]["value"]) if rows else None

    def tables(self) -> dict[str, list[dict[str, str | int | float | None]]]:
        """Every row as it is, but for the keys that only this run's boundary may know."""
        return {name: [dict(row) for row in self._rows(f"SELECT * FROM {name} ORDER BY rowid")] for name in TABLES}  # noqa: S608 - fixed names

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def _entry(self, row: sqlite3.Row) -> LedgerEntry:
        return LedgerEntry(_sent(row), _answered(row), bool(row["complete"]), self.blobs)


class Ledger(LedgerReader):
    """The one writer. Every method returns after its row is durable, or raises ``sqlite3.Error`` or ``OSError`` and wrote nothing."""

    def _open(self, path: Path) -> sqlite3.Connection:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._held = hold(path.with_suffix(".lock"), HANDOVER_SECONDS)
        except BlockingIOError as error:
            raise UsageError(f"another process still writes {path}", "wait for it to end, then try again") from error
        try:
            return open_writer(path, _SCHEMA, VERSION, "FULL")
        except BaseException:
            self._held.close()
            raise

    def close(self) -> None:
        """Close the file, and let another writer have it."""
        super().close()
        self._held.close()

    def sent(self, sent: Sent) -> None:
        """Record a call that is about to leave."""
        with self._transaction() as connection:
            _insert_call(connection, sent, sends=1)

    def sent_again(self, call_id: str) -> None:
        """Record another sending of the same call: a retry, or the repetition of one that was never answered."""
        with self._transaction() as connection:
            connection.execute("UPDATE calls SET sends = sends + 1 WHERE call_id = ?", (call_id,))

    def answered(self, answered: Answered) -> None:
        """Record the answer of a call that was sent."""
        with self._transaction() as connection:
            _insert_answer(connection, answered)

    def served(self, sent: Sent, answered: Answered) -> None:
        """Record a call answered from an earlier one; nothing left."""
        with self._transaction() as connection:
            _insert_call(connection, sent, sends=0)
            _insert_answer(connection, answered)

    def refuse(self, refusal: Refusal) -> None:
        """Record a call that was not sent. The same refusal in a re-run is recorded once."""
        with self._transaction() as connection:
            _insert(connection, "OR IGNORE INTO refusals", _refusal_values(refusal))

    def restore(self, tables: Mapping[str, Sequence[Mapping[str, str | int | float | None]]]) -> None:
        """Rows that ``tables`` gave, of another ledger, into this empty one. Raises ``sqlite3.Error`` for rows that do not fit."""
        with self._transaction() as connection:
            for name in TABLES:
                columns = [row["name"] for row in connection.execute(f"PRAGMA table_info({name})")]
                for row in tables.get(name, ()):
                    _insert(connection, f"INTO {name}", [row.get(column) for column in columns])

    def charge(self, holder: Holder, usd: float) -> None:
        """Record dollars spent on something other than a cloud call."""
        with self._transaction() as connection:
            connection.execute("INSERT INTO charges VALUES (NULL, ?, ?, ?)", (holder, usd, now()))

    def keep(self, key: str, value: str) -> str:
        """The value kept under ``key`` since the run began; ``value`` the first time."""
        with self._transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (key, value))
        return self.kept(key) or ""

    def last_numbers(self) -> dict[str, int]:
        """Highest number of each id prefix in use (``s2.c`` → 7)."""
        last: dict[str, int] = {}
        for row in self._rows("SELECT call_id AS id FROM calls UNION ALL SELECT refusal_id FROM refusals"):
            prefix = row["id"].rstrip("0123456789")
            last[prefix] = max(last.get(prefix, 0), int(row["id"][len(prefix) :]))
        return last

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _key(position: Position) -> tuple[int, int, str, str]:
    return position.step, position.attempt, position.script_hash, position.by


def _insert(connection: sqlite3.Connection, where: str, values: Sequence[Any]) -> None:
    connection.execute(f"INSERT {where} VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608 - fixed words


def _insert_call(connection: sqlite3.Connection, sent: Sent, sends: int) -> None:
    call = sent.call
    values = (
        None,
        call.id,
        *_key(sent.position),
        question(call),
        sent.occurrence,
        call.identity.model_dump_json(),
        call.region,
        call.service,
        call.operation,
        canonical(dict(call.params)),
        sent.tier,
        sent.decision,
        sent.permission,
        sent.at or now(),
        sends,
    )
    _insert(connection, "INTO calls", values)


def _insert_answer(connection: sqlite3.Connection, answered: Answered) -> None:
    next_page = None if answered.next_page is None else canonical(dict(answered.next_page))
    values = (
        answered.call_id,
        answered.status,
        answered.error,
        answered.blob,
        answered.wire,
        answered.chain,
        next_page,
        answered.cached_from,
        answered.usd,
        answered.seconds,
        answered.at or now(),
    )
    _insert(connection, "INTO answers", values)


def _refusal_values(refusal: Refusal) -> tuple[Any, ...]:
    call = refusal.call
    return (
        None,
        refusal.id,
        *_key(refusal.position),
        question(call) if call else f"request:{refusal.what}",
        refusal.occurrence,
        call.identity.model_dump_json() if call else None,
        *((call.region, call.service, call.operation, canonical(dict(call.params))) if call else ("", "", "", "{}")),
        refusal.what,
        refusal.code,
        refusal.reason,
        refusal.tier,
        refusal.needs,
        refusal.permission,
        refusal.at or now(),
    )


def _params(text: str) -> Mapping[str, JsonValue]:
    params: Mapping[str, JsonValue] = json.loads(text)
    return params


def _position(row: sqlite3.Row) -> Position:
    return Position(row["step"], row["attempt"], row["script_hash"], row["origin"])


def _call(row: sqlite3.Row, call_id: str) -> Call:
    return Call(
        id=call_id,
        identity=Identity.model_validate_json(row["identity"]),
        region=row["region"],
        service=row["service"],
        operation=row["operation"],
        params=_params(row["params"]),
    )


def _sent(row: sqlite3.Row) -> Sent:
    return Sent(
        call=_call(row, row["call_id"]),
        position=_position(row),
        occurrence=row["occurrence"],
        tier=Tier(row["tier"]),
        decision=row["decision"],
        permission=row["permission"],
        at=row["sent_at"],
        sends=row["sends"],
    )


def _answered(row: sqlite3.Row) -> Answered:
    return Answered(
        call_id=row["call_id"],
        status=row["status"],
        error=row["error"],
        blob=row["blob"],
        wire=row["wire"],
        chain=row["chain"],
        next_page=None if row["next_page"] is None else _params(row["next_page"]),
        cached_from=row["cached_from"],
        usd=row["usd"],
        seconds=row["seconds"],
        at=row["answered_at"],
    )


def _refusal(row: sqlite3.Row) -> Refusal:
    return Refusal(
        id=row["refusal_id"],
        position=_position(row),
        call=_call(row, row["refusal_id"]) if row["identity"] else None,
        what=row["what"],
        code=row["code"],
        reason=row["reason"],
        tier=Tier(row["tier"]) if row["tier"] else None,
        needs=row["needs"],
        permission=row["permission"],
        occurrence=row["occurrence"],
        at=row["refused_at"],
    )
