"""An emulated cloud in a process of its own, with a layer in front that writes down every request as it came.

Started by ``cloud.py``; ends with its standard input. ``/__log`` answers with the requests so far, ``/__clear`` forgets them.
"""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

MOST_BODY = 4000


class Log:
    """A WSGI layer. It judges nothing: the judging is the test's."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._seen: list[dict[str, Any]] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path in ("/__log", "/__clear"):
            return self._control(path, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        if not path.startswith("/moto-api"):
            self._note(environ, body)
        return self._app(environ, start_response)

    def _note(self, environ: dict[str, Any], body: bytes) -> None:
        headers = {key[5:].replace("_", "-").lower(): str(value) for key, value in environ.items() if key.startswith("HTTP_")}
        with self._lock:
            self._seen.append({
                "method": environ["REQUEST_METHOD"], "path": environ.get("PATH_INFO", ""), "query": environ.get("QUERY_STRING", ""),
                "headers": headers, "body": body[:MOST_BODY].decode("latin-1"),
            })  # fmt: skip

    def _control(self, path: str, start_response: Callable[..., Any]) -> Iterable[bytes]:
        with self._lock:
            if path == "/__clear":
                self._seen.clear()
            text = json.dumps(self._seen).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
        return [text]


def main() -> None:
    from moto.core.config import default_user_config
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    default_user_config["lambda"] = {"use_docker": False}
    default_user_config["batch"] = {"use_docker": False}

    class Quiet(MotoRequestHandler):
        def log(self, *_: object) -> None:
            """The layer in front has it all."""

    server = make_server("127.0.0.1", 0, Log(DomainDispatcherApplication(create_backend_app)), threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
