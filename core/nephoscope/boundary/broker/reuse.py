"""Replies of earlier runs, where the person lets them be taken again: the same identity, the same rights, the same question, a few minutes old."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from nephoscope.interfaces.errors import UsageError
from nephoscope.store import BlobError, BlobStore, Ledger, LedgerEntry, LedgerReader, question
from nephoscope.store.machine import Kept, Machine


class Reuse:
    """``rights``: whatever else must be equal, such as the tiers allowed and the scopes. ``minutes``: how old a reply may be."""

    def __init__(
        self, machine: Machine, ledger: Ledger, run_dir: Path, *, rights: str, minutes: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._machine = machine
        self._blobs = ledger.blobs
        self._run_dir = run_dir
        self._rights = rights
        self._seconds = minutes * 60
        self._clock = clock

    async def keep(self, entry: LedgerEntry, following: str | None) -> None:
        """Tell other runs of a reply. Losing it costs them one call."""
        at = datetime.fromisoformat(entry.observed_at).timestamp()
        kept = Kept(str(self._run_dir), entry.call.id, at, None if following is None else self._key(following))
        await asyncio.to_thread(self._machine.keep, self._key(question(entry.call)), kept)

    async def get(self, asked: str) -> LedgerEntry | None:
        """A reply another run got, with every page after it fresh too; its documents are copied into this run's record."""
        return await asyncio.to_thread(self._get, asked)

    def _get(self, asked: str) -> LedgerEntry | None:
        kept = self._fresh_chain(self._key(asked))
        if kept is None or kept.run == str(self._run_dir):
            return None
        try:
            reader = LedgerReader(Path(kept.run))
        except (UsageError, sqlite3.Error, OSError):
            return None
        try:
            entry = reader.reply(kept.call)
            if entry is None or question(entry.call) != asked or entry.error is not None:
                return None
            return self._copied(entry, reader.blobs, Path(kept.run).name)
        except (BlobError, sqlite3.Error, OSError):
            return None
        finally:
            reader.close()

    def _copied(self, entry: LedgerEntry, blobs: BlobStore, run: str) -> LedgerEntry:
        for name in (entry.answered.blob, entry.answered.wire):
            if name:
                self._blobs.put(blobs.get(name))
        return replace(entry, answered=replace(entry.answered, cached_from=f"{run}:{entry.call.id}", chain=""), blobs=self._blobs)

    def _fresh_chain(self, key: str) -> Kept | None:
        oldest = self._clock() - self._seconds
        first, seen = self._machine.kept(key), {key}
        page = first
        while page is not None and page.at >= oldest:
            if page.following is None:
                return first
            if page.following in seen:
                return None
            seen.add(page.following)
            page = self._machine.kept(page.following)
        return None

    def _key(self, asked: str) -> str:
        return hashlib.sha256(f"{self._rights}|{asked}".encode()).hexdigest()
