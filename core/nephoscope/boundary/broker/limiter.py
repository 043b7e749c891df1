"""Request rates: a bucket for whatever the cloud limits together, at the published rate, slower after it asked to slow down."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from nephoscope.models import Call, Rate
from nephoscope.store.machine import Machine

UNPUBLISHED = Rate(bucket="", per_second=20.0, burst=40.0, source="no rate is published")
JITTER_SECONDS = 0.15
"""Calls do not arrive in the even steps in which they leave: so much of a burst is left, and of a slow rate proportionally more."""


class Limiter:
    """All buckets of this machine, as one investigation sees them."""

    def __init__(self, machine: Machine | None = None, *, unlimited: bool = False) -> None:
        """``unlimited``: a stand-in of our own answers, which limits nothing."""
        self._machine = machine or Machine(None)
        self._unlimited = unlimited
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="limiter")

    async def take(self, call: Call, rate: Rate | None) -> None:
        """Wait until the call may be sent."""
        if self._unlimited:
            return
        known = rate or UNPUBLISHED
        wait = await self._do(self._take, _key(call, known), known)
        if wait > 0:
            await asyncio.sleep(wait)

    async def throttled(self, call: Call, rate: Rate | None) -> None:
        """The cloud asked to slow down."""
        known = rate or UNPUBLISHED
        await self._do(self._slow, _key(call, known), known)

    def close(self) -> None:
        """Finish what is being written."""
        self._thread.shutdown(wait=True)
        self._machine.close()

    async def _do(self, work: Callable[[str, Rate], float], key: str, rate: Rate) -> float:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, key, rate)

    def _take(self, key: str, rate: Rate) -> float:
        try:
            return self._machine.take(key, _pace(rate), _burst(rate))
        except sqlite3.Error:  # the shared file is gone or full: go on at an even pace, alone
            self._machine = Machine(None)
            return self._machine.take(key, _pace(rate), _burst(rate))

    def _slow(self, key: str, rate: Rate) -> float:
        try:
            self._machine.slow(key, _burst(rate))
        except sqlite3.Error:
            self._machine = Machine(None)
        return 0.0


def _pace(rate: Rate) -> float:
    """A little below what is published: the less, the more calls there are to even out the jitter."""
    return rate.per_second * (1 - 0.13 / (1 + rate.per_second / 8))


def _burst(rate: Rate) -> float:
    return max(rate.burst / 2, rate.burst - rate.per_second * JITTER_SECONDS)


def _key(call: Call, rate: Rate) -> str:
    who = call.identity
    return "|".join((who.cloud, who.account, call.region, call.service, rate.bucket))
