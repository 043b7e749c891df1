"""A collector on loopback: takes what LangSmith's and OpenTelemetry's clients send, and decodes it."""

from __future__ import annotations

import email.parser
import email.policy
import gzip
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import zstandard

INFO = {
    "version": "0.12.0",
    "batch_ingest_config": {
        "use_multipart_endpoint": True,
        "size_limit": 100,
        "size_limit_bytes": 20971520,
        "scale_up_nthreads_limit": 16,
        "scale_up_qsize_trigger": 1000,
        "scale_down_nempty_trigger": 4,
    },
    "instance_flags": {"zstd_compression_enabled": True},
}
PROJECT = {
    "id": "11111111-2222-4333-8444-555555555555",
    "name": "nephoscope",
    "tenant_id": "66666666-7777-4888-9999-000000000000",
    "start_time": "2026-01-01T00:00:00Z",
}


class Collector:
    """``mode``: ok, error (500) or hang. ``received``: path and decoded body of every request."""

    def __init__(self, mode: str = "ok") -> None:
        self.mode = mode
        self.received: list[tuple[str, bytes]] = []
        self.encodings: set[str] = set()
        self.over = threading.Event()
        self.datasets: list[Any] = []
        self.experiments: list[Any] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                """Silent."""

            def do_GET(self) -> None:
                owner.take(self)

            do_POST = do_PATCH = do_GET

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.handle_error = lambda request, address: None  # type: ignore[method-assign]
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def take(self, request: BaseHTTPRequestHandler) -> None:
        body = _body(request)
        encoding = request.headers.get("content-encoding", "")
        self.encodings.add(encoding)
        raw = _plain(encoding, body)
        self.received.append((request.path, raw))
        if self.mode == "hang":
            self.over.wait(60)
            return
        path = request.path.partition("?")[0]
        reply: Any = INFO if path == "/info" else [PROJECT] if path == "/sessions" else {}
        if path == "/datasets" or (path == "/sessions" and request.command == "POST"):
            reply = self._kept(path, request.command, raw)
        status = 500 if self.mode == "error" else 200 if request.command == "GET" or "/v1/traces" in path else 202
        out = json.dumps(reply).encode() if "/v1/traces" not in path else b""
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(out)))
        request.end_headers()
        request.wfile.write(out)

    def _kept(self, path: str, command: str, raw: bytes) -> Any:
        """Data sets and experiments, as LangSmith keeps them: those that were made are there when they are asked for."""
        if command == "GET":
            return self.datasets
        made = {**json.loads(raw), "tenant_id": PROJECT["tenant_id"], "created_at": "2026-01-01T00:00:00Z", "start_time": "2026-01-01T00:00:00Z"}
        made.setdefault("id", "99999999-2222-4333-8444-555555555555")
        (self.datasets if path == "/datasets" else self.experiments).append(made)
        return made

    def everything(self) -> bytes:
        """All bodies, decoded."""
        return b"\n".join(raw for _, raw in self.received)

    def runs(self) -> dict[str, dict[str, Any]]:
        """LangSmith's runs by id, put together from their parts."""
        runs: dict[str, dict[str, Any]] = {}
        for path, raw in self.received:
            if path.startswith("/runs/multipart"):
                for name, content in _parts(raw):
                    _, run_id, *field = name.split(".")
                    run = runs.setdefault(run_id, {})
                    run.update({field[0]: json.loads(content)} if field else json.loads(content))
        return runs

    def spans(self) -> list[Any]:
        """OpenTelemetry's spans."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        requests = [ExportTraceServiceRequest.FromString(raw) for path, raw in self.received if path.endswith("/v1/traces")]
        return [span for request in requests for group in request.resource_spans for scope in group.scope_spans for span in scope.spans]

    def close(self) -> None:
        self.over.set()
        self._http.shutdown()
        self._http.server_close()


def _body(request: BaseHTTPRequestHandler) -> bytes:
    if request.headers.get("transfer-encoding") != "chunked":
        return request.rfile.read(int(request.headers.get("content-length") or 0))
    body = b""
    while size := int(request.rfile.readline().strip() or b"0", 16):
        body += request.rfile.read(size)
        request.rfile.readline()
    request.rfile.readline()
    return body


def _plain(encoding: str, body: bytes) -> bytes:
    if encoding == "zstd":
        return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(body)).read()
    return gzip.decompress(body) if encoding == "gzip" else body


def _parts(raw: bytes) -> list[tuple[str, bytes]]:
    boundary = raw.split(b"\r\n", 1)[0].removeprefix(b"--")
    head = b'Content-Type: multipart/form-data; boundary="' + boundary + b'"\r\n\r\n'
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + raw)
    return [(str(part.get_param("name", header="content-disposition")), part.get_payload(decode=True)) for part in message.iter_parts()]  # type: ignore[attr-defined]
