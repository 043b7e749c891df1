"""The engine's own record of an investigation: problem, steps, attempts, facts, questions, events. One writer."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from nephoscope.interfaces import Database, UsageError
from nephoscope.models import Check, ExecutionResult, Fact, JsonValue, Question, Rehearsal, Scope, Script, Usage, Violation
from nephoscope.store.blobs import BlobStore, canonical
from nephoscope.store.ledger import BLOBS, now
from nephoscope.store.lock import hold
from nephoscope.store.sqlite import open_reader, open_writer

VERSION = 1
FILE = "run.db"
LOCK = "lock"
REHEARSALS, SKILLS_USED, PROOFS = "rehearsals", "skills_used", "proofs"
RESPONSE_CACHE = "response cache"
"""What stands for the price of a reply that another run had paid for."""
TAPE = "recorded reply"
"""What stands for the price of a reply that was recorded to be given again: it counts as then, and nothing is paid."""
UNDERWAY, LOST, LOST_USD = "sent", "lost", "lost_usd"
"""The error of a request while nobody knows what became of it, and once it was written off; where the dollars of the latter are kept."""
Model = TypeVar("Model", bound=BaseModel)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS steps (step INTEGER PRIMARY KEY, body TEXT NOT NULL, status TEXT NOT NULL, planned_at TEXT NOT NULL,
    seconds REAL NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS attempts (step INTEGER NOT NULL, attempt INTEGER NOT NULL, script TEXT NOT NULL, author TEXT NOT NULL, violations TEXT,
    result TEXT, approved INTEGER, intended_at TEXT NOT NULL, PRIMARY KEY (step, attempt));
CREATE TABLE IF NOT EXISTS facts (id TEXT PRIMARY KEY, subject TEXT NOT NULL, attribute TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS questions (seq INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE, answer TEXT, assumed INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS events (seq INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS model_calls (seq INTEGER PRIMARY KEY, request TEXT NOT NULL, role TEXT NOT NULL, prompt TEXT NOT NULL,
    model TEXT NOT NULL, reply TEXT, error TEXT, usage TEXT NOT NULL, estimated INTEGER NOT NULL, usd REAL, price TEXT NOT NULL,
    seconds REAL NOT NULL, sent_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS model_calls_request ON model_calls (request);
CREATE TABLE IF NOT EXISTS timings (phase TEXT PRIMARY KEY, seconds REAL NOT NULL);
"""


@dataclass(frozen=True)
class Step:
    """One round of the loop. ``status``: planned, done, gap or failed. ``seconds``: wall clock of its execution."""

    index: int
    check: Check
    status: str
    seconds: float
    planned_at: str = ""


@dataclass(frozen=True)
class Attempt:
    """One script of a step. ``violations`` is ``None`` until it was judged, ``result`` until it ran, ``approved`` until somebody was asked."""

    step: int
    number: int
    script: str
    author: str
    violations: tuple[Violation, ...] | None
    result: ExecutionResult | None
    approved: bool | None


@dataclass(frozen=True)
class Asked:
    """A question that was put, and its answer."""

    question: Question
    answer: str | None
    assumed: bool


@dataclass(frozen=True)
class ModelCall:
    """One request to a language model. ``request`` and ``reply`` are names of blobs: what was sent, masked, and what came back, or ``None``.

    ``error`` is empty when it was answered, the kind of fault when it was not, and ``sent`` while nobody knows; until then ``usage`` and
    ``usd`` are estimates. ``usd`` is ``None`` where the price is unknown; ``price`` says where it is from.
    """

    request: str
    role: str
    prompt: str
    model: str
    usage: Usage
    reply: str | None = None
    error: str = ""
    estimated: bool = False
    usd: float | None = None
    price: str = ""
    seconds: float = 0.0
    sent_at: str = ""


