"""Tables of a database that machines share: those of a run's files with one more column, and what belongs to no single run.

Forward only: a step is added and none is changed. The types are spelt so that SQLite and PostgreSQL both know them.
"""

from __future__ import annotations

import time

from nephoscope.interfaces import Database, Statement, UsageError

LOCK = "schema"
PATIENCE = 30.0
_PLACE = "run TEXT NOT NULL, seq BIGINT NOT NULL, {id} TEXT NOT NULL, step BIGINT NOT NULL, attempt BIGINT NOT NULL, script_hash TEXT NOT NULL"
_CALL = (
    "origin TEXT NOT NULL, question TEXT NOT NULL, occurrence BIGINT NOT NULL, identity TEXT, region TEXT NOT NULL, service TEXT NOT NULL, "
    "operation TEXT NOT NULL, params TEXT NOT NULL"
)
_WHOSE = "cloud TEXT NOT NULL, account TEXT NOT NULL, principal TEXT NOT NULL"
_FIRST = (
    "CREATE TABLE runs (id TEXT PRIMARY KEY, owner TEXT NOT NULL, host TEXT NOT NULL, begun TEXT NOT NULL, turn BIGINT NOT NULL, "
    "summary TEXT NOT NULL, reserved DOUBLE PRECISION NOT NULL, changed_at TEXT NOT NULL)",
    "CREATE TABLE run_blobs (run TEXT NOT NULL, name TEXT NOT NULL, data BYTEA NOT NULL, PRIMARY KEY (run, name))",
    "CREATE TABLE run_documents (run TEXT NOT NULL, name TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (run, name))",
    "CREATE TABLE run_meta (run TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (run, key))",
    "CREATE TABLE run_steps (run TEXT NOT NULL, step BIGINT NOT NULL, body TEXT NOT NULL, status TEXT NOT NULL, planned_at TEXT NOT NULL, "
    "seconds DOUBLE PRECISION NOT NULL, PRIMARY KEY (run, step))",
    "CREATE TABLE run_attempts (run TEXT NOT NULL, step BIGINT NOT NULL, attempt BIGINT NOT NULL, script TEXT NOT NULL, author TEXT NOT NULL, "
    "violations TEXT, result TEXT, approved BIGINT, intended_at TEXT NOT NULL, PRIMARY KEY (run, step, attempt))",
    "CREATE TABLE run_facts (run TEXT NOT NULL, id TEXT NOT NULL, subject TEXT NOT NULL, attribute TEXT NOT NULL, body TEXT NOT NULL, "
    "PRIMARY KEY (run, id))",
    "CREATE TABLE run_questions (run TEXT NOT NULL, seq BIGINT NOT NULL, body TEXT NOT NULL, answer TEXT, assumed BIGINT NOT NULL, "
    "PRIMARY KEY (run, seq))",
    "CREATE TABLE run_events (run TEXT NOT NULL, seq BIGINT NOT NULL, at TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, "
    "PRIMARY KEY (run, seq))",
    "CREATE TABLE run_model_calls (run TEXT NOT NULL, seq BIGINT NOT NULL, request TEXT NOT NULL, role TEXT NOT NULL, prompt TEXT NOT NULL, "
    "model TEXT NOT NULL, reply TEXT, error TEXT, usage TEXT NOT NULL, estimated BIGINT NOT NULL, usd DOUBLE PRECISION, price TEXT NOT NULL, "
    "seconds DOUBLE PRECISION NOT NULL, sent_at TEXT NOT NULL, PRIMARY KEY (run, seq))",
    "CREATE TABLE run_timings (run TEXT NOT NULL, phase TEXT NOT NULL, seconds DOUBLE PRECISION NOT NULL, PRIMARY KEY (run, phase))",
    f"CREATE TABLE ledger_calls ({_PLACE.format(id='call_id')}, {_CALL}, tier TEXT NOT NULL, decision TEXT NOT NULL, permission TEXT, "
    "sent_at TEXT NOT NULL, sends BIGINT NOT NULL, PRIMARY KEY (run, seq))",
    "CREATE TABLE ledger_answers (run TEXT NOT NULL, call_id TEXT NOT NULL, status BIGINT NOT NULL, error TEXT, blob TEXT NOT NULL, "
    "wire TEXT NOT NULL, chain TEXT NOT NULL, next_page TEXT, cached_from TEXT, usd DOUBLE PRECISION, seconds DOUBLE PRECISION NOT NULL, "
    "answered_at TEXT NOT NULL, PRIMARY KEY (run, call_id))",
    f"CREATE TABLE ledger_refusals ({_PLACE.format(id='refusal_id')}, {_CALL}, what TEXT NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL, "
    "tier TEXT, needs TEXT NOT NULL, permission TEXT, refused_at TEXT NOT NULL, PRIMARY KEY (run, seq))",
    "CREATE TABLE ledger_charges (run TEXT NOT NULL, seq BIGINT NOT NULL, holder TEXT NOT NULL, usd DOUBLE PRECISION NOT NULL, "
    "charged_at TEXT NOT NULL, PRIMARY KEY (run, seq))",
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE cells (key TEXT PRIMARY KEY, body TEXT NOT NULL, ended_at TEXT NOT NULL)",
    f"CREATE TABLE facts ({_WHOSE}, subject TEXT NOT NULL, attribute TEXT NOT NULL, native_type TEXT NOT NULL, kind TEXT NOT NULL, "
    "name TEXT NOT NULL, ref TEXT NOT NULL, value TEXT NOT NULL, absent BIGINT NOT NULL, observed_at TEXT NOT NULL, run TEXT NOT NULL, "
    "PRIMARY KEY (cloud, account, principal, subject, attribute))",
    f"CREATE TABLE edges ({_WHOSE}, source TEXT NOT NULL, relation TEXT NOT NULL, target TEXT NOT NULL, run TEXT NOT NULL, "
    "PRIMARY KEY (cloud, account, principal, source, relation, target))",
    f"CREATE TABLE outcomes ({_WHOSE}, cause TEXT NOT NULL, subject TEXT NOT NULL, run TEXT NOT NULL, at TEXT NOT NULL, "
    "PRIMARY KEY (cloud, account, principal, cause, subject, run))",
    f"CREATE TABLE strangers ({_WHOSE}, word TEXT NOT NULL, run TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (cloud, account, principal, word))",
)
STEPS: tuple[tuple[str, ...], ...] = (_FIRST,)
"""What leads from each version to the next."""


