"""HTTP/1.1 as the broker speaks it: strict reading of proxy requests, plain writing of replies."""

from __future__ import annotations

import re
from collections import deque
from http.client import responses

import httptools

from nephoscope.models import WireReply, WireRequest

MAX_HEAD = 64 * 1024
MAX_HEADERS = 100
MAX_BODY = 4 * 1024 * 1024
MAX_WAITING = 16
TOO_LONG = f"headers longer than {MAX_HEAD} bytes"

_REPEATABLE = frozenset({"accept", "accept-encoding", "accept-language", "cache-control", "via"})
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"})
_AUTHORITY = re.compile(r"([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)(?::([0-9]{1,5}))?")
_TARGET = re.compile(r"(https?)://([^/?#@\\]+)(/[^?#]*)?(?:\?([^#]*))?")
_DEFAULT_PORT = {"http": "80", "https": "443"}


class BadRequest(Exception):
    """Bytes that are no request we take; the connection ends after telling so. ``status`` is the reply's."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class RequestReader:
    """Feed it bytes; whole requests collect in ``requests``. Raises ``BadRequest`` on anything with more than one reading.

    ``wants_continue`` is set while a client waits for leave to send its body.
    """

    def __init__(self) -> None:
        self.requests: deque[tuple[WireRequest, bool]] = deque()
        """Requests with whether the connection stays open after each."""
        self.wants_continue = False
        self._error: BadRequest | None = None
        self._begun = self._head_done = False
        self._unread = self._head_bytes = self._body_bytes = 0
        self._url = b""
        self._headers: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._parser = httptools.HttpRequestParser(self)

    @property
    def idle(self) -> bool:
        """Nothing of a next request has arrived."""
        return not self._begun

    def feed(self, data: bytes) -> None:
        """Take bytes from the client."""
        if not self._head_done:
            self._unread += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise self._error or BadRequest(405, "no tunnels and no protocol upgrades") from None
        except httptools.HttpParserError as error:
            raise self._error or BadRequest(400, f"not a well-formed request: {str(error)[:200]}") from None
        if not self._head_done and self._unread > MAX_HEAD:
            raise BadRequest(431, TOO_LONG)

    def _begin(self) -> None:
        self._begun = self._head_done = False
        self._unread = self._head_bytes = self._body_bytes = 0
        self._url = b""
        self._headers = []
        self._body = []

    def _refuse(self, status: int, reason: str) -> None:
        self._error = BadRequest(status, reason)
        raise self._error

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > MAX_HEAD:
            self._refuse(431, TOO_LONG)

    def on_message_begin(self) -> None:
        if len(self.requests) >= MAX_WAITING:
            self._refuse(400, "too many requests sent ahead")
        self._begun = True

    def on_url(self, part: bytes) -> None:
        self._url += part
        self._count(len(part))

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head_done:
            self._refuse(400, "trailers are not taken")
        self._count(len(name) + len(value))
        key = name.decode("latin-1").lower()
        if len(self._headers) >= MAX_HEADERS:
            self._refuse(431, f"more than {MAX_HEADERS} headers")
        if key not in _REPEATABLE and any(known == key for known, _ in self._headers):
            self._refuse(400, f"header {key[:60]} twice")
        self._headers.append((key, value.decode("latin-1").strip()))

    def on_headers_complete(self) -> None:
        self._head_done = True
        values = dict(self._headers)
        if values.get("transfer-encoding", "chunked").lower() != "chunked":
            self._refuse(400, "no transfer encoding but chunked")
        if "upgrade" in values or "trailer" in values:
            self._refuse(400, "no protocol upgrades, no trailers")
        if int(values.get("content-length") or 0) > MAX_BODY:
            self._refuse(413, f"body longer than {MAX_BODY} bytes")
        self._request(b"")  # a bad target is refused before its body is read
        expectation = values.get("expect", "").lower()
        if expectation and expectation != "100-continue":
            self._refuse(417, "no such expectation")
        self.wants_continue = bool(expectation)

    def on_body(self, part: bytes) -> None:
        self._body_bytes += len(part)
        if self._body_bytes > MAX_BODY:
            self._refuse(413, f"body longer than {MAX_BODY} bytes")
        self._body.append(part)

    def on_message_complete(self) -> None:
        self.wants_continue = False
        self.requests.append((self._request(b"".join(self._body)), self._parser.should_keep_alive()))
        self._begin()

    def _request(self, body: bytes) -> WireRequest:
        method = self._parser.get_method().decode("ascii")
        target = _TARGET.fullmatch(self._url.decode("latin-1"))
        if method == "CONNECT" or target is None:
            self._refuse(405 if method == "CONNECT" else 400, "only absolute http:// targets, no tunnels")
        assert target is not None  # noqa: S101 - _refuse raises
        scheme, authority, path, query = target.groups()
        host = _host(scheme, authority)
        named = dict(self._headers).get("host")
        if host is None or named is None or _host(scheme, named) != host:
            self._refuse(400, "target and Host header do not name the same host")
        return WireRequest(
            method=method, scheme=scheme, host=host or "", path=path or "/", query=query or "", headers=tuple(self._headers), body=body
        )


def _host(scheme: str, authority: str) -> str | None:
    """The host in lower case; ``None`` when it is malformed or has an unusual port."""
    match = _AUTHORITY.fullmatch(authority.strip().lower())
    if match is None or match[2] not in (None, _DEFAULT_PORT[scheme]):
        return None
    return match[1]


def render(reply: WireReply, *, head: bool, keep_alive: bool) -> bytes:
    """The bytes of a reply. ``head``: answer to a HEAD request, whose ``Content-Length`` speaks of a body that is not sent."""
    bodiless = head or reply.status in (204, 304)
    lines = [f"HTTP/1.1 {reply.status:d} {responses.get(reply.status, 'Unknown')}"]
    announced = None
    for name, value in reply.headers:
        if name.lower() == "content-length":
            announced = value
        elif name.lower() not in _HOP_BY_HOP and not re.search(r"[\r\n\0]", name + value):
            lines.append(f"{name}: {value}")
    if head and announced is not None and announced.isdigit():
        lines.append(f"Content-Length: {announced}")
    elif reply.status != 204:
        lines.append(f"Content-Length: {len(reply.body)}")
    lines.append(f"Connection: {'keep-alive' if keep_alive else 'close'}")
    text = "\r\n".join(lines) + "\r\n\r\n"
    return text.encode("latin-1", "replace") + (b"" if bodiless else reply.body)
