"""Requests to a cloud as the broker understands them, and their replies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from nephoscope.models.base import Frozen, JsonValue
from nephoscope.models.scope import Identity, Tier


class Read(Frozen):
    """A question to a cloud that somebody wants asked: one operation, all its pages, or where ``pages`` is not 0 so many at most."""

    cloud: str
    service: str
    operation: str
    region: str = ""
    params: Mapping[str, JsonValue] = Field(default_factory=dict)
    pages: int = Field(default=0, ge=0)
    alias: str = ""
    """As whom: the identity's alias; empty: the first of its cloud, and in a listing each of them."""

    @property
    def name(self) -> str:
        """``service:Operation``."""
        return f"{self.service}:{self.operation}"


class Call(Frozen):
    """One request, parsed: what is judged and, rebuilt from this, what is sent."""

    id: str = ""
    identity: Identity
    region: str
    service: str
    operation: str
    params: Mapping[str, JsonValue] = Field(default_factory=dict)
    expected_owner: str = ""
    """The account whose thing it must be; said to the cloud where the operation has a parameter for it."""

    @property
    def name(self) -> str:
        """``service:Operation``."""
        return f"{self.service}:{self.operation}"


class Reply(Frozen):
    """One answered ledger row. ``document`` is canonical and redacted; ``complete`` says its page chain was read to the end."""

    call: Call
    status: int
    document: JsonValue = None
    error: str | None = None
    complete: bool = True
    chain: str = ""
    """Id of the first call of its page chain."""
    blob: str = ""
    """SHA-256 of the stored document."""
    observed_at: str = ""


class Classification(Frozen):
    """A cloud pack's judgement of a call. ``permission`` is in the cloud's own words, for gaps."""

    tier: Tier
    reason: str
    permission: str | None = None
    verified: bool = False
    """Somebody has reviewed the operation. What nobody has may be at most a read of configuration; core refuses the rest."""
    shape: bool = False
    """Where its tier is not granted but shape is, the call may be made and the shape of its reply given."""


class Price(Frozen):
    """Price of one call in USD; ``None`` is unknown, never zero."""

    usd: float | None
    source: str


class Rate(Frozen):
    """How often a cloud lets itself be asked. ``bucket``: what is counted together, within an account, a region and a service."""

    bucket: str
    per_second: float
    burst: float
    source: str


class WireRequest(Frozen):
    """An HTTP request as received from a sandbox, already split, nothing decoded. Header names are lower case."""

    method: str
    scheme: str
    host: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The only value of a header; ``None`` when absent. The broker refuses duplicates before a pack sees them."""
        return next((value for key, value in self.headers if key == name), None)


class WireReply(Frozen):
    """An HTTP reply as it came from a cloud, or as it goes to a script."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Surroundings(Frozen):
    """What a script finds around it so that an unchanged SDK talks to the listener: variables and small files under its home."""

    env: Mapping[str, str] = Field(default_factory=dict)
    files: Mapping[str, str] = Field(default_factory=dict)


CallOrigin = Literal["script", "broker"]
