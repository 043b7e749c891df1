"""Sending one call: on a worker thread, at the cloud's pace, again where that helps, and redacted before anything else sees the reply."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal

from nephoscope.boundary.broker.limiter import Limiter
from nephoscope.boundary.broker.redaction import Redactor, hidden_in
from nephoscope.interfaces import CredentialsError, EndpointError, Session, Wire
from nephoscope.models import Call, Json, JsonValue, Reply, Tier, WireReply, texts

THREADS = 32
MAX_REPLY = 32 * 1024 * 1024
MAX_SENDS: Mapping[str, int] = {"throttled": 6, "server": 3, "endpoint": 2}
"""How often a call is sent at most, by what went wrong with it."""
FIRST_WAIT = 0.2
LONGEST_WAIT = 5.0

Trouble = Literal["", "throttled", "server", "endpoint"]
Again = Callable[[], Awaitable[None]]
"""Asked before a call is sent once more; reserves and records it, or raises."""


@dataclass(frozen=True)
class Fetched:
    """What came back, redacted. ``wire`` is ``None`` when nothing came that a script could be given."""

    status: int
    error: str | None
    document: JsonValue
    wire: WireReply | None
    next_page: Mapping[str, Json] | None
    usd: float | None
    size: int
    seconds: float
    trouble: Trouble = ""
    note: str = ""
    at: str = ""
    """When the cloud said it; empty: now."""


class Upstream:
    """The one place that sends, and the one retry policy."""

    def __init__(self, redactor: Redactor, limiter: Limiter | None = None) -> None:
        self._redactor = redactor
        self._limiter = limiter or Limiter()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="send")

    async def fetch(self, wire: Wire, session: Session, call: Call, tier: Tier, again: Again) -> Fetched:
        """Send, waiting and repeating as needed. Raises ``CredentialsError``, or whatever ``again`` raises."""
        rate = wire.rate(call)
        sends = 0
        while True:
            await self._limiter.take(call, rate)
            sends += 1
            fetched = await asyncio.get_running_loop().run_in_executor(self._pool, partial(self._once, wire, session, call, tier))
            if not fetched.trouble:
                return fetched
            if fetched.trouble == "throttled":
                await self._limiter.throttled(call, rate)
            if sends >= MAX_SENDS[fetched.trouble]:
                return fetched
            await asyncio.sleep(min(LONGEST_WAIT, FIRST_WAIT * 2 ** (sends - 1)) * (0.5 + random.random() / 2))  # noqa: S311 - jitter
            await again()

    def close(self) -> None:
        """Send nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._limiter.close()

    def _once(self, wire: Wire, session: Session, call: Call, tier: Tier) -> Fetched:
        start = time.monotonic()
        try:
            raw = session.send(call)
        except CredentialsError:
            raise
        except EndpointError as error:
            return _nothing(0, "EndpointError", time.monotonic() - start, str(error), "endpoint")
        except Exception as error:
            return _nothing(0, "SendError", time.monotonic() - start, f"{type(error).__name__}: {error}", "")
        if len(raw.body) > MAX_REPLY:
            return _nothing(raw.status, "ReplyTooLarge", time.monotonic() - start, f"{len(raw.body)} bytes", "")
        try:
            return self._read(wire, call, raw, tier, time.monotonic() - start)
        except Exception as error:
            return _nothing(raw.status, "UnreadableReply", time.monotonic() - start, f"not what the service answers: {type(error).__name__}", "")

    def _read(self, wire: Wire, call: Call, raw: WireReply, tier: Tier, seconds: float) -> Fetched:
        trouble: Trouble = ""
        if raw.status >= 400:
            trouble = "throttled" if wire.throttled(wire.parse(call, raw)) else "server" if raw.status >= 500 else ""
        redacted, reply = self._redact(wire, call, raw, tier)
        return Fetched(
            status=reply.status,
            error=reply.error,
            document=reply.document,
            wire=redacted,
            next_page=None if reply.error else wire.next_page(reply),
            usd=wire.price(call, raw).usd,
            size=len(raw.body),
            seconds=seconds,
            trouble=trouble,
        )

    def _redact(self, wire: Wire, call: Call, raw: WireReply, tier: Tier) -> tuple[WireReply, Reply]:
        hide = self._redactor.shape if tier == Tier.SHAPE else self._redactor.hide
        redacted = wire.redact(call, raw, hide)
        reply = wire.parse(call, redacted)
        if not reply.error and hidden_in(wire.next_page(reply)):
            # A page token looks like a secret. It must survive, and only the raw reply says which string it is.
            tokens = frozenset(texts(wire.next_page(wire.parse(call, raw)))) - frozenset(texts(call.params))
            redacted = wire.redact(call, raw, lambda path, value: value if value in tokens else hide(path, value))
            reply = wire.parse(call, redacted)
        return redacted, reply


def _nothing(status: int, error: str, seconds: float, note: str, trouble: Trouble) -> Fetched:
    return Fetched(status, error, None, None, None, 0.0, 0, seconds, trouble, note)
