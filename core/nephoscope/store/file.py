"""The interface of a shared database over a SQLite file: what one machine has, with the SQL that all have."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from nephoscope.interfaces import Address, Database, Statement, UsageError
from nephoscope.interfaces.store import Row, Value
from nephoscope.store.lock import hold
from nephoscope.store.sqlite import open_writer

SCHEME = "sqlite"


class FileDatabase:
    """One file. ``schema``: tables to make when they are missing, of that version."""

    def __init__(self, path: Path, schema: str = "", version: int = 0) -> None:
        self._path = path
        self._schema, self._version = schema, version
        self._lock = threading.RLock()
        self._holding: dict[str, IO[bytes]] = {}
        self._connection: sqlite3.Connection | None = open_writer(path, schema, version)

    def __getstate__(self) -> dict[str, Any]:
        return {"_path": self._path, "_schema": self._schema, "_version": self._version}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["_path"], state["_schema"], state["_version"])  # type: ignore[misc]

    @property
    def place(self) -> str:
        """See :class:`nephoscope.interfaces.Database`."""
        return str(self._path)

    def has(self, table: str) -> bool:
        """See :class:`nephoscope.interfaces.Database`."""
        return bool(self.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)))

    def rows(self, sql: str, values: Sequence[Value] = ()) -> Sequence[Row]:
        """See :class:`nephoscope.interfaces.Database`."""
        with self._open() as connection:
            return [dict(row) for row in connection.execute(sql, values)]

    def write(self, work: Sequence[Statement], *, guard: Statement | None = None) -> bool:
        """See :class:`nephoscope.interfaces.Database`."""
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                if guard and not sum(connection.execute(guard.sql, values).rowcount for values in guard.each):
                    connection.execute("ROLLBACK")
                    return False
                for one in work:
                    connection.executemany(one.sql, one.each)
                connection.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise
        return True

    def hold(self, name: str) -> bool:
        """See :class:`nephoscope.interfaces.Database`."""
        with self._lock:
            if name not in self._holding:
                with contextlib.suppress(BlockingIOError):
                    self._holding[name] = hold(self._lock_file(name))
                    return True
            return False

    def let_go(self, name: str) -> None:
        """See :class:`nephoscope.interfaces.Database`."""
        with self._lock:
            if held := self._holding.pop(name, None):
                held.close()

    def held(self, names: Collection[str]) -> set[str]:
        """See :class:`nephoscope.interfaces.Database`."""
        return {name for name in names if self._is_held(name)}

    @contextlib.contextmanager
    def checkpointer(self, before: Callable[[], None]) -> Iterator[Any]:
        """See :class:`nephoscope.interfaces.Database`. In a file of its own: LangGraph's tables are nobody else's."""
        from langgraph.checkpoint.sqlite import SqliteSaver

        class Saver(SqliteSaver):
            def put(self, *args: Any, **kwargs: Any) -> Any:
                before()
                return super().put(*args, **kwargs)

        path = self._path.with_suffix(".checkpoints")
        with contextlib.closing(sqlite3.connect(path, check_same_thread=False)) as connection:
            path.chmod(0o600)
            saver = Saver(connection)
            saver.setup()
            yield saver

    def close(self) -> None:
        """See :class:`nephoscope.interfaces.Database`."""
        with self._lock:
            for name in list(self._holding):
                self.let_go(name)
            if self._connection:
                self._connection.close()
            self._connection = None

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._connection is None:
                self._connection = open_writer(self._path, self._schema, self._version)
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise UsageError(f"{self._path} cannot be read or written: {error}", "free some space, or see whether it is damaged") from error

    def _lock_file(self, name: str) -> Path:
        folder = self._path.with_name(f"{self._path.name}.locks")
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / hashlib.sha256(name.encode()).hexdigest()[:24]

    def _is_held(self, name: str) -> bool:
        if name in self._holding:
            return True
        try:
            hold(self._lock_file(name)).close()
        except BlockingIOError:
            return True
        return False


class FileStore:
    """``sqlite:///PATH``: one file for several homes of one machine."""

    name = SCHEME

    def open(self, address: Address) -> Database:
        """See :class:`nephoscope.interfaces.Store`."""
        path = Path(address.url.removeprefix(f"{SCHEME}://"))
        if not path.is_absolute() or not path.parent.is_dir():
            raise UsageError(f"{address.url} names no file in a folder that exists", "write sqlite:///ABSOLUTE/PATH")
        return FileDatabase(path)
