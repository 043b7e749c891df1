"""The HTTP side: reads requests, records them, and sends replies, streams and failures as a provider would."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, cast

from nephoscope.testing.llm_server.cutting import Mouth
from nephoscope.testing.llm_server.dialects import installed
from nephoscope.testing.llm_server.exchange import Asked, Dialect, Refusal, Reply, Spoken, Trouble
from nephoscope.testing.llm_server.script import Brain, Script

HOST = "127.0.0.1"
LARGEST_BODY = 64_000_000
REQUESTS = "/__server__/requests"
"""GET shows every request so far: path, model and body."""
BROKEN = b'{"id": "x", "choices": [{"message": {"role": "assis'


@dataclass(frozen=True)
class Recorded:
    """A request as it came in. ``raw`` is the body byte for byte; header names are in lower case."""

    path: str
    headers: Mapping[str, str]
    raw: bytes
    asked: Asked | None

    @property
    def body(self) -> Any:
        """The body's JSON."""
        return json.loads(self.raw)


class LLMServer:
    """Serves from the moment it is made until ``close``; a context manager. With ``key``, requests without it are refused.

    ``requests`` holds everything that was sent to it, refused or not, in order. A brain that raises is a fault of the test: the request gets
    an error, and leaving the context raises it again.
    """

    def __init__(self, brain: Brain | Script, *, port: int = 0, key: str = "", dialects: Sequence[Dialect] | None = None) -> None:
        self.requests: list[Recorded] = []
        self.faults: list[Exception] = []
        self.key = key
        self.ending = threading.Event()
        self._brain = brain.brain() if isinstance(brain, Script) else brain
        self._dialects = tuple(dialects) if dialects is not None else installed()
        self._mouth = Mouth()
        self._lock = threading.Lock()
        self._http = _Http((HOST, port), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, name="llm-server", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """Without any provider's path."""
        return f"http://{HOST}:{self.port}"

    def base_url(self, dialect: str) -> str:
        """What a client of that dialect takes as its base URL."""
        return self.url + next(one.prefix for one in self._dialects if one.name.startswith(dialect))

    def sent(self) -> bytes:
        """Every body that ever came in: what a secret must not be found in."""
        with self._lock:
            return b"\n".join(one.raw for one in self.requests)

    def close(self) -> None:
        """Stop serving; requests that hang are let go."""
        self.ending.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> LLMServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
        if self.faults and error is None:
            raise self.faults[0]

    def dialect(self, path: str) -> Dialect | None:
        """Who reads requests to this path."""
        return next((one for one in self._dialects if one.speaks(path)), None)

    def answer(self, dialect: Dialect | None, path: str, headers: Mapping[str, str], raw: bytes) -> tuple[Asked | None, Spoken | Refusal, Reply]:
        """Record the request and decide what it gets."""
        asked, wrong = self._read(dialect, path, raw)
        with self._lock:
            asked = asked and asked.model_copy(update={"number": len(self.requests) + 1})
            self.requests.append(Recorded(path, headers, raw, asked))
            if dialect is None:
                return None, Refusal(404, {"error": {"message": f"nothing is served at {path}"}}, {}), Reply()
            if self.key and dialect.key(headers) != self.key:
                wrong = Trouble(kind="auth")
            reply = Reply(trouble=wrong) if wrong or asked is None else self._think(asked)
            if asked is None or (reply.trouble and reply.trouble.kind not in ("cut", "in_stream", "broken", "empty", "timeout")):
                return asked, _refusal(dialect, cast("Trouble", reply.trouble)), reply
            rest = self._mouth.rest(asked)
            return asked, self._mouth.speak(asked, rest or reply, resumed=rest is not None), reply

    def _read(self, dialect: Dialect | None, path: str, raw: bytes) -> tuple[Asked | None, Trouble | None]:
        try:
            return (dialect.read(path, json.loads(raw)) if dialect else None), None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return None, Trouble(kind="invalid", message=f"the request cannot be read: {type(error).__name__}: {error}")

    def _think(self, asked: Asked) -> Reply:
        try:
            return self._brain(asked)
        except Exception as error:  # whatever a test's function raises
            self.faults.append(error)
            return Reply(trouble=Trouble(kind="invalid", message=f"the script failed: {type(error).__name__}: {error}"))


def _refusal(dialect: Dialect, trouble: Trouble) -> Refusal:
    refusal = dialect.refuse(trouble)
    if trouble.retry_after is None:
        return refusal
    when = formatdate(time.time() + trouble.retry_after, usegmt=True) if trouble.as_date else f"{trouble.retry_after:g}"
    return Refusal(refusal.status, refusal.document, {**refusal.headers, "retry-after": when})


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    owner: LLMServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients hang up; that is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "scripted"

    def log_message(self, format: str, *args: Any) -> None:
        """Standard error is somebody else's."""

    @property
    def owner(self) -> LLMServer:
        return cast("_Http", self.server).owner

    def do_GET(self) -> None:
        if self.path == REQUESTS:
            return self._send(200, [{"path": one.path, "body": one.raw.decode("utf-8", "replace")} for one in list(self.owner.requests)])
        models = [{"id": "scripted", "object": "model", "owned_by": "scripted"}]
        known = {"/v1/models": {"object": "list", "data": models}, "/api/tags": {"models": []}, "/api/version": {"version": "0.0.0"}}
        path = self.path.partition("?")[0]
        return self._send(200, known[path]) if path in known else self._send(404, {"error": {"message": f"nothing is served at {path}"}})

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        if length > LARGEST_BODY:
            self.close_connection = True
            return self._send(413, {"error": {"message": "too large"}})
        raw = self.rfile.read(length)
        path = self.path.partition("?")[0]
        dialect = self.owner.dialect(path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked, outcome, reply = self.owner.answer(dialect, path, headers, raw)
        if isinstance(outcome, Refusal) or asked is None or dialect is None:
            refused = cast("Refusal", outcome)
            return self._send(refused.status, refused.document, refused.headers)
        self.owner.ending.wait(reply.delay)
        return self._speak(dialect, asked, outcome, reply.trouble)

    def _speak(self, dialect: Dialect, asked: Asked, spoken: Spoken, trouble: Trouble | None) -> None:
        kind = trouble.kind if trouble else ""
        if trouble and kind == "timeout":
            self.owner.ending.wait(trouble.seconds)
            self.close_connection = True
        elif kind == "broken":
            self._raw(200, BROKEN, {"Content-Type": "application/json"})
        elif kind == "empty":
            self._raw(200, b"", {"Content-Type": "application/json"})
        elif asked.stream:
            self._stream(dialect, list(dialect.frames(asked, spoken)), trouble)
        elif trouble and kind == "in_stream":
            refused = _refusal(dialect, trouble.model_copy(update={"kind": "server"}))
            self._send(refused.status, refused.document, refused.headers)
        else:
            self._send(200, dialect.document(asked, spoken), {"request-id": f"req_{asked.number}"}, cut=kind == "cut")

    def _stream(self, dialect: Dialect, frames: list[bytes], trouble: Trouble | None) -> None:
        if trouble and trouble.kind == "in_stream":
            frames = [*frames[: max(1, len(frames) // 2)], dialect.interrupt(trouble)]
        self.send_response(200)
        self.send_header("Content-Type", dialect.media_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for frame in frames[: len(frames) // 2] if trouble and trouble.kind == "cut" else frames:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(frame), frame))
            self.wfile.flush()
        if trouble and trouble.kind == "cut":
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def _send(self, status: int, document: Any, headers: Mapping[str, str] | None = None, *, cut: bool = False) -> None:
        body = json.dumps(document, ensure_ascii=False).encode()
        self._raw(status, body, {"Content-Type": "application/json", **(headers or {})}, cut=cut)

    def _raw(self, status: int, body: bytes, headers: Mapping[str, str], *, cut: bool = False) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = self.close_connection or cut
