"""One run of one attempt: a repeated run is answered from its own ledger rows, in order of occurrence, errors included."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any

from nephoscope.boundary.broker.searches import Searches
from nephoscope.models import Json
from nephoscope.store import Answered, LedgerEntry, Position, Sent, asking, canonical, question
from nephoscope.store.entries import renamed

SETTLE_SECONDS = 20.0
FLOOD = 5000
"""Requests of one run after which nothing more is looked at."""
MANY_REFUSALS = 200
"""Refusals of one run that are recorded; more of them tell nothing new."""


class Attempt:
    """Counts occurrences of each question, knows what an earlier run of the same bytes was told, and links pages into chains."""

    def __init__(self, position: Position, answered: Iterable[LedgerEntry] = (), unanswered: Iterable[Sent] = ()) -> None:
        self.position = position
        self.calls: list[str] = []
        """Ids of the calls of this run, in order of arrival."""
        self.ended = False
        self.requests = 0
        self.refusals = 0
        self.paid = 0
        """Calls of this run that cost something."""
        self.searches = Searches()
        self._arrived: Counter[str] = Counter()
        self._answered = {(question(entry.call), entry.sent.occurrence): entry for entry in answered}
        self._unanswered = {(question(sent.call), sent.occurrence): sent for sent in unanswered}
        self._pages: dict[str, str] = {}
        self._running: set[asyncio.Task[Any]] = set()
        for entry in self._answered.values():
            self.link(entry.sent, entry.answered)
        self.paid = 0

    @property
    def flooded(self) -> bool:
        """More requests than any honest script makes."""
        return self.requests > FLOOD

    def arrive(self, asked: str) -> int:
        """Which time this question is asked in this run, from 1."""
        self._arrived[asked] += 1
        return self._arrived[asked]

    def earlier(self, asked: str, occurrence: int) -> LedgerEntry | None:
        """What an earlier run was told at the same place."""
        return self._answered.get((asked, occurrence))

    def sent_before(self, sent: Sent) -> Sent | None:
        """The row of the same call, if an earlier run sent it and never recorded the answer."""
        known = self._unanswered.get((question(sent.call), sent.occurrence))
        return renamed(sent, known.call.id) if known else None

    def chain(self, sent: Sent, page_start: Json) -> str:
        """Id of the page chain a call belongs to; empty when the page before it was not seen in this attempt."""
        if canonical(page_start) == canonical(dict(sent.call.params)):
            return sent.call.id
        return self._pages.get(question(sent.call), "")

    def link(self, sent: Sent, answered: Answered) -> None:
        """Remember which question continues this page, and whether the call cost something."""
        self.paid += 1 if answered.usd else 0
        if answered.next_page is not None and answered.chain:
            self._pages[asking(sent.call, answered.next_page)] = answered.chain

    def watch(self, task: asyncio.Task[Any]) -> None:
        """A call in flight for this attempt: it is finished and recorded even when the script has gone."""
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def settle(self) -> None:
        """The script has ended: wait for calls still in flight, which are not repeated any more."""
        self.ended = True
        if self._running:
            await asyncio.wait(self._running, timeout=SETTLE_SECONDS)
