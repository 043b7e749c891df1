"""How engine and boundary talk: length-prefixed JSON frames over one inherited socket pair."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from nephoscope.interfaces.errors import (
    BoundaryGone,
    CredentialsError,
    EndpointError,
    IsolationError,
    NephoscopeError,
    UsageError,
)
from nephoscope.models import Budget, Frozen, Identity, Limits, Scope, Tier

VERSION = 1
MAX_FRAME = 32 * 1024 * 1024
HEADER = struct.Struct(">I")

_ERRORS: Mapping[str, type[NephoscopeError]] = {
    kind.__name__: kind for kind in (CredentialsError, EndpointError, IsolationError, UsageError, NephoscopeError)
}


class FrameError(BoundaryGone):
    """A frame too large or not JSON: the other side is not what it should be."""


class Opening(Frozen):
    """What an investigation may do.

    ``budget``: its total; what earlier runs of it spent stands in the ledger. ``denied``: tiers switched off although they are allowed
    by default. ``reviewed_only``: nothing that only public data call a read.
    ``named``: names from the user's own words. ``allow``: resources the user named with an option, whether or not they are
    in the inventory. ``home``: where what all runs of this machine share is kept. ``executors``: those that may be used at all.
    ``demo``: the endpoint is an emulator this tool started. ``like``: the directory of an earlier run whose hidden values must be
    comparable with this one's.
    """

    run_dir: str
    home: str = ""
    scopes: tuple[Scope, ...]
    grants: tuple[Tier, ...] = ()
    denied: tuple[Tier, ...] = ()
    reviewed_only: bool = False
    allow: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    budget: Budget = Field(default_factory=Budget)
    limits: Limits = Field(default_factory=Limits)
    executor: str = "auto"
    executors: tuple[str, ...] | None = None
    demo: bool = False
    reuse: float = 0.0
    """Minutes for which replies of earlier runs may be taken again."""
    like: str = ""
    cassette: str = ""
    """Directory of a recorded run that stands for the clouds; nothing is connected, nothing is sent."""
    identities: tuple[Identity, ...] = ()
    """With a cassette: who the recorded run was."""


class Lease(Frozen):
    """What an opened investigation got. ``isolation``: its executor's level, whose promises were tried and held unless it is ``none``."""

    id: str
    identities: tuple[Identity, ...]
    isolation: str
    executor: str = ""
    note: str = ""
    """Why there is no isolation, if there is none."""


class Promise(Frozen):
    """One thing an executor must hold, and what was seen when it was tried."""

    name: str
    held: bool
    detail: str = ""


class Probe(Frozen):
    """What an executor holds here. ``why_not``: why it cannot run at all."""

    executor: str
    isolation: str
    why_not: str | None = None
    note: str = ""
    """How its scripts start."""
    promises: tuple[Promise, ...] = ()


class Pointer(Frozen):
    """A place in a recorded document: a call's id and a JSON pointer."""

    call: str
    pointer: str


def encode(message: Mapping[str, Any]) -> bytes:
    """One frame. Raises ``FrameError`` when it is too large."""
    body = json.dumps(message, ensure_ascii=True).encode()
    if len(body) > MAX_FRAME:
        raise FrameError(f"a message of {len(body)} bytes is too large")
    return HEADER.pack(len(body)) + body


def length(header: bytes) -> int:
    """Length of the body that follows. Raises ``FrameError``."""
    size: int = HEADER.unpack(header)[0]
    if size > MAX_FRAME:
        raise FrameError(f"a message of {size} bytes is too large")
    return size


def decode(body: bytes) -> dict[str, Any]:
    """The message of a frame. Raises ``FrameError``."""
    try:
        message = json.loads(body)
    except ValueError as error:
        raise FrameError("a message is not JSON") from error
    if not isinstance(message, dict):
        raise FrameError("a message is not an object")
    return message


def error_fields(error: BaseException) -> dict[str, Any]:
    """An error as it travels."""
    if isinstance(error, NephoscopeError):
        kind = next((name for name, known in _ERRORS.items() if isinstance(error, known)), "NephoscopeError")
        return {"kind": kind, "message": error.message, "hint": error.hint, "expired": getattr(error, "expired", False)}
    return {"kind": "NephoscopeError", "message": f"the boundary process failed: {type(error).__name__}: {error}", "hint": "", "expired": False}


def error_from(fields: Mapping[str, Any]) -> NephoscopeError:
    """The error that travelled."""
    message, hint = str(fields.get("message", "")), str(fields.get("hint", ""))
    kind = _ERRORS.get(str(fields.get("kind")), NephoscopeError)
    if kind is CredentialsError:
        return CredentialsError(message, hint, expired=bool(fields.get("expired")))
    return kind(message, hint)
