"""Requests and tokens per minute of each model. One bucket of each, full at first, refilled evenly."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from nephoscope.llm.card import ModelCard

MINUTE = 60.0


@dataclass
class _Bucket:
    size: float
    left: float
    at: float

    def refill(self, now: float) -> None:
        self.left = min(self.size, self.left + (now - self.at) * self.size / MINUTE)
        self.at = now

    def wait(self, wanted: float) -> float:
        """Seconds until it holds that much; more than it can ever hold needs a full one."""
        return max(0.0, min(wanted, self.size) - self.left) * MINUTE / self.size


class Rates(Protocol):
    """What a provider lets through per minute, counted for all who ask it."""

    def take(self, card: ModelCard, tokens: int) -> float: ...
    def correct(self, card: ModelCard, taken: int, used: int) -> None: ...


class Limiter:
    """Shared by all investigations of a process. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._lock = threading.Lock()

    def take(self, card: ModelCard, tokens: int) -> float:
        """Take one request and so many tokens, or nothing: then the seconds after which to try again."""
        with self._lock:
            wanted = [
                (self._bucket(card.id, kind, size), amount)
                for kind, size, amount in (("requests", card.requests_per_minute, 1), ("tokens", card.tokens_per_minute, tokens))
                if size
            ]
            wait = max((bucket.wait(amount) for bucket, amount in wanted), default=0.0)
            if wait <= 0:
                for bucket, amount in wanted:
                    bucket.left -= amount
            return wait

    def correct(self, card: ModelCard, taken: int, used: int) -> None:
        """Give back the tokens that were taken and not used, or take those used besides."""
        if card.tokens_per_minute:
            with self._lock:
                self._bucket(card.id, "tokens", card.tokens_per_minute).left += taken - used

    def _bucket(self, model: str, kind: str, size: int) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.setdefault((model, kind), _Bucket(size, size, now))
        bucket.refill(now)
        return bucket
