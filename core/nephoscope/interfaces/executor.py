"""Executor: runs a validated script in isolation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from nephoscope.models import ExecutionResult, Limits, Surroundings

Overrun = Callable[[], str | None]
"""Asked several times a second while a script runs: the name of a limit counted outside the sandbox that it went over, which ends it."""
ListenerReady = Callable[[int], Awaitable[Overrun | None]]
"""Called with the descriptor of the listening socket created inside the sandbox, before the script starts. The callee owns the descriptor."""


@runtime_checkable
class Executor(Protocol):
    """Lives in the boundary process, on its loop. Believed only after core's own probes, run through it, came back contained."""

    @property
    def name(self) -> str: ...
    @property
    def level(self) -> str:
        """``bubblewrap``, ``userns``, ``docker`` or ``none``."""

    def available(self) -> str | None:
        """``None`` when it can run here, else why not and what to do about it."""

    async def open(self, preloads: Sequence[str]) -> None:
        """Make ready. ``preloads``: modules to import once, before any script, where an interpreter is kept warm; bound in any case."""

    async def execute(
        self, source: str, surroundings: Surroundings, params: Mapping[str, object], limits: Limits, listener: ListenerReady
    ) -> ExecutionResult:
        """Run the script to its end or its limits. Cancelling kills it. Never raises for what a script did."""

    async def close(self) -> None: ...
