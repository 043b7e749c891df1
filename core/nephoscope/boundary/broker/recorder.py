"""Durable notes of what happens, off the loop: a call is not sent, and a reply not given, before its row is on the disk."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from nephoscope.models import Json, WireReply
from nephoscope.store import Answered, BlobStore, Ledger, Refusal, Sent

T = TypeVar("T")

AT_HAND = 128
SMALL = 128 * 1024
"""Replies up to so many bytes need not be read again from the disk to be given again."""


class RecordError(Exception):
    """The ledger or a blob could not be written, as on a full disk."""


class Recorder:
    """The ledger's only user inside the boundary: one thread, in order."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.blobs: BlobStore = ledger.blobs
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._last = ledger.last_numbers()
        self._at_hand: OrderedDict[str, WireReply] = OrderedDict()

    def call_id(self, step: int, free: Callable[[str, int], bool] | None = None) -> str:
        """The next id of a call in a step, that is ``free`` besides."""
        made, prefix = self._next(f"s{step}.c"), f"s{step}.c"
        while free is not None and not free(prefix, self._last[prefix]):
            made = self._next(prefix)
        return made

    def refusal_id(self, step: int) -> str:
        """The next id of a refusal in a step."""
        return self._next(f"s{step}.r")

    async def sent(self, sent: Sent) -> None:
        """See ``Ledger.sent``; like all of these raises ``RecordError``."""
        await self.do(lambda: self.ledger.sent(sent))

    async def sent_again(self, call_id: str) -> None:
        await self.do(lambda: self.ledger.sent_again(call_id))

    async def answered(self, answered: Answered) -> None:
        await self.do(lambda: self.ledger.answered(answered))

    async def served(self, sent: Sent, answered: Answered) -> None:
        await self.do(lambda: self.ledger.served(sent, answered))

    async def refuse(self, refusal: Refusal) -> None:
        await self.do(lambda: self.ledger.refuse(refusal))

    async def store(self, document: Json, wire: WireReply) -> tuple[str, str]:
        """Hashes of the stored canonical document and of the reply as the script gets it."""
        names = await self.do(lambda: (self.blobs.put_json(document), self.blobs.put(pack(wire))))
        self._keep_at_hand(names[1], wire)
        return names

    async def load(self, name: str) -> WireReply:
        """A stored reply; the latest small ones are at hand."""
        if name in self._at_hand:
            self._at_hand.move_to_end(name)
            return self._at_hand[name]
        wire = unpack(await self.do(lambda: self.blobs.get(name)))
        self._keep_at_hand(name, wire)
        return wire

    def _keep_at_hand(self, name: str, wire: WireReply) -> None:
        if len(wire.body) <= SMALL:
            self._at_hand[name] = wire
        while len(self._at_hand) > AT_HAND:
            self._at_hand.popitem(last=False)

    async def do(self, work: Callable[[], T]) -> T:
        """Run on the ledger's thread. Raises ``RecordError``."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (sqlite3.Error, OSError) as error:
            raise RecordError(f"the run's record cannot be written: {error}") from error

    def close(self) -> None:
        """Finish what is queued and close the ledger."""
        self._thread.shutdown(wait=True)
        self.ledger.close()

    def _next(self, prefix: str) -> str:
        self._last[prefix] = self._last.get(prefix, 0) + 1
        return f"{prefix}{self._last[prefix]}"


def pack(reply: WireReply) -> bytes:
    """A reply as bytes for a blob."""
    body = base64.b64encode(reply.body).decode()
    return json.dumps({"status": reply.status, "headers": reply.headers, "body": body}).encode("utf-8", "replace")


def unpack(data: bytes) -> WireReply:
    """The reply packed by ``pack``."""
    fields = json.loads(data)
    headers = tuple((name, value) for name, value in fields["headers"])
    return WireReply(status=fields["status"], headers=headers, body=base64.b64decode(fields["body"]))
