"""A Brook on this machine: ``python -m nephoscope_brook.server '<seed as JSON>'`` prints its port, and ends with its standard input."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

PAGE = 2


class Handler(BaseHTTPRequestHandler):
    """The whole service. ``world``: service → name → settings; ``log``: every request but those for the log."""

    protocol_version = "HTTP/1.1"
    world: ClassVar[dict[str, dict[str, dict[str, Any]]]] = {}
    log: ClassVar[list[str]] = []

    def handle_any(self) -> None:
        url = urlsplit(self.path)
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        if url.path == "/log":
            return self.answer(200, {"log": self.log})
        self.log.append(f"{self.command} {self.path}")
        if self.headers.get("x-brook-key") != "emulated":
            return self.refuse(401, "BadKey")
        if url.path == "/v1/self":
            return self.answer(200, {"account": "weir-7", "principal": "keeper"})
        _, service, *name = url.path.strip("/").split("/")
        things = self.world.get(service, {})
        if not name:
            return self.page(service, sorted(things), parse_qs(url.query).get("after", [""])[0])
        if self.command == "PUT":
            things.setdefault(name[0], {}).update(body)
        if name[0] not in things:
            return self.refuse(404, "NotFound")
        if things[name[0]].get("locked"):
            return self.refuse(403, "AccessDenied")
        thing = things.pop(name[0]) if self.command == "DELETE" else things[name[0]]
        return self.answer(200, {"name": name[0], **thing})

    do_GET = do_PUT = do_DELETE = do_POST = handle_any

    def page(self, service: str, names: list[str], after: str) -> None:
        left = [name for name in names if name > after]
        more = {"next": left[PAGE - 1]} if len(left) > PAGE else {}
        self.answer(200, {service: [{"name": name} for name in left[:PAGE]], **more})

    def refuse(self, status: int, code: str) -> None:
        self.answer(status, {"error": {"code": code, "message": f"{code} for {self.path}"}})

    def answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keeps standard error clean."""


def main() -> None:
    """Serve until standard input ends."""
    Handler.world = json.loads(sys.argv[1])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
