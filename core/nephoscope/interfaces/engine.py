"""Engine: where pieces of work are carried out, such as the cells of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

Do = Callable[[Any, Any], Any]
"""Carries one piece of work out: it is given the piece and what all of them share. Where work is done elsewhere, it can be pickled."""


@dataclass(frozen=True)
class Ended:
    """A piece of work that has ended: its result, or what it raised. ``lost``: so often whoever did it was lost, and it was begun again."""

    name: str
    result: Any = None
    error: BaseException | None = None
    lost: int = 0


class Crew(Protocol):
    """Those who work. ``shared``: its methods reach one object, wherever they are called; what they raise arrives."""

    @property
    def shared(self) -> Any: ...

    def run(self, do: Do, work: Mapping[str, Any]) -> Iterator[Ended]:
        """Each piece once in the result, when it has ended; begun in the order given. A piece may be carried out again when its worker was lost,
        and ends as :class:`WorkLost` when that does not stop.
        """


@runtime_checkable
class Engine(Protocol):
    """``here``: whether work is done by this process, on its files."""

    @property
    def name(self) -> str: ...

    @property
    def here(self) -> bool: ...

    def opened(self, shared: object, *, jobs: int, address: str) -> AbstractContextManager[Crew]:
        """Ready to work, ``jobs`` pieces at a time; 0: as many as it thinks fit.

        ``shared`` is pickled where it is to live elsewhere, but on this machine. Raises ``UsageError`` or ``EndpointError`` for an address that is
        none.
        """
