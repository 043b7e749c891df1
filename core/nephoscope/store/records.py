"""Records of runs in a shared database: who has one, who may go on with it, and what is in it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nephoscope.interfaces import Database, Statement, Stopped, UsageError
from nephoscope.store.ledger import now
from nephoscope.store.rows import TABLES, Content

KEYS: Mapping[str, tuple[str, ...]] = {
    "run_meta": ("key",), "run_steps": ("step",), "run_attempts": ("step", "attempt"), "run_facts": ("id",), "run_questions": ("seq",),
    "run_events": ("seq",), "run_model_calls": ("seq",), "run_timings": ("phase",), "ledger_calls": ("seq",), "ledger_answers": ("call_id",),
    "ledger_refusals": ("seq",), "ledger_charges": ("seq",),
}  # fmt: skip
"""What makes two rows of one run the same row."""
OFFICE = "office"
PATIENCE = 30.0
_SPENT = "SELECT COALESCE(SUM(usd), 0) AS usd FROM run_model_calls WHERE price <> ? AND substr(run, 1, ?) = ?{but}"
_LOST = "SELECT COALESCE(SUM(CAST(value AS DOUBLE PRECISION)), 0) AS usd FROM run_meta WHERE key = ? AND substr(run, 1, ?) = ?{but}"


@dataclass(frozen=True)
class Entry:
    """One run. ``turn``: how often somebody has begun or gone on with it; ``running``: somebody does now. ``summary``: what its writer says of it."""

    id: str
    owner: str
    host: str
    turn: int
    summary: str
    running: bool
    reserved: float = 0.0
    changed_at: str = ""
    begun: str = ""
    """Tells it from one of the same id that was taken away."""


class Records:
    """``owner`` and ``host``: who we are."""

    def __init__(self, database: Database, owner: str, host: str) -> None:
        self._database = database
        self._owner, self._host = owner, host

    @property
    def place(self) -> str:
        """Where they are, for people."""
        return self._database.place

    def listed(self, prefix: str = "") -> list[Entry]:
        """Those whose id begins so."""
        rows = self._database.rows("SELECT * FROM runs WHERE substr(id, 1, ?) = ? ORDER BY id", (len(prefix), prefix))
        held = self._database.held([_lock(row["id"]) for row in rows])
        return [_entry(row, _lock(row["id"]) in held) for row in rows]

    def find(self, run: str) -> Entry | None:
        """One run."""
        rows = self._database.rows("SELECT * FROM runs WHERE id = ?", (run,))
        return _entry(rows[0], bool(self._database.held([_lock(run)]))) if rows else None

    def hold(self, run: str) -> bool:
        """Whether it is ours to go on with; until we let go nobody else has it."""
        return self._database.hold(_lock(run))

    def let_go(self, run: str) -> None:
        """Somebody else may go on with it."""
        self._database.let_go(_lock(run))

    def begin(self, run: str, *, reserved: float = 0.0) -> Entry:
        """Our turn with a run that we hold. Whoever had an earlier one and comes back writes nothing any more."""
        values = (run, self._owner, self._host, secrets.token_hex(8), reserved, now())
        sql = (
            "INSERT INTO runs (id, owner, host, begun, turn, summary, reserved, changed_at) VALUES (?, ?, ?, ?, 1, '', ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET turn = runs.turn + 1, host = excluded.host, reserved = excluded.reserved, "
            "changed_at = excluded.changed_at"
        )
        self._database.write([Statement(sql, (values,))])
        entry = self.find(run)
        if entry is None:
            raise UsageError(f"{run} was taken away from {self._database.place} meanwhile", "begin anew")
        return entry

    def put(self, run: str, turn: int, content: Content, summary: str | None = None) -> None:
        """Keep what is new, all or nothing. Raises ``Stopped`` when somebody else has had a turn since, or it was taken away."""
        work = [_upsert(name, run, rows) for name, rows in content.tables.items() if rows]
        if content.blobs:
            rows = [(run, name, data) for name, data in sorted(content.blobs.items())]
            work.append(Statement("INSERT INTO run_blobs VALUES (?, ?, ?) ON CONFLICT (run, name) DO NOTHING", rows))
        if content.documents:
            sql = "INSERT INTO run_documents VALUES (?, ?, ?) ON CONFLICT (run, name) DO UPDATE SET body = excluded.body"
            work.append(Statement(sql, [(run, name, text) for name, text in content.documents.items()]))
        guard = Statement(
            "UPDATE runs SET changed_at = ?, summary = COALESCE(?, summary) WHERE id = ? AND turn = ?", ((now(), summary, run, turn),)
        )  # fmt: skip
        if not self._database.write(work, guard=guard):
            raise Stopped(f"somebody else has gone on with {run}, or taken it away", "see who: nephoscope runs")

    def get(self, run: str) -> Content:
        """All of it."""
        tables = {}
        for name, keys in KEYS.items():
            order = ", ".join(keys)
            rows = self._database.rows(f"SELECT * FROM {name} WHERE run = ? ORDER BY {order}", (run,))  # noqa: S608 - our own names
            tables[name] = [{key: value for key, value in row.items() if key != "run"} for row in rows]
        blobs = {row["name"]: bytes(row["data"]) for row in self._database.rows("SELECT name, data FROM run_blobs WHERE run = ?", (run,))}
        documents = {row["name"]: row["body"] for row in self._database.rows("SELECT name, body FROM run_documents WHERE run = ?", (run,))}
        return Content(tables, blobs, documents)

    def remove(self, runs: Sequence[str]) -> None:
        """Take them away for good. Raises ``UsageError``, before anything is taken, when somebody has one of them."""
        busy = [entry for run in runs if (entry := self.find(run)) and entry.running]
        if busy:
            raise UsageError(f"{busy[0].id} is running: {busy[0].owner} has it on {busy[0].host}", "wait for it, or stop the other process")
        names = [*TABLES, "run_blobs", "run_documents"]
        each = [(run,) for run in runs]
        work = [Statement(f"DELETE FROM {name} WHERE run = ?", each) for name in names]  # noqa: S608 - our own names
        self._database.write([Statement("DELETE FROM runs WHERE id = ?", each), *work])

    # -- money of runs that belong together ------------------------------------------------------------------------

    def reserve(self, run: str, usd: float) -> None:
        """What a run that we hold may spend from now on; 0: it spends nothing any more."""
        self._database.write([Statement("UPDATE runs SET reserved = ? WHERE id = ?", ((usd, run),))])

    def committed(self, prefix: str, but: Sequence[str], unpaid: str, lost: str) -> float:
        """Dollars that runs whose id begins so have spent on models, or may yet, as far as somebody has them; ``but`` these.

        ``unpaid``: what stands for the price of a reply that cost nothing; ``lost``: the key of what was written off.
        """
        marks = f" AND run NOT IN ({', '.join('?' * len(but))})" if but else ""
        spent = self._database.rows(_SPENT.format(but=marks), (unpaid, len(prefix), prefix, *but))[0]["usd"]
        gone = self._database.rows(_LOST.format(but=marks), (lost, len(prefix), prefix, *but))[0]["usd"]
        reserved = sum(entry.reserved for entry in self.listed(prefix) if entry.running and entry.id not in but)
        return float(spent) + float(gone) + reserved

    def alone(self, prefix: str) -> _Alone:
        """While this lasts nobody else reserves dollars for these."""
        return _Alone(self._database, f"{OFFICE} {prefix}")


class _Alone:
    def __init__(self, database: Database, name: str) -> None:
        self._database, self._name = database, name

    def __enter__(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._database.hold(self._name):
            if time.monotonic() > deadline:
                raise UsageError(f"another process counts its money for long in {self._database.place}", "see what it is, and try again")
            time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        self._database.let_go(self._name)


def _lock(run: str) -> str:
    return f"run {run}"


def _entry(row: Mapping[str, object], running: bool) -> Entry:
    return Entry(
        id=str(row["id"]),
        owner=str(row["owner"]),
        host=str(row["host"]),
        turn=int(str(row["turn"])),
        summary=str(row["summary"]),
        running=running,
        reserved=float(str(row["reserved"])),
        changed_at=str(row["changed_at"]),
        begun=str(row["begun"]),
    )


def _upsert(table: str, run: str, rows: Sequence[Mapping[str, str | int | float | None]]) -> Statement:
    columns = list(rows[0])
    keys = ("run", *KEYS[table])
    changed = [name for name in columns if name not in keys]
    then = f"UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in changed)}" if changed else "NOTHING"
    marks = ", ".join("?" * (len(columns) + 1))
    sql = f"INSERT INTO {table} (run, {', '.join(columns)}) VALUES ({marks}) ON CONFLICT ({', '.join(keys)}) DO {then}"  # noqa: S608 - our own names
    return Statement(sql, [(run, *(row[name] for name in columns)) for row in rows])
