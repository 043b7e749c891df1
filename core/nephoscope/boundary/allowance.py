"""How much one script may ask of the clouds before it is ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from nephoscope.boundary.broker.resume import Attempt
from nephoscope.models import Limits, WireReply, WireRequest


class Allowance:
    """Counts the requests of one run. What comes after a limit is never looked at: it waits for the end that is near."""

    def __init__(self, limits: Limits, attempt: Attempt, handle: Callable[[WireRequest, Attempt], Awaitable[WireReply]]) -> None:
        self._limits = limits
        self._attempt = attempt
        self._handle = handle
        self._asked = 0

    def overrun(self) -> str | None:
        """The limit that the script went over."""
        if self._asked > self._limits.calls:
            return "calls"
        return "paid_calls" if self._attempt.paid > self._limits.paid_calls else None

    async def handle(self, request: WireRequest) -> WireReply:
        """The reply to a request within the limits."""
        self._asked += 1
        if self.overrun():
            await asyncio.Event().wait()
        return await self._handle(request, self._attempt)