def version_of(database: Database) -> int:
    """The version of its tables; 0: it has none."""
    rows = database.rows("SELECT version FROM schema_version") if database.has("schema_version") else ()
    return int(rows[0]["version"]) if rows else 0


def prepare(database: Database) -> None:
    """Bring the tables up to date; whoever comes first does. Raises ``UsageError`` when they are of a newer version, or may not be made."""
    if _known(database) == len(STEPS):
        return
    deadline = time.monotonic() + PATIENCE
    while not database.hold(LOCK):
        if time.monotonic() > deadline:
            raise UsageError(f"another process has been changing the tables of {database.place} for long", "see what it is, and try again")
        time.sleep(0.1)
    try:
        for version in range(_known(database), len(STEPS)):
            steps = [Statement(sql) for sql in STEPS[version]]
            kept = [
                Statement("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)"),
                Statement("DELETE FROM schema_version"),
                Statement("INSERT INTO schema_version VALUES (?)", ((version + 1,),)),
            ]
            database.write([*kept, *steps])
    finally:
        database.let_go(LOCK)


def _known(database: Database) -> int:
    found = version_of(database)
    if found > len(STEPS):
        message = f"{database.place} was made by a newer version (schema {found}, this program knows {len(STEPS)})"
        raise UsageError(message, "upgrade nephoscope on this machine")
    return found
