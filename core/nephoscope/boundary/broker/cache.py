"""Replies that may be given again within the investigation: good ones, in whole page chains, a few minutes long."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from nephoscope.models import Tier
from nephoscope.store import LedgerEntry, asking, question

MAX_AGE_SECONDS = 300.0
CACHED_TIERS = frozenset({Tier.IDENTITY, Tier.CONFIG})


@dataclass(frozen=True)
class _Held:
    entry: LedgerEntry
    following: str | None
    """Question of the next page; ``None`` on the last."""
    at: float


class Cache:
    """Index of answered calls by question (identity, place, operation, parameters). Owner and tier are judged before anybody asks here."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._held: dict[str, _Held] = {}
        self._clock = clock

    def keep(self, entry: LedgerEntry) -> bool:
        """Remember an answered call, if it is of a kind that may be shared; says whether it is."""
        if entry.error is not None or entry.tier not in CACHED_TIERS or entry.cached_from or not entry.chain:
            return False
        following = entry.answered.next_page
        at = datetime.fromisoformat(entry.observed_at).timestamp()
        self._held[question(entry.call)] = _Held(entry, None if following is None else asking(entry.call, following), at)
        return True

    def get(self, asked: str) -> LedgerEntry | None:
        """The answer to a question, if it is fresh and so is every page after it."""
        return self._held[asked].entry if self._whole(asked) else None

    def _whole(self, asked: str) -> bool:
        oldest = self._clock() - MAX_AGE_SECONDS
        seen: set[str] = set()
        following: str | None = asked
        while following is not None and following not in seen:
            held = self._held.get(following)
            if held is None or held.at < oldest:
                return False
            seen.add(following)
            following = held.following
        return following is None