class RunStore:
    """``run.db`` and the blobs of one run directory. With ``readonly`` nothing can be written."""

    checkpointer: Callable[[], AbstractContextManager[Any]] | None = None
    database: Database | None = None
    """Where the position in the loop, and what runs remember, are kept, when not on this machine alone."""

    def __init__(self, run_dir: Path, *, readonly: bool = False) -> None:
        self.dir = run_dir
        self.blobs = BlobStore(run_dir / BLOBS)
        self._lock = threading.RLock()
        self._db: sqlite3.Connection = open_reader(run_dir / FILE, VERSION) if readonly else open_writer(run_dir / FILE, _SCHEMA, VERSION)

    @property
    def id(self) -> str:
        return self.dir.name

    def close(self) -> None:
        self._db.close()

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def _write(self, sql: str, values: Sequence[Any]) -> None:
        with self._lock:
            self._db.execute(sql, values)

    # -- one value a key -------------------------------------------------------------------------------------------

    def put(self, key: str, value: JsonValue | BaseModel) -> None:
        """Remember a value under a key; the last one counts."""
        self.put_all({key: value})

    def put_all(self, values: Mapping[str, JsonValue | BaseModel]) -> None:
        """Remember all of these, or after a kill none."""
        with self._transaction():
            for key, value in values.items():
                text = value.model_dump_json() if isinstance(value, BaseModel) else canonical(value)
                self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, text))

    def get(self, key: str, default: JsonValue = None) -> JsonValue:
        rows = self._rows("SELECT value FROM meta WHERE key = ?", (key,))
        value: JsonValue = json.loads(rows[0]["value"]) if rows else default
        return value

    def load(self, key: str, model: type[Model]) -> Model | None:
        """The value of a key as a model, ``None`` when there is none."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", (key,))
        return model.model_validate_json(rows[0]["value"]) if rows else None

    # -- steps and attempts ----------------------------------------------------------------------------------------

    def plan_step(self, step: int, check: Check) -> None:
        """Record what a step is to find out. Planning the same step again changes nothing."""
        self._write(
            "INSERT OR IGNORE INTO steps (step, body, status, planned_at) VALUES (?, ?, 'planned', ?)", (step, check.model_dump_json(), now())
        )

    def reword_step(self, step: int, check: Check) -> None:
        """Replace what a planned step is to find out, such as by values that a script needs."""
        self._write("UPDATE steps SET body = ? WHERE step = ?", (check.model_dump_json(), step))

    def end_step(self, step: int, status: str) -> None:
        seconds = sum(one.result.seconds for one in self.attempts(step) if one.result)
        self._write("UPDATE steps SET status = ?, seconds = ? WHERE step = ?", (status, seconds, step))

    def steps(self) -> list[Step]:
        rows = self._rows("SELECT * FROM steps ORDER BY step")
        return [Step(row["step"], Check.model_validate_json(row["body"]), row["status"], row["seconds"], row["planned_at"]) for row in rows]

    def step(self, index: int) -> Step | None:
        return next((one for one in self.steps() if one.index == index), None)

    def intend(self, step: int, attempt: int, script: Script) -> str:
        """Store a script as an attempt, before anything is done with it. Returns its hash."""
        name = self.blobs.put(script.source.encode())
        self._write(
            "INSERT OR REPLACE INTO attempts (step, attempt, script, author, intended_at) VALUES (?, ?, ?, ?, ?)",
            (step, attempt, name, script.author, now()),
        )
        return name

    def judge(self, step: int, attempt: int, script: Script, violations: Sequence[Violation]) -> None:
        """The final bytes of an attempt and what the validators say of them."""
        name = self.blobs.put(script.source.encode())
        text = json.dumps([one.model_dump() for one in violations])
        self._write("UPDATE attempts SET script = ?, violations = ? WHERE step = ? AND attempt = ?", (name, text, step, attempt))

    def approve(self, step: int, attempt: int, approved: bool) -> None:
        self._write("UPDATE attempts SET approved = ? WHERE step = ? AND attempt = ?", (int(approved), step, attempt))

    def executed(self, step: int, attempt: int, result: ExecutionResult) -> None:
        self._write("UPDATE attempts SET result = ? WHERE step = ? AND attempt = ?", (result.model_dump_json(), step, attempt))

    def attempts(self, step: int | None = None) -> list[Attempt]:
        return [_attempt(row) for row in self._rows("SELECT * FROM attempts WHERE ?1 IS NULL OR step = ?1 ORDER BY step, attempt", (step,))]

    def script(self, attempt: Attempt, check: Check) -> Script:
        """The script of an attempt, its bytes checked against their hash."""
        return Script(source=self.blobs.get(attempt.script).decode(), check=check, cloud=check.cloud, author=attempt.author)

    def rehearsed(self, rehearsal: Rehearsal) -> None:
        """What a rehearsal of these bytes showed."""
        known = self.get(REHEARSALS, {})
        self.put(REHEARSALS, {**(known if isinstance(known, dict) else {}), rehearsal.script: rehearsal.model_dump(mode="json")})

    def rehearsal(self, script: str) -> Rehearsal | None:
        """The rehearsal of the script of that hash; ``None`` when there was none."""
        return self.rehearsals().get(script)

    def rehearsals(self) -> dict[str, Rehearsal]:
        """Every rehearsal, by the hash of its script."""
        known = self.get(REHEARSALS, {})
        return {name: Rehearsal.model_validate(one) for name, one in known.items()} if isinstance(known, dict) else {}

    def proved(self, cause: str, proof: Mapping[str, str]) -> None:
        """What came of trying the fix of a cause, by the key of its finding."""
        known = self.get(PROOFS, {})
        self.put(PROOFS, {**(known if isinstance(known, dict) else {}), cause: dict(proof)})

    def proof(self, cause: str) -> Mapping[str, str] | None:
        """That, once there is one."""
        known = self.get(PROOFS, {})
        found = known.get(cause) if isinstance(known, dict) else None
        return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else None

    # -- facts, questions, events, timings -------------------------------------------------------------------------

    def put_facts(self, facts: Iterable[Fact]) -> None:
        """Keep facts; the same fact twice is one."""
        with self._transaction():
            for fact in facts:
                values = (fact.id, fact.subject.key, fact.attribute, fact.model_dump_json())
                self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?)", values)

    def facts(self) -> list[Fact]:
        return [Fact.model_validate_json(row["body"]) for row in self._rows("SELECT body FROM facts ORDER BY id")]

    def ask(self, question: Question) -> Asked:
        """Put a question, or find the same one put before."""
        body = question.model_dump_json()
        self._write("INSERT OR IGNORE INTO questions (body) VALUES (?)", (body,))
        return next(one for one in self.questions() if one.question == question)

    def answer(self, question: Question, answer: str, *, assumed: bool) -> None:
        self._write("UPDATE questions SET answer = ?, assumed = ? WHERE body = ?", (answer, int(assumed), question.model_dump_json()))

    def questions(self) -> list[Asked]:
        rows = self._rows("SELECT * FROM questions ORDER BY seq")
        return [Asked(Question.model_validate_json(row["body"]), row["answer"], bool(row["assumed"])) for row in rows]

    def tables(self, names: Iterable[str]) -> dict[str, list[dict[str, str | int | float | None]]]:
        """Rows of these tables as they are."""
        return {name: [dict(row) for row in self._rows(f"SELECT * FROM {name} ORDER BY rowid")] for name in names}  # noqa: S608 - our own names

    def restore(self, tables: Mapping[str, Sequence[Mapping[str, str | int | float | None]]]) -> None:
        """Rows that ``tables`` gave, of another run, into this empty one. Raises ``sqlite3.Error`` for rows that do not fit."""
        with self._transaction():
            for name, rows in tables.items():
                columns = [row["name"] for row in self._db.execute(f"PRAGMA table_info({name})")]
                for row in rows:
                    marks = ", ".join("?" * len(columns))
                    self._db.execute(f"INSERT INTO {name} VALUES ({marks})", [row.get(column) for column in columns])  # noqa: S608 - our own names

    def event(self, at: str, kind: str, body: JsonValue) -> None:
        self._write("INSERT INTO events (at, kind, body) VALUES (?, ?, ?)", (at, kind, canonical(body)))

    # -- language models -------------------------------------------------------------------------------------------

    def model_sent(self, call: ModelCall, document: str) -> int:
        """Record a request that is about to leave, with what it may cost at most. Returns its number."""
        self.blobs.put(document.encode())
        values = (call.request, call.role, call.prompt, call.model, call.usage.model_dump_json(), call.usd, call.price, now())
        with self._lock:
            cursor = self._db.execute(
                "INSERT INTO model_calls (request, role, prompt, model, error, usage, estimated, usd, price, seconds, sent_at) "
                "VALUES (?, ?, ?, ?, 'sent', ?, 1, ?, ?, 0, ?)",
                values,
            )
            return int(cursor.lastrowid or 0)

    def model_ended(self, number: int, call: ModelCall, reply: JsonValue) -> None:
        """Record what became of a request: its reply, or ``call.error``."""
        name = None if reply is None else self.blobs.put_json(reply)
        values = (name, call.error, call.usage.model_dump_json(), int(call.estimated), call.usd, call.price, call.seconds, number)
        self._write("UPDATE model_calls SET reply = ?, error = ?, usage = ?, estimated = ?, usd = ?, price = ?, seconds = ? WHERE seq = ?", values)

    def write_off(self) -> None:
        """Requests that a kill cut off are no longer held against what this run may spend; what they may have cost is kept (``lost_usd``)."""
        with self._transaction():
            (lost,) = self._db.execute("SELECT COALESCE(SUM(usd), 0) FROM model_calls WHERE error = ?", (UNDERWAY,)).fetchone()
            known = self.get(LOST_USD, 0.0)
            total = (float(known) if isinstance(known, int | float) else 0.0) + lost
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (LOST_USD, canonical(total)))
            self._db.execute("UPDATE model_calls SET error = ?, usage = ?, usd = 0 WHERE error = ?", (LOST, Usage().model_dump_json(), UNDERWAY))

    def model_reply(self, request: str) -> JsonValue:
        """The recorded reply to a request of that hash; ``None`` when it was never answered."""
        rows = self._rows("SELECT reply FROM model_calls WHERE request = ? AND reply IS NOT NULL ORDER BY seq LIMIT 1", (request,))
        return self.blobs.get_json(rows[0]["reply"]) if rows else None

    def model_calls(self) -> list[ModelCall]:
        """Every request that left, in order."""
        return [_model_call(row) for row in self._rows("SELECT * FROM model_calls ORDER BY seq")]

    def add_time(self, phase: str, seconds: float) -> None:
        self._write("INSERT INTO timings VALUES (?, ?) ON CONFLICT (phase) DO UPDATE SET seconds = seconds + excluded.seconds", (phase, seconds))

    def timings(self) -> dict[str, float]:
        return {row["phase"]: row["seconds"] for row in self._rows("SELECT * FROM timings")}

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


def _attempt(row: sqlite3.Row) -> Attempt:
    violations = None if row["violations"] is None else tuple(Violation.model_validate(one) for one in json.loads(row["violations"]))
    result = None if row["result"] is None else ExecutionResult.model_validate_json(row["result"])
    approved = None if row["approved"] is None else bool(row["approved"])
    return Attempt(row["step"], row["attempt"], row["script"], row["author"], violations, result, approved)


def _model_call(row: sqlite3.Row) -> ModelCall:
    return ModelCall(
        request=row["request"],
        role=row["role"],
        prompt=row["prompt"],
        model=row["model"],
        usage=Usage.model_validate_json(row["usage"]),
        reply=row["reply"],
        error=row["error"],
        estimated=bool(row["estimated"]),
        usd=row["usd"],
        price=row["price"],
        seconds=row["seconds"],
        sent_at=row["sent_at"],
    )


def scopes_of(store: RunStore) -> list[Scope]:
    """The scopes a run was begun with."""
    saved = store.get("scopes")
    return [Scope.model_validate(one) for one in saved] if isinstance(saved, list) else []


def new_run(home: Path) -> Path:
    """A fresh run directory, readable by its owner alone. Raises :class:`UsageError` when it cannot be written."""
    runs = home / "runs"
    try:
        runs.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            run_dir = runs / f"r-{secrets.token_hex(3)}"
            try:
                run_dir.mkdir(mode=0o700)
            except FileExistsError:
                continue
            return run_dir
    except OSError as error:
        raise UsageError(f"cannot write to {runs}: {error.strerror}", "set NEPHOSCOPE_HOME to a folder you may write to") from error


def find_run(home: Path, run_id: str) -> Path:
    """The directory of a run by its id or an unambiguous beginning of it. Raises :class:`UsageError`."""
    runs = home / "runs"
    found = [path for path in sorted(runs.glob("r-*")) if path.is_dir() and path.name.removeprefix("r-").startswith(run_id.removeprefix("r-"))]
    exact = [path for path in found if path.name.removeprefix("r-") == run_id.removeprefix("r-")]
    if len(exact or found) != 1:
        what = "no investigation" if not found else f"{len(found)} investigations"
        raise UsageError(f"{what} here with id {run_id!r}", "list them with: nephoscope runs")
    return (exact or found)[0]


@contextmanager
def locked(run_dir: Path) -> Iterator[None]:
    """Hold the run's lock. Raises :class:`UsageError` when another process does."""
    try:
        file = hold(run_dir / LOCK)
    except BlockingIOError as error:
        raise UsageError(f"investigation {run_dir.name} is already running", "wait for it, or stop the other process") from error
    except OSError as error:
        raise UsageError(f"cannot write to {run_dir}: {error.strerror}", "give it back to yourself, or free some space") from error
    with file:
        yield
