"""The broker's own listings: all pages of a read, once per investigation, recorded as step 0."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from nephoscope.boundary.broker.pipeline import Pipeline, Refused
from nephoscope.boundary.broker.resume import Attempt
from nephoscope.models import Call, Identity, JsonValue, Read
from nephoscope.store import LedgerEntry, question

MAX_PAGES = 200


@dataclass(frozen=True)
class Chain:
    """Pages of one listing. ``whole``: read without error to the last."""

    entries: tuple[LedgerEntry, ...]
    whole: bool


class Inventory:
    """Reads and remembers listings under the broker's own position in the ledger."""

    def __init__(self, pipeline: Pipeline, attempt: Attempt) -> None:
        self._pipeline = pipeline
        self._attempt = attempt
        self._chains: dict[str, asyncio.Task[Chain]] = {}

    async def read(self, read: Read, identity: Identity) -> Chain:
        """All pages, or as many as are wanted, from memory when they were read before. Never raises for what a cloud answers."""
        call = Call(identity=identity, region=read.region, service=read.service, operation=read.operation, params=read.params)
        key = f"{question(call)} {read.pages}"
        if key not in self._chains:
            self._chains[key] = asyncio.ensure_future(self._pages(call, min(read.pages or MAX_PAGES, MAX_PAGES)))
        return await asyncio.shield(self._chains[key])

    async def documents(self, read: Read, identity: Identity) -> Sequence[JsonValue] | None:
        """Documents of all pages; ``None`` when the chain could not be read to its end."""
        chain = await self.read(read, identity)
        return [entry.document for entry in chain.entries] if chain.whole else None

    async def _pages(self, call: Call, most: int) -> Chain:
        entries: list[LedgerEntry] = []
        for _ in range(most):
            try:
                entry = (await self._pipeline.ask(call, self._attempt)).entry
            except Refused as refused:
                await self._pipeline.note_refusal(call, call.name, refused, self._attempt)
                return Chain(tuple(entries), whole=False)
            entries.append(entry)
            if entry.error is not None:
                return Chain(tuple(entries), whole=False)
            if entry.answered.next_page is None:
                return Chain(tuple(entries), whole=True)
            call = call.model_copy(update={"params": entry.answered.next_page})
        return Chain(tuple(entries), whole=False)
