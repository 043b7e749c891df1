"""What the engine may ask of the boundary, one method each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from nephoscope import __version__
from nephoscope.boundary.broker.purse import Empty
from nephoscope.boundary.investigation import Investigation, open_investigation
from nephoscope.boundary.isolation import Isolation, choose
from nephoscope.boundary.protocol import VERSION, Opening, Pointer
from nephoscope.interfaces import Executor, UsageError, Wire
from nephoscope.models import JsonValue, Read
from nephoscope.store import Position

Method = Callable[[Mapping[str, Any]], Awaitable[Any]]


class Service:
    """Holds the opened investigations. Every method takes and returns plain JSON."""

    def __init__(self, wires: Mapping[str, Wire], executors: Mapping[str, Executor], on_event: Callable[[Mapping[str, JsonValue]], None]) -> None:
        self._wires = wires
        self._executors = executors
        self._on_event = on_event
        self._open: dict[str, Investigation] = {}
        self._ready: dict[str, Isolation] = {}
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
        await asyncio.gather(*(each.executor.close() for each in self._ready.values()), return_exceptions=True)

    async def _hello(self, _: Mapping[str, Any]) -> Any:
        return {"protocol": VERSION, "version": __version__, "clouds": sorted(self._wires), "executors": sorted(self._executors)}

    async def _open_lease(self, arguments: Mapping[str, Any]) -> Any:
        opening = Opening.model_validate(arguments)
        isolation = await self._isolation(opening.executor)
        opened = await open_investigation(opening, self._wires, isolation, self._on_event)
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

    async def _probe(self, arguments: Mapping[str, Any]) -> Any:
        isolation = await self._isolation(str(arguments.get("executor", "auto")))
        return {"executor": isolation.executor.name, "isolation": isolation.level, "promises": dict(isolation.promises), "note": isolation.note}

    async def _close(self, arguments: Mapping[str, Any]) -> Any:
        opened = self._of(arguments)
        del self._open[opened.lease.id]
        await opened.close()

    async def _isolation(self, wanted: str) -> Isolation:
        if wanted not in self._ready:
            isolation = choose(self._executors, wanted)
            await isolation.executor.open(())
            self._ready[wanted] = isolation
        return self._ready[wanted]

    def _of(self, arguments: Mapping[str, Any]) -> Investigation:
        lease = str(arguments.get("lease"))
        if lease not in self._open:
            raise UsageError("the lease is not open")
        return self._open[lease]
