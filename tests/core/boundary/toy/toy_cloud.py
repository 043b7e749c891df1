"""A tiny cloud for the boundary's tests: an HTTP JSON API on loopback, and its wire."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from nephoscope.interfaces import Ambiguous, CredentialsError, EndpointError
from nephoscope.models import (
    Call,
    Classification,
    Identity,
    Json,
    Price,
    Rate,
    Read,
    Reply,
    ResourceRef,
    Scope,
    Surroundings,
    Tier,
    WireReply,
    WireRequest,
)

ACCOUNT = "4711"
HOST = "api.brook.test"
PAGE = 2


class Brook(ThreadingHTTPServer):
    """The service. ``seen`` are all requests that arrived; ``trouble`` maps a path to replies given first."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[str] = []
        self.trouble: dict[str, list[tuple[int, Any]]] = {}
        self.delay = 0.0
        self.things: dict[str, list[dict[str, Any]]] = {
            "ponds": [{"id": f"pond-{n}", "depth": n, "note": "fed by mill-stream"} for n in range(1, 6)],
            "frogs": [{"id": "frog-1", "pond": "pond-1", "password": "croak-croak"}],
        }
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def stop(self) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Brook
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.seen.append(f"{self.command} {self.path}")
            trouble = self.server.trouble.get(self.path, [])
            planned = trouble.pop(0) if trouble else None
        time.sleep(self.server.delay)
        status, document = planned or self._answer()
        body = document.encode() if isinstance(document, str) else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_DELETE = do_POST = do_GET

    def _answer(self) -> tuple[int, Any]:
        target = urlsplit(self.path)
        parts = target.path.strip("/").split("/")
        if self.headers["x-brook-secret"] != "the-real-key":
            return 401, {"code": "BadKey"}
        things = self.server.things.get(parts[1], [])
        if len(parts) == 2:
            first = int(dict(parse_qsl(target.query)).get("page", "p0")[1:])
            page: dict[str, Any] = {"items": things[first : first + PAGE]}
            if first + PAGE < len(things):
                page["next"] = f"p{first + PAGE}"
            return 200, page
        found = [thing for thing in things if thing["id"] == parts[2]]
        return (200, found[0]) if found else (404, {"code": "NoSuchThing"})

    def log_message(self, format: str, *args: Any) -> None:
        pass


class BrookSession:
    def __init__(self, endpoint: str, identity: Identity, key: str) -> None:
        self._address = urlsplit(endpoint)
        self._identity = identity
        self._key = key

    @property
    def identity(self) -> Identity:
        return self._identity

    def send(self, call: Call) -> WireReply:
        path = f"/v1/{call.service}" + (f"/{call.params['id']}" if "id" in call.params else "")
        query = {key: value for key, value in call.params.items() if key != "id"}
        connection = http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=20)
        try:
            connection.request("GET", path + (f"?{urlencode(query)}" if query else ""), headers={"x-brook-secret": self._key})
            reply = connection.getresponse()
            body = reply.read()
        except OSError as error:
            raise EndpointError(f"{call.service} does not answer: {error}") from error
        finally:
            connection.close()
        if reply.status == 401:
            raise CredentialsError("the key was refused", "brook login", expired=True)
        return WireReply(status=reply.status, headers=(("Content-Type", "application/json"),), body=body)


