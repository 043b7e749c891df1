"""Stands before an emulator that nobody changes: asks it each question once, repeats its answers, and counts every request."""

from __future__ import annotations

import re
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_SCOPE = re.compile(r"Credential=[^/]+/\d+/([\w-]+)/([\w-]+)/")
_DROPPED = frozenset({"connection", "transfer-encoding", "content-length", "date", "server"})


class Echo(ThreadingHTTPServer):
    """``asked``: how often each request came, whatever answered it."""

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.asked: Counter[tuple[str, ...]] = Counter()
        self._answers: dict[tuple[str, ...], tuple[int, list[tuple[str, str]], bytes]] = {}
        self._lock = threading.Lock()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, key: tuple[str, ...], request: urllib.request.Request) -> tuple[int, list[tuple[str, str]], bytes]:
        """The recorded answer, or the emulator's own, which is recorded."""
        with self._lock:
            self.asked[key] += 1
            if key not in self._answers:
                try:
                    with urllib.request.urlopen(request, timeout=30) as reply:
                        self._answers[key] = reply.status, reply.getheaders(), reply.read()
                except urllib.error.HTTPError as error:
                    self._answers[key] = error.code, list(error.headers.items()), error.read()
            return self._answers[key]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Echo

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        scope = _SCOPE.search(self.headers.get("Authorization", ""))
        key = (self.command, self.path, body.decode("latin-1"), self.headers.get("X-Amz-Target", ""), *(scope.groups() if scope else ()))
        request = urllib.request.Request(self.server.upstream + self.path, data=body or None, headers=dict(self.headers), method=self.command)
        status, headers, answer = self.server.answer(key, request)
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _DROPPED:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _any

    def log_message(self, *_: Any) -> None: ...


@contextmanager
def echoing(upstream: str) -> Iterator[Echo]:
    """An echo of an endpoint, while it is needed."""
    with Echo(upstream) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
