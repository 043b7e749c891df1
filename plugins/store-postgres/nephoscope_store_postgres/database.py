"""One connection to PostgreSQL: made again when it is lost, with what we hold."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from nephoscope.interfaces import Address, NephoscopeError, Statement, UsageError
from nephoscope.interfaces.store import Row, Value
from nephoscope_store_postgres import trouble

SCHEMA = "nephoscope"
PATIENCE = 20.0
"""Seconds for which a connection that is lost is made again, ..."""
IMPATIENCE = 2.0
"""... and where it did not come back before."""
_PAUSE = 0.5
_HELD = """
SELECT ((classid::bigint << 32) | objid::bigint) AS key FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_CONNECTING: dict[str, Any] = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "application_name": "nephoscope",
    "client_encoding": "utf8",
}
"""Whoever vanishes is noticed within half a minute, on both sides. What the URL says counts more."""
_SERVING = " ".join(
    f"-c {name}={value}"
    for name, value in (
        ("statement_timeout", 120_000), ("tcp_keepalives_idle", 15), ("tcp_keepalives_interval", 5), ("tcp_keepalives_count", 3),
        ("tcp_user_timeout", 30_000),
    )
)  # fmt: skip
"""What the server does for our session: whoever vanishes holds nothing for long."""
_AGAIN = (psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
T = TypeVar("T")
Connection = psycopg.Connection[dict[str, Any]]


class PostgresDatabase:
    """Pickled, it is an address; the connection is made where it is used."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._holding: set[str] = set()
        self._lock = threading.RLock()
        self._connection: Connection | None = None
        self._patience = PATIENCE
        self.place = _place(address.url)

    def __getstate__(self) -> dict[str, Any]:
        return {"address": self._address}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["address"])  # type: ignore[misc]

    def opened(self) -> PostgresDatabase:
        """Itself, with a connection. Raises as :class:`nephoscope.interfaces.Store` says."""
        with self._lock:
            self._connection = self._connect()
        return self

    def has(self, table: str) -> bool:
        """See :class:`nephoscope.interfaces.Database`."""
        return self.rows("SELECT to_regclass(?) AS found", (f"{SCHEMA}.{table}",))[0]["found"] is not None

    def rows(self, sql: str, values: Sequence[Value] = ()) -> Sequence[Row]:
        """See :class:`nephoscope.interfaces.Database`."""
        return self._done(lambda connection: connection.execute(_spelt(sql), values).fetchall())

    def write(self, work: Sequence[Statement], *, guard: Statement | None = None) -> bool:
        """See :class:`nephoscope.interfaces.Database`."""

        def once(connection: Connection) -> bool:
            with connection.transaction(), connection.cursor() as cursor:
                if guard:
                    cursor.executemany(_spelt(guard.sql), guard.each)
                    if not cursor.rowcount:
                        return False
                for one in work:
                    _execute(cursor, one)
            return True

        return self._done(once)

    def hold(self, name: str) -> bool:
        """See :class:`nephoscope.interfaces.Database`."""
        with self._lock:
            if name in self._holding:
                return False
            if self._done(lambda connection: _taken(connection, name)):
                self._holding.add(name)
                return True
            return False

    def let_go(self, name: str) -> None:
        """See :class:`nephoscope.interfaces.Database`. A connection that is gone has let go of everything."""
        with self._lock:
            if name not in self._holding:
                return
            self._holding.discard(name)
            with contextlib.suppress(*_AGAIN):
                if self._connection:
                    self._connection.execute("SELECT pg_advisory_unlock(%s)", (_key(name),))

    def held(self, names: Collection[str]) -> set[str]:
        """See :class:`nephoscope.interfaces.Database`."""
        if not names:
            return set()
        keys = {row["key"] for row in self.rows(_HELD)}
        return {name for name in names if _key(name) in keys}

    @contextlib.contextmanager
    def checkpointer(self, before: Callable[[], None]) -> Iterator[Any]:
        """See :class:`nephoscope.interfaces.Database`."""
        from nephoscope_store_postgres.checkpoints import Checkpoints

        with contextlib.closing(Checkpoints(self, before)) as saver:
            saver.prepare()
            yield saver

    def connect(self) -> Connection:
        """Another connection of the same kind. Raises as :class:`nephoscope.interfaces.Store` says."""
        told = {**_CONNECTING, **({"password": self._address.password} if self._address.password else {})}
        given = conninfo_to_dict(self._address.url)
        told = {key: value for key, value in told.items() if key not in given}
        own = f"-c search_path={SCHEMA} {_SERVING}"
        options = f"{given.get('options') or ''} {own}".strip()
        try:
            made: Any = psycopg.connect(
                self._address.url, **{**told, "options": options}, autocommit=True, row_factory=dict_row, prepare_threshold=None
            )
        except psycopg.Error as error:
            raise trouble.unreachable(error, self.place, self._secret) from None
        return made  # type: ignore[no-any-return]

    def reconnect(self) -> Connection:
        """As :meth:`connect`, where one was there before: raises ``StoreLost``."""
        try:
            return self.connect()
        except NephoscopeError as error:
            raise trouble.lost(self.place, error, self._secret) from None

    def trouble(self, error: psycopg.Error) -> NephoscopeError:
        """What went wrong, in our words."""
        if isinstance(error, _AGAIN):
            return trouble.lost(self.place, error, self._secret)
        return trouble.refused(error, self.place, self._secret)

    def close(self) -> None:
        """See :class:`nephoscope.interfaces.Database`. The server would notice, a moment later."""
        with self._lock:
            with contextlib.suppress(psycopg.Error):
                if self._connection and self._holding:
                    self._connection.execute("SELECT pg_advisory_unlock_all()")
            self._drop()
            self._holding.clear()

    @property
    def _secret(self) -> str:
        return self._address.password or str(conninfo_to_dict(self._address.url).get("password") or "")

    def _done(self, what: Callable[[Connection], T]) -> T:
        """Once, or again on a new connection. What is tried again comes out the same."""
        deadline = time.monotonic() + self._patience
        with self._lock:
            while True:
                try:
                    if self._connection is None:
                        self._connection = self._again()
                    done = what(self._connection)
                    self._patience = PATIENCE
                    return done
                except psycopg.errors.DiskFull as error:
                    raise trouble.refused(error, self.place, self._secret) from None
                except _AGAIN as error:
                    if not isinstance(error, psycopg.errors.DeadlockDetected):
                        self._drop()
                    self._lost_after(deadline, error)
                except psycopg.Error as error:
                    raise trouble.refused(error, self.place, self._secret) from None
                except NephoscopeError as error:
                    self._lost_after(deadline, error)
                time.sleep(_PAUSE)

    def _lost_after(self, deadline: float, error: Exception) -> None:
        """Raises ``StoreLost`` once the time is over."""
        if time.monotonic() > deadline:
            self._patience = IMPATIENCE
            raise trouble.lost(self.place, error, self._secret) from None

    def _connect(self) -> Connection:
        connection = self.connect()
        if connection.execute("SELECT to_regnamespace(%s) AS found", (SCHEMA,)).fetchall()[0]["found"] is None:
            try:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            except psycopg.errors.UniqueViolation:
                pass  # somebody else did, this moment
            except psycopg.Error as error:
                connection.close()
                raise trouble.refused(error, self.place, self._secret) from None
        return connection

    def _again(self) -> Connection:
        """A new connection with what we held on the old one, as far as nobody else has taken it meanwhile."""
        connection = self._connect()
        self._holding = {name for name in self._holding if _taken(connection, name)}
        return connection

    def _drop(self) -> None:
        with contextlib.suppress(psycopg.Error):
            if self._connection:
                self._connection.close()
        self._connection = None


def _place(url: str) -> str:
    """Raises ``UsageError`` for a URL that is none, without repeating it: a password may be in it."""
    try:
        told = conninfo_to_dict(url)
    except psycopg.Error:  # its words repeat all of it
        hint = "write postgresql://USER@HOST:PORT/DATABASE; special characters of a password as %XX"
        raise UsageError("store.url is no address of a PostgreSQL database", hint) from None
    if not str(told.get("port") or 0).replace(",", "").isdigit():
        raise UsageError(f"store.url has {told['port']!r} where a port belongs", "write postgresql://USER@HOST:PORT/DATABASE")
    host = str(told.get("host") or "localhost")
    port = f":{told['port']}" if told.get("port") else ""
    return f"{told.get('dbname') or told.get('user') or 'postgres'} on {host}{port}"


def _spelt(sql: str) -> Any:
    return sql.replace("%", "%%").replace("?", "%s")


def _execute(cursor: psycopg.Cursor[dict[str, Any]], one: Statement) -> None:
    if list(one.each) == [()]:
        cursor.execute(_spelt(one.sql))
        return
    cursor.executemany(_spelt(one.sql), [[_clean(value) for value in values] for values in one.each])


def _clean(value: Value) -> Value:
    """PostgreSQL's text holds everything but the character nought."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def _key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


def _taken(connection: Connection, name: str) -> bool:
    return bool(connection.execute("SELECT pg_try_advisory_lock(%s) AS taken", (_key(name),)).fetchall()[0]["taken"])