class BrookWire:
    """``GET /v1/<service>[/<id>]`` signed with ``x-brook-key``."""

    cloud = "brook"
    hosts = (HOST,)

    def connect(self, scope: Scope) -> Sequence[BrookSession]:
        key = str(scope.options.get("key", "the-real-key"))
        account = str(scope.options.get("account", ACCOUNT))
        identity = Identity(cloud="brook", account=account, principal="reader", regions=("",), alias="worthless")
        session = BrookSession(str(scope.options["endpoint"]), identity, key)
        if key == "expired":
            raise CredentialsError("the key has expired", "brook login", expired=True)
        return [session]

    def surroundings(self, identities: Sequence[Identity], listener: str) -> Surroundings:
        return Surroundings(env={"http_proxy": listener, "HTTP_PROXY": listener, "BROOK_KEY": identities[0].alias})

    def identify(self, request: WireRequest, identities: Sequence[Identity]) -> Call:
        parts = request.path.strip("/").split("/")
        known = {"host", "user-agent", "accept-encoding", "connection", "x-brook-key", "accept", "content-length"}
        if len(parts) not in (2, 3) or parts[0] != "v1" or request.body or {name for name, _ in request.headers} - known:
            raise Ambiguous(f"{request.method} {request.path} has no one reading")
        signers = [identity for identity in identities if identity.alias == request.header("x-brook-key")]
        if len(signers) != 1:
            raise Ambiguous("not signed by a key in scope")
        verb = {"GET": "Get" if len(parts) == 3 else "List", "DELETE": "Delete"}.get(request.method, "Unknown")
        params: dict[str, Any] = dict(parse_qsl(request.query))
        if len(parts) == 3:
            params["id"] = parts[2]
        return Call(identity=signers[0], region="", service=parts[1], operation=verb, params=params)

    def classify(self, call: Call) -> Classification:
        if call.operation not in ("Get", "List"):
            return Classification(tier=Tier.MUTATION, reason="not a read", permission=f"{call.service}.{call.operation}")
        tier = {"logs": Tier.TELEMETRY, "keys": Tier.SECRET, "fish": Tier.DATA}.get(call.service, Tier.CONFIG)
        return Classification(tier=tier, reason="reviewed", permission=f"{call.service}.{call.operation}", verified=True)

    def owner(self, call: Call) -> str | ResourceRef | None:
        if call.service == "stray":
            return None
        if "id" not in call.params:
            return ACCOUNT
        name = str(call.params["id"])
        if ":" in name:
            return name.partition(":")[0]
        return ResourceRef(cloud="brook", kind="x.y", native_type=f"{call.service}:{call.service[:-1]}", native_id=name, name=name)

    def inventory(self, native_type: str, identity: Identity, region: str) -> Read | None:
        service = native_type.partition(":")[0]
        return Read(cloud="brook", service=service, operation="List") if service in ("ponds", "frogs") else None

    def price(self, call: Call, reply: WireReply | None) -> Price:
        if call.service == "logs":
            return Price(usd=0.01, source="test")
        return Price(usd=None if call.service == "frogs" else 0.0, source="test")

    def parse(self, call: Call, reply: WireReply) -> Reply:
        document = json.loads(reply.body)
        error = str(document.get("code", "Error")) if reply.status >= 400 else None
        return Reply(call=call, status=reply.status, document=document, error=error)

    def redact(self, call: Call, reply: WireReply, hide: Callable[[str, str], str]) -> WireReply:
        def walk(path: str, value: Any) -> Any:
            if isinstance(value, dict):
                return {key: walk(f"{path}/{key}", item) for key, item in value.items()}
            if isinstance(value, list):
                return [walk(f"{path}/{index}", item) for index, item in enumerate(value)]
            return hide(path, value) if isinstance(value, str) else value

        body = json.dumps(walk("", json.loads(reply.body)), ensure_ascii=False).encode()
        return reply.model_copy(update={"body": body})

    def refuse(self, call: Call | None, request: WireRequest, code: str, reason: str) -> WireReply:
        return WireReply(status=403, headers=(("Content-Type", "application/json"),), body=json.dumps({"code": code, "reason": reason}).encode())

    def next_page(self, reply: Reply) -> Mapping[str, Json] | None:
        token = reply.document.get("next") if isinstance(reply.document, dict) else None
        return {**reply.call.params, "page": token} if token else None

    def page_start(self, call: Call) -> Mapping[str, Json]:
        return {key: value for key, value in call.params.items() if key != "page"}

    def rate(self, call: Call) -> Rate | None:
        return None

    def throttled(self, reply: Reply) -> bool:
        return reply.status == 429
