"""A request as the readers see it: authentication taken off, host and query taken apart, nothing lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote

from nephoscope.interfaces.errors import Ambiguous
from nephoscope.models import WireRequest

BASE_HOST = "aws.neph"
"""The host that the SDK in the sandbox talks to. It exists nowhere."""

# Headers that carry no parameter: transport, authentication, retry bookkeeping. They are never forwarded.
UNREAD = frozenset(
    [
        "host",
        "authorization",
        "connection",
        "proxy-connection",
        "content-length",
        "transfer-encoding",
        "expect",
        "user-agent",
        "x-amz-user-agent",
        "accept",
        "accept-encoding",
        "date",
        "x-amz-date",
        "x-amz-content-sha256",
        "x-amz-security-token",
        "amz-sdk-invocation-id",
        "amz-sdk-request",
        "x-amz-api-version",
        "x-amzn-trace-id",
    ]
)


MessageKey: TypeAlias = tuple[str, str, str, tuple[tuple[str, str], ...], tuple[tuple[str, str], ...], bytes]


@dataclass(frozen=True)
class Message:
    """``query`` holds the pairs as written; ``prefix`` is what the host has before :data:`BASE_HOST`, separator included."""

    method: str
    prefix: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes

    @property
    def key(self) -> MessageKey:
        """All of it, hashable."""
        return self.method, self.prefix, self.path, self.query, tuple(sorted(self.headers.items())), self.body

    @classmethod
    def of(cls, key: MessageKey) -> Message:
        """The message that has this key."""
        method, prefix, path, query, headers, body = key
        return cls(method, prefix, path, query, dict(headers), body)

    @property
    def parameters(self) -> dict[str, list[str]]:
        """Query values by name, decoded."""
        found: dict[str, list[str]] = {}
        for key, value in self.query:
            found.setdefault(unquote(key), []).append(unquote(value))
        return found

    @property
    def media_type(self) -> str:
        """Content type without its parameters, lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def open_request(request: WireRequest, signed: frozenset[str]) -> Message:
    """Take a request apart; query parameters named in ``signed`` belong to its signature and are left out."""
    names = [name for name, _ in request.headers]
    if len(names) != len(set(names)):
        raise Ambiguous("a header occurs twice")
    pairs = [_pair(piece) for piece in request.query.split("&")] if request.query else []
    return Message(
        method=request.method,
        prefix=_prefix(request.host),
        path=request.path,
        query=tuple(pair for pair in pairs if pair[0] not in signed),
        headers={name: value.strip() for name, value in request.headers if name not in UNREAD},
        body=request.body,
    )


def _pair(piece: str) -> tuple[str, str]:
    if not piece or "+" in piece:
        raise Ambiguous("the query string is not written the way the SDK writes it")
    key, _, value = piece.partition("=")
    return key, value


def _prefix(host: str) -> str:
    name, _, port = host.lower().partition(":")
    prefix = name.removesuffix(BASE_HOST)
    if port not in ("", "80") or not name.endswith(BASE_HOST) or prefix[-1:] not in ("", ".", "-"):
        raise Ambiguous(f"requests go to {BASE_HOST}, not to {host!r}", "leave endpoint_url unset: the environment names the endpoint")
    return prefix
