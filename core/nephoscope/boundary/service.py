"""What the engine may ask of the boundary, one method each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from nephoscope import __version__
from nephoscope.boundary.broker.purse import Empty
from nephoscope.boundary.investigation import Investigation, open_investigation
from nephoscope.boundary.isolation import NONE, Isolation, choose
from nephoscope.boundary.protocol import VERSION, Opening, Pointer
from nephoscope.boundary.sandbox import self_test
from nephoscope.interfaces import Executor, IsolationError, UsageError, Wire
from nephoscope.models import JsonValue, Read
from nephoscope.store import Position

Method = Callable[[Mapping[str, Any]], Awaitable[Any]]


class Service:
    """Holds the opened investigations. Every method takes and returns plain JSON."""

    def __init__(
        self,
        wires: Mapping[str, Wire],
        executors: Mapping[str, Executor],
        on_event: Callable[[Mapping[str, JsonValue]], None],
        preloads: Sequence[str] = (),
    ) -> None:
        self._wires = wires
        self._executors = executors
        self._preloads = preloads
        self._on_event = on_event
        self._open: dict[str, Investigation] = {}
        self._chosen: dict[tuple[str, bool, tuple[str, ...] | None], asyncio.Task[Isolation]] = {}
        self._methods: Mapping[str, Method] = {
            "hello": self._hello,
            "open": self._open_lease,
            "inventory": self._inventory,
            "execute": self._execute,
            "reserve": self._reserve,
            "settle": self._settle,
            "spent": self._spent,
            "same": self._same,
            "probe": self._probe,
            "close": self._close,
        }

    async def call(self, method: str, arguments: Mapping[str, Any]) -> Any:
        """Run one method. Raises the errors of :mod:`nephoscope.interfaces.errors`."""
        if method not in self._methods:
            raise UsageError(f"the boundary has no method {method!r}")
        return await self._methods[method](arguments)

    async def shutdown(self) -> None:
        """Kill every script and close every record."""
        opened, self._open = list(self._open.values()), {}
        await asyncio.gather(*(each.close() for each in opened), return_exceptions=True)
        chosen = [task.result() for task in self._chosen.values() if task.done() and not task.exception()]
        await asyncio.gather(*(each.executor.close() for each in chosen), return_exceptions=True)

    async def _hello(self, _: Mapping[str, Any]) -> Any:
        return {"protocol": VERSION, "version": __version__, "clouds": sorted(self._wires), "executors": sorted(self._executors)}

    async def _open_lease(self, arguments: Mapping[str, Any]) -> Any:
        opening = Opening.model_validate(arguments)
        for former in [each for each in self._open.values() if each.run_dir == opening.run_dir]:  # a record has one writer
            del self._open[former.lease.id]
            await former.close()
        opened = await open_investigation(
            opening, self._wires, self._isolation(opening.executor, opening.executors, demo=opening.demo), self._on_event
        )
        self._open[opened.lease.id] = opened
        return opened.lease.model_dump(mode="json")

    async def _inventory(self, arguments: Mapping[str, Any]) -> Any:
        return await self._of(arguments).inventory([Read.model_validate(read) for read in arguments["reads"]])

    async def _execute(self, arguments: Mapping[str, Any]) -> Any:
        position = Position(int(arguments["step"]), int(arguments["attempt"]), str(arguments["script_hash"]))
        if position.step < 1:
            raise UsageError("steps of scripts count from 1; step 0 is the broker's own")
        result = await self._of(arguments).execute(position, str(arguments["author"]), arguments.get("params") or {})
        return result.model_dump(mode="json")

    async def _reserve(self, arguments: Mapping[str, Any]) -> Any:
        try:
            self._of(arguments).reserve(float(arguments["usd"]))
        except Empty as error:
            return {"granted": False, "reason": str(error)}
        return {"granted": True, "reason": ""}

    async def _settle(self, arguments: Mapping[str, Any]) -> Any:
        await self._of(arguments).settle(float(arguments["reserved"]), float(arguments["usd"]))

    async def _spent(self, arguments: Mapping[str, Any]) -> Any:
        return self._of(arguments).spent().model_dump(mode="json")

    async def _same(self, arguments: Mapping[str, Any]) -> Any:
        return self._of(arguments).same(Pointer.model_validate(arguments["a"]), Pointer.model_validate(arguments["b"]))

    async def _probe(self, _: Mapping[str, Any]) -> Any:
        return [await _probed(executor, self._preloads) for executor in self._executors.values()]

    async def _close(self, arguments: Mapping[str, Any]) -> Any:
        opened = self._of(arguments)
        del self._open[opened.lease.id]
        await opened.close()

    async def _isolation(self, wanted: str, allowed: tuple[str, ...] | None, *, demo: bool) -> Isolation:
        """Chosen once and kept, because finding out what holds takes a second."""
        key = wanted, demo, allowed
        known = {name: one for name, one in self._executors.items() if allowed is None or name in allowed}
        if key not in self._chosen or (self._chosen[key].done() and self._chosen[key].exception()):
            self._chosen[key] = asyncio.ensure_future(choose(known, wanted, demo=demo, preloads=self._preloads))
        return await asyncio.shield(self._chosen[key])

    def _of(self, arguments: Mapping[str, Any]) -> Investigation:
        lease = str(arguments.get("lease"))
        if lease not in self._open:
            raise UsageError("the lease is not open")
        return self._open[lease]


async def _probed(executor: Executor, preloads: Sequence[str]) -> dict[str, Any]:
    """What one executor holds here, tried from inside."""
    found: dict[str, Any] = {"executor": executor.name, "isolation": executor.level, "why_not": executor.available(), "promises": []}
    if found["why_not"] is not None or executor.level == NONE:  # probes do what must not be possible: never without walls
        return found
    try:
        await executor.open(preloads)
        found["note"] = getattr(executor, "note", "")
        found["promises"] = [promise.model_dump(mode="json") for promise in await self_test(executor)]
    except IsolationError as error:
        found["why_not"] = f"{error.message} {error.hint}".strip()
    return found
