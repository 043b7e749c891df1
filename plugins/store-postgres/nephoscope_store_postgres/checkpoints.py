"""LangGraph's own saver for PostgreSQL, on a connection that is made again when it is lost."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import psycopg
from langgraph.checkpoint.postgres import PostgresSaver

from nephoscope.interfaces import UsageError

if TYPE_CHECKING:
    from nephoscope_store_postgres.database import PostgresDatabase

LOCK = "checkpoint tables"
PATIENCE = 60.0


class Checkpoints(PostgresSaver):
    """``before`` is called ahead of each checkpoint."""

    def __init__(self, database: PostgresDatabase, before: Callable[[], None]) -> None:
        super().__init__(database.reconnect())
        self._database = database
        self._before = before

    def prepare(self) -> None:
        """Make its tables, or bring them up to date; one process at a time. Raises ``UsageError`` when they may not be made."""
        if self._ready():
            return
        deadline = time.monotonic() + PATIENCE
        while not self._database.hold(LOCK):
            if time.monotonic() > deadline:
                raise UsageError(f"another process has been making tables in {self._database.place} for long", "see what it is, and try again")
            time.sleep(0.1)
        try:
            self.setup()
        finally:
            self._database.let_go(LOCK)

    def put(self, *args: Any, **kwargs: Any) -> Any:
        """See :class:`PostgresSaver`."""
        self._before()
        return super().put(*args, **kwargs)

    def close(self) -> None:
        """The connection is closed."""
        with contextlib.suppress(psycopg.Error):
            self._conn().close()

    def _ready(self) -> bool:
        if not self._database.has("checkpoint_migrations"):
            return False
        rows = self._database.rows("SELECT max(v) AS v FROM checkpoint_migrations")
        return bool(rows[0]["v"] == len(self.MIGRATIONS) - 1)

    def _conn(self) -> psycopg.Connection[Any]:
        return self.conn  # type: ignore[return-value]

    @contextlib.contextmanager
    def _cursor(self, *, pipeline: bool = False) -> Iterator[Any]:
        if self._conn().closed:
            self.conn = self._database.reconnect()
        try:
            with super()._cursor(pipeline=pipeline) as cursor:
                yield cursor
        except psycopg.Error as error:
            raise self._database.trouble(error) from None
