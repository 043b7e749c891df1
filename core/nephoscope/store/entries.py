"""The rows of a ledger as values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from pydantic import Field

from nephoscope.models import Call, Frozen, JsonValue, Reply, Tier
from nephoscope.models.call import CallOrigin
from nephoscope.store.blobs import BlobStore, canonical


@dataclass(frozen=True)
class Position:
    """Who asks: an attempt of a step, or the broker itself (step 0)."""

    step: int
    attempt: int = 1
    script_hash: str = ""
    by: CallOrigin = "script"


BROKER = Position(step=0, attempt=0, by="broker")


@dataclass(frozen=True)
class Sent:
    """The first row of a call, committed before it leaves. ``occurrence`` counts equal questions within the position, from 1."""

    call: Call
    position: Position
    occurrence: int
    tier: Tier
    decision: str = ""
    permission: str | None = None
    at: str = ""
    sends: int = 1
    """How often it left, retries included; 0 when it was answered from memory."""


@dataclass(frozen=True)
class Answered:
    """The second row, committed before the script sees the reply.

    ``blob``: canonical redacted document; ``wire``: the redacted reply as it went to the script. ``chain``: id of the first call
    of the page chain, empty when this page continues none that was read from its start. ``usd`` is ``None`` when unknown.
    """

    call_id: str
    status: int
    error: str | None = None
    blob: str = ""
    wire: str = ""
    chain: str = ""
    next_page: Mapping[str, JsonValue] | None = None
    cached_from: str | None = None
    usd: float | None = None
    seconds: float = 0.0
    at: str = ""


@dataclass(frozen=True)
class Refusal:
    """A call the broker did not send. ``call`` is ``None`` when the request had no reading; ``what`` then describes it."""

    id: str
    position: Position
    call: Call | None
    what: str
    code: str
    reason: str
    tier: Tier | None = None
    needs: str = ""
    permission: str | None = None
    occurrence: int = 1
    at: str = ""


@dataclass(frozen=True)
class LedgerEntry:
    """An answered call as the engine reads it. ``complete``: answered well, and its page chain is there from the first page to a last one."""

    sent: Sent
    answered: Answered
    complete: bool
    blobs: BlobStore

    @property
    def call(self) -> Call:
        return self.sent.call

    @property
    def status(self) -> int:
        return self.answered.status

    @property
    def error(self) -> str | None:
        return self.answered.error

    @property
    def blob(self) -> str:
        return self.answered.blob

    @property
    def chain(self) -> str:
        return self.answered.chain

    @property
    def by(self) -> CallOrigin:
        return self.sent.position.by

    @property
    def step(self) -> int:
        return self.sent.position.step

    @property
    def attempt(self) -> int:
        return self.sent.position.attempt

    @property
    def script_hash(self) -> str:
        return self.sent.position.script_hash

    @property
    def tier(self) -> Tier:
        return self.sent.tier

    @property
    def decision(self) -> str:
        return self.sent.decision

    @property
    def permission(self) -> str | None:
        return self.sent.permission

    @property
    def cached_from(self) -> str | None:
        return self.answered.cached_from

    @property
    def usd(self) -> float | None:
        return self.answered.usd

    @property
    def observed_at(self) -> str:
        """When the cloud said it: for a cached reply, the time of the original."""
        return self.answered.at

    @cached_property
    def document(self) -> JsonValue:
        """The canonical redacted document, read from its blob and checked. Raises ``BlobError``."""
        return self.blobs.get_json(self.blob) if self.blob else None

    @property
    def reply(self) -> Reply:
        """The same as data, for reply tables."""
        return Reply(
            call=self.call,
            status=self.status,
            document=self.document,
            error=self.error,
            complete=self.complete,
            chain=self.chain,
            blob=self.blob,
            observed_at=self.observed_at,
        )


class Spent(Frozen):
    """What an investigation has used.

    ``upstream`` counts requests that left, retries included. ``usd`` is cloud calls, ``model_usd`` language models; ``unpriced`` names
    operations of unknown price.
    """

    calls: int = 0
    upstream: int = 0
    cached: int = 0
    refused: int = 0
    usd: float = 0.0
    model_usd: float = 0.0
    telemetry: int = 0
    by_operation: Mapping[str, int] = Field(default_factory=dict)
    unpriced: tuple[str, ...] = ()


Holder = Literal["model", "other"]
"""Who spends dollars besides cloud calls."""


def question(call: Call) -> str:
    """What makes two calls the same question: identity, place, operation and parameters, as a digest."""
    who = call.identity
    text = canonical([who.cloud, who.account, who.principal, who.alias, call.region, call.service, call.operation, dict(call.params)])
    return hashlib.sha256(text.encode()).hexdigest()


def asking(call: Call, params: Mapping[str, JsonValue]) -> str:
    """The question ``call`` would be with other parameters."""
    return question(call.model_copy(update={"params": params}))


def renamed(sent: Sent, call_id: str) -> Sent:
    """The same row under a new call id."""
    return replace(sent, call=sent.call.model_copy(update={"id": call_id}))
