"""Store: a database that several machines share. What is kept in it, and how, is core's; how to reach it, and its dialect, are a pack's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

Value = str | int | float | bytes | None
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Statement:
    """SQL that SQLite and PostgreSQL both take, with ``?`` for values (and nowhere else), and the values of each time it is to be done."""

    sql: str
    each: Sequence[Sequence[Value]] = ((),)


@dataclass(frozen=True)
class Address:
    """Where a database is. Its password stands apart, and neither is in a repr."""

    url: str = field(repr=False)
    password: str = field(default="", repr=False)


class Database(Protocol):
    """One connection, or what stands for it; thread-safe. A connection that is lost is made again, and what was under way is done again, for a while.

    Every method raises ``StoreLost`` when that did not help, and ``UsageError`` for what may not be done.
    """

    @property
    def place(self) -> str:
        """Where it is, for people. Never with a password."""

    def has(self, table: str) -> bool:
        """Whether there is such a table."""

    def rows(self, sql: str, values: Sequence[Value] = ()) -> Sequence[Row]:
        """What a query finds."""

    def write(self, work: Sequence[Statement], *, guard: Statement | None = None) -> bool:
        """All of it, or none. ``guard``: is done first; where it changes nothing, nothing else is done either, and the answer is no.

        What was done may be done again when nobody can tell whether it was: it must come out the same.
        """

    def hold(self, name: str) -> bool:
        """Whether the name is ours now. Nobody else has it until we let go, or our process or machine is gone."""

    def let_go(self, name: str) -> None:
        """Others may have it. No error where it was not ours."""

    def held(self, names: Collection[str]) -> set[str]:
        """Those that somebody has, ourselves included."""

    def checkpointer(self, before: Callable[[], None]) -> AbstractContextManager[Any]:
        """LangGraph's saver of this database, its tables made. ``before`` is called ahead of each checkpoint; what it raises arrives."""

    def close(self) -> None:
        """What we hold is let go."""


@runtime_checkable
class Store(Protocol):
    """A kind of database. ``name``: the scheme of its URLs."""

    @property
    def name(self) -> str: ...

    def open(self, address: Address) -> Database:
        """Raises ``CredentialsError`` when it lets nobody in, ``EndpointError`` when it cannot be reached, ``UsageError`` for a URL that is none, or
        a database that does not exist.
        """
