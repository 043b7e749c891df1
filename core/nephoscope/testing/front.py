"""A WSGI layer in front of an emulator: denies, throttles, delays and answers for it, and counts what reached it.

The rules are data and know no cloud; a :class:`Dialect` of the cloud's pack reads requests and writes replies in the cloud's own words.
"""

from __future__ import annotations

import fnmatch
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import quote

from pydantic import Field

from nephoscope.models import Sample, WireReply, WireRequest
from nephoscope.models.base import Frozen, JsonValue

CONTROL = "/__front__/"
"""Paths below it are the front's own: ``log`` and ``rules`` (GET), ``rules``, ``samples``, ``clear`` and ``reset`` (POST)."""

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Answer(Frozen):
    """A reply the emulator itself would not give. ``params``: only for requests whose parameters contain these.

    ``document`` is what the SDK shall parse from it; ``error`` (Code, Message) makes it an error instead; ``times`` answers only the first.
    """

    operation: str
    params: Mapping[str, JsonValue] = Field(default_factory=dict)
    status: int = 200
    document: JsonValue = None
    error: Mapping[str, str] | None = None
    body: str | None = None
    times: int | None = None


class Rules(Frozen):
    """Keys are ``service:Operation`` patterns. ``throttle`` counts the first requests refused, ``delay`` is milliseconds."""

    deny: tuple[str, ...] = ()
    throttle: Mapping[str, int] = Field(default_factory=dict)
    delay: Mapping[str, float] = Field(default_factory=dict)
    answer: tuple[Answer, ...] = ()


class Asked(Frozen):
    """A request as the dialect reads it."""

    operation: str
    params: Mapping[str, JsonValue] = Field(default_factory=dict)
    region: str = ""
    mutating: bool = True


class Dialect(Protocol):
    """What the front must know of a cloud."""

    def read(self, request: WireRequest) -> Asked | None:
        """The operation asked for; ``None`` when the request has no reading."""

    def denied(self, asked: Asked, request: WireRequest) -> WireReply: ...
    def throttled(self, asked: Asked, request: WireRequest) -> WireReply: ...
    def answer(self, asked: Asked, request: WireRequest, answer: Answer) -> WireReply: ...
    def sample(self, operation: str) -> Sample | None:
        """What the operation replies, made up; ``None`` where that cannot be told, or not be answered."""


class Front:
    """Thread-safe. ``reset`` is called for ``POST /__front__/reset`` and brings the emulator back to its seed."""

    def __init__(self, app: WsgiApp, dialect: Dialect, reset: Callable[[], None] = lambda: None) -> None:
        self._app = app
        self._dialect = dialect
        self._reset = reset
        self._lock = threading.Lock()
        self._rules = Rules()
        self._used: Counter[str] = Counter()
        self._log: list[dict[str, Any]] = []

    def apply(self, rules: Rules) -> None:
        """Replace the rules; forget counts and log."""
        with self._lock:
            self._rules = rules
            self._used.clear()
            self._log.clear()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.startswith(CONTROL):
            return _send(self._control(environ, path.removeprefix(CONTROL)), start_response)
        request = _request(environ)
        asked = self._dialect.read(request)
        reply = self._rule(asked, request) if asked else None
        self._note(asked, request, reply)
        return self._app(environ, start_response) if reply is None else _send(reply, start_response)

    def _rule(self, asked: Asked, request: WireRequest) -> WireReply | None:
        rules = self._rules
        for pattern, milliseconds in rules.delay.items():
            if fnmatch.fnmatchcase(asked.operation, pattern):
                time.sleep(milliseconds / 1000)
        for pattern, first in rules.throttle.items():
            if fnmatch.fnmatchcase(asked.operation, pattern) and self._take(f"throttle {pattern}", first):
                return self._dialect.throttled(asked, request)
        if any(fnmatch.fnmatchcase(asked.operation, pattern) for pattern in rules.deny):
            return self._dialect.denied(asked, request)
        for index, answer in enumerate(rules.answer):
            if _fits(answer, asked) and self._take(f"answer {index}", answer.times):
                return self._dialect.answer(asked, request, answer)
        return None

    def _take(self, key: str, limit: int | None) -> bool:
        with self._lock:
            self._used[key] += 1
            return limit is None or self._used[key] <= limit

    def _note(self, asked: Asked | None, request: WireRequest, reply: WireReply | None) -> None:
        operation = asked.operation if asked else f"{request.method} {request.path}"
        mutating = asked.mutating if asked else request.method not in ("GET", "HEAD")
        with self._lock:
            self._log.append({"operation": operation, "mutating": mutating, "reached": reply is None})

    def _control(self, environ: Mapping[str, Any], name: str) -> WireReply:
        posted = environ["REQUEST_METHOD"] == "POST"
        if posted and name == "rules":
            self.apply(Rules.model_validate_json(_body(environ)))
        elif posted and name == "reset":
            self._reset()
        elif posted and name == "clear":
            self.apply(self._rules)
        elif posted and name == "samples":
            return _document({operation: self._sample(operation) for operation in json.loads(_body(environ))})
        with self._lock:
            document: Any = self._rules.model_dump(mode="json") if name == "rules" else list(self._log)
        return _document(document)

    def _sample(self, operation: str) -> Any:
        sample = self._dialect.sample(operation)
        return None if sample is None else sample.model_dump(mode="json")


def _document(document: Any) -> WireReply:
    return WireReply(status=200, headers=(("content-type", "application/json"),), body=json.dumps(document).encode())


def _fits(answer: Answer, asked: Asked) -> bool:
    named = fnmatch.fnmatchcase(asked.operation, answer.operation)
    return named and all(asked.params.get(key) == value for key, value in answer.params.items())


def _request(environ: dict[str, Any]) -> WireRequest:
    """The request as it came; its body is put back for the application."""
    import io

    body = _body(environ)
    environ["wsgi.input"] = io.BytesIO(body)
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["CONTENT_LENGTH"] = str(len(body))
    path, _, query = _target(environ).partition("?")
    headers = {key[5:].replace("_", "-").lower(): str(value) for key, value in environ.items() if key.startswith("HTTP_")}
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    return WireRequest(
        method=environ["REQUEST_METHOD"],
        scheme=environ.get("wsgi.url_scheme", "http"),
        host=environ.get("HTTP_HOST", ""),
        path=path,
        query=query,
        headers=tuple(headers.items()),
        body=body,
    )


def _target(environ: Mapping[str, Any]) -> str:
    raw = environ.get("RAW_URI") or environ.get("REQUEST_URI")
    if raw:
        return str(raw)
    path = quote(environ.get("PATH_INFO", "/").encode("latin-1"), safe="/:@!$&'()*+,;=~")
    return f"{path}?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else path


def _body(environ: Mapping[str, Any]) -> bytes:
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        return bytes(stream.read())
    return bytes(stream.read(int(environ.get("CONTENT_LENGTH") or 0)))


def _send(reply: WireReply, start_response: Callable[..., Any]) -> Iterable[bytes]:
    phrase = HTTPStatus(reply.status).phrase if reply.status in {each.value for each in HTTPStatus} else "Unknown"
    headers = [(name, value) for name, value in reply.headers if name.lower() != "content-length"]
    start_response(f"{reply.status} {phrase}", [*headers, ("Content-Length", str(len(reply.body)))])
    return [reply.body]
