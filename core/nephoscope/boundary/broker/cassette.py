"""A recorded run that stands for the clouds: every call is answered from its ledger, and nothing is ever sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from nephoscope.boundary.broker.recorder import unpack
from nephoscope.boundary.broker.upstream import Again, Fetched
from nephoscope.interfaces import EndpointError
from nephoscope.models import Call, Identity, JsonValue, WireReply
from nephoscope.store import BlobError, LedgerEntry, LedgerReader, Sent, question

NOT_RECORDED = "NotRecorded"
"""The error of a call that the recorded run never made."""
TOKENS = frozenset({"clienttoken", "clientrequesttoken", "idempotencytoken", "idempotencykey", "clientrequestid"})
"""Parameters that are made up anew each time and change nothing, lower case without separators."""

Place = tuple[int, int, str, str, int]


class Recorded:
    """Implements :class:`nephoscope.interfaces.Session` for an identity of a recorded run. It has no credentials and no way out."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    @property
    def identity(self) -> Identity:
        return self._identity

    def send(self, call: Call) -> WireReply:
        raise EndpointError(f"{call.name} is not sent: this is a replay")


class Cassette:
    """Answers by step, attempt, question without idempotency tokens, and which time it is asked.

    A question that was asked elsewhere in the run is answered too: it tells what it would have told there.
    """

    def __init__(self, ledger: LedgerReader) -> None:
        self._ledger = ledger
        self._rows: dict[Place, LedgerEntry] = {}
        self._anywhere: dict[str, LedgerEntry] = {}
        seen: Counter[tuple[int, int, str, str]] = Counter()
        for entry in ledger.replies():
            asked = asking(entry.call)
            place = entry.step, entry.attempt, entry.by, asked
            seen[place] += 1
            self._rows[*place, seen[place]] = entry
            self._anywhere.setdefault(asked, entry)
        self._given: set[str] = set()

    def identify(self, sent: Sent) -> str:
        """The id the call had, once; empty when it has none of its own."""
        row = self._rows.get(self._place(sent))
        if row is None or row.call.id in self._given:
            return ""
        self._given.add(row.call.id)
        return row.call.id

    def was_asked_of_the_cloud(self, sent: Sent) -> bool:
        """Whether the call left at this place, although its answer may have been known."""
        row = self._rows.get(self._place(sent))
        return row is not None and row.cached_from is None

    def unused(self, prefix: str, number: int) -> bool:
        """Whether an id that the replay makes itself is free: recorded ones belong to their calls."""
        return self._ledger.reply(f"{prefix}{number}") is None

    async def fetch(self, sent: Sent, again: Again) -> Fetched:
        """What came back then; raises whatever ``again`` raises."""
        row = self._rows.get(self._place(sent)) or self._anywhere.get(asking(sent.call))
        if row is None:
            return _nothing(NOT_RECORDED, "the recorded run did not ask this")
        for _ in range(max(row.sent.sends, 1) - 1):
            await again()
        answered = row.answered
        try:
            wire = unpack(row.blobs.get(answered.wire)) if answered.wire else None
            document = row.document
        except BlobError as error:
            return _nothing(NOT_RECORDED, error.message)
        return Fetched(
            status=answered.status,
            error=answered.error,
            document=document,
            wire=wire,
            next_page=answered.next_page,
            usd=answered.usd,
            size=len(wire.body) if wire else 0,
            seconds=answered.seconds,
            at=answered.at,
        )

    def close(self) -> None:
        """Let go of the ledger."""
        self._ledger.close()

    @staticmethod
    def _place(sent: Sent) -> Place:
        where = sent.position
        return where.step, where.attempt, where.by, asking(sent.call), sent.occurrence


def asking(call: Call) -> str:
    """What a call asks, whatever its idempotency token."""
    return question(call.model_copy(update={"params": {key: _bare(value) for key, value in call.params.items() if not _token(key)}}))


def _bare(value: JsonValue) -> JsonValue:
    if isinstance(value, Mapping):
        return {key: _bare(member) for key, member in value.items() if not _token(key)}
    if isinstance(value, list):
        return [_bare(member) for member in value]
    return value


def _token(key: str) -> bool:
    return key.replace("_", "").replace("-", "").lower() in TOKENS


def _nothing(error: str, note: str) -> Fetched:
    return Fetched(0, error, None, None, None, 0.0, 0, 0.0, note=note)
