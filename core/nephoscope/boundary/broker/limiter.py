"""Request rates: one bucket per account, region and service, slower after the cloud asked to slow down."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

START_RATE = 40.0
MAX_RATE = 100.0
MIN_RATE = 0.5
BURST = 80.0


@dataclass
class Bucket:
    """Tokens per second, adapted: less by a third when throttled, a little more with every success."""

    rate: float = START_RATE
    tokens: float = BURST
    updated: float = field(default_factory=time.monotonic)

    async def take(self) -> None:
        """Wait for a token."""
        while True:
            moment = time.monotonic()
            self.tokens = min(BURST, self.tokens + (moment - self.updated) * self.rate)
            self.updated = moment
            if self.tokens >= 1:
                self.tokens -= 1
                return
            await asyncio.sleep((1 - self.tokens) / self.rate)

    def throttled(self) -> None:
        """The cloud asked to slow down."""
        self.rate = max(MIN_RATE, self.rate * 0.7)
        self.tokens = min(self.tokens, 1.0)

    def succeeded(self) -> None:
        """A call went through."""
        self.rate = min(MAX_RATE, self.rate + 0.2)


class Limiter:
    """All buckets of an investigation."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str, str], Bucket] = {}

    def bucket(self, account: str, region: str, service: str) -> Bucket:
        """The bucket of one service."""
        return self._buckets.setdefault((account, region, service), Bucket())
