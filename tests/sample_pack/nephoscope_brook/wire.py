"""Brook's wire format and access table."""

from __future__ import annotations

import http.client
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from nephoscope.interfaces import Ambiguous, CredentialsError, EndpointError, Session
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

HOST = "api.brook.invalid"
THINGS = {"ponds": "Pond", "gates": "Gate"}
READS = {f"{service}:{verb}": f"brook.{service}.read" for service, thing in THINGS.items() for verb in (f"Get{thing}", f"List{thing}s")}
SAYS_NOTHING = frozenset({"host", "accept", "accept-encoding", "user-agent", "connection", "content-length", "content-type"})
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")


class BrookSession:
    """One key at one endpoint."""

    def __init__(self, endpoint: str, key: str, identity: Identity) -> None:
        self._endpoint = urlsplit(endpoint)
        self._key = key
        self.identity = identity

    def send(self, call: Call) -> WireReply:
        """One attempt, built from the parameters."""
        return ask(self._endpoint.netloc, self._key, *request_of(call))


class BrookWire:
    """Implements :class:`nephoscope.interfaces.Wire`."""

    cloud = "brook"
    hosts = (HOST,)

    def connect(self, scope: Scope) -> Sequence[Session]:
        endpoint = str(scope.options.get("endpoint_url") or "http://127.0.0.1:1")
        key = os.environ.get("BROOK_KEY", "emulated")
        reply = ask(urlsplit(endpoint).netloc, key, "GET", "/v1/self", b"")
        if reply.status != 200:
            raise CredentialsError("Brook does not take this key.", "export BROOK_KEY=… (get one at the lock keeper's)")
        me = _document(reply.body)
        if not isinstance(me, dict) or "account" not in me:
            raise EndpointError(f"What answers at {endpoint} is not Brook.", "check --endpoint-url")
        identity = Identity(cloud=self.cloud, account=me["account"], principal=me["principal"], regions=("valley",), alias=f"key-{me['account']}")
        return [BrookSession(endpoint, key, identity)]

    def surroundings(self, identities: Sequence[Identity], listener: str) -> Surroundings:
        proxies = dict.fromkeys(("HTTP_PROXY", "http_proxy"), listener)
        return Surroundings(env={"BROOK_ENDPOINT": f"http://{HOST}", "BROOK_KEY": identities[0].alias, **proxies} if identities else {})

    def identify(self, request: WireRequest, identities: Sequence[Identity]) -> Call:
        strange = [name for name, _ in request.headers if name not in SAYS_NOTHING and name != "x-brook-key"]
        identity = next((one for one in identities if one.alias and one.alias == request.header("x-brook-key")), None)
        parts = request.path.split("/")
        if request.host != HOST or request.scheme != "http" or strange or identity is None or parts[:2] != ["", "v1"]:
            raise Ambiguous(f"not one reading of {request.method} {request.path}: host, header or key")
        service, name = parts[2] if len(parts) > 2 else "", parts[3] if len(parts) == 4 else None
        if service not in THINGS or len(parts) > 4 or (name is not None and not _NAME.fullmatch(name)):
            raise Ambiguous(f"no such path: {request.path}")
        operation, params = self._operation(request, THINGS[service], name)
        return Call(identity=identity, region="valley", service=service, operation=operation, params=params)

    def classify(self, call: Call) -> Classification:
        permission = READS.get(call.name)
        if permission is None:
            return Classification(tier=Tier.MUTATION, reason="not in the table of reads", verified=True)
        return Classification(tier=Tier.CONFIG, reason="reviewed read", permission=permission, verified=True)

    def owner(self, call: Call) -> str | ResourceRef | None:
        name = call.params.get("Name")
        if not isinstance(name, str):
            return call.identity.account
        type_ = f"{call.service}:{THINGS[call.service].lower()}"
        return ResourceRef(cloud=self.cloud, kind="", native_type=type_, native_id=name, name=name, region=call.region)

    def inventory(self, native_type: str, identity: Identity, region: str) -> Read | None:
        service = native_type.partition(":")[0]
        return Read(cloud=self.cloud, service=service, operation=f"List{THINGS[service]}s", region="valley") if service in THINGS else None

    def price(self, call: Call, reply: WireReply | None) -> Price:
        return Price(usd=0.0, source="water is free")

    def parse(self, call: Call, reply: WireReply) -> Reply:
        document = _document(reply.body)
        error = document.get("error", {}).get("code", f"Http{reply.status}") if isinstance(document, dict) else f"Http{reply.status}"
        return Reply(call=call, status=reply.status, document=document, error=error if reply.status >= 400 else None)

    def redact(self, call: Call, reply: WireReply, hide: Callable[[str, str], str]) -> WireReply:
        body = json.dumps(_hidden(_document(reply.body), "", hide), sort_keys=True).encode()
        return WireReply(status=reply.status, headers=(("content-type", "application/json"),), body=body)

    def refuse(self, call: Call | None, request: WireRequest, code: str, reason: str) -> WireReply:
        body = json.dumps({"error": {"code": code, "message": reason}}).encode()
        return WireReply(status=403, headers=(("content-type", "application/json"),), body=body)

    def next_page(self, reply: Reply) -> Mapping[str, Json] | None:
        token = reply.document.get("next") if isinstance(reply.document, dict) else None
        return {**reply.call.params, "After": token} if token else None

    def page_start(self, call: Call) -> Mapping[str, Json]:
        return {key: value for key, value in call.params.items() if key != "After"}

    def rate(self, call: Call) -> Rate | None:
        return None

    def throttled(self, reply: Reply) -> bool:
        return reply.status == 429

    def _operation(self, request: WireRequest, thing: str, name: str | None) -> tuple[str, dict[str, Any]]:
        token = re.fullmatch(r"after=([a-z0-9-]+)", request.query)
        if request.method == "GET" and not request.body and name is None and (token or not request.query):
            return f"List{thing}s", {"After": token[1]} if token else {}
        if request.query or name is None:
            raise Ambiguous(f"no such request: {request.method} {request.path}?{request.query}")
        if request.method in ("GET", "DELETE") and not request.body:
            return f"{request.method.capitalize()}{thing}", {"Name": name}
        settings = _document(request.body)
        plain = isinstance(settings, dict) and _canonical(settings) == request.body and all(key.islower() and key != "name" for key in settings)
        if request.method == "PUT" and plain:
            return f"Put{thing}", {"Name": name, **{key.capitalize(): value for key, value in settings.items()}}
        raise Ambiguous(f"no such request: {request.method} {request.path}")


def request_of(call: Call) -> tuple[str, str, bytes]:
    """Method, target and body that ask what the call says."""
    verb = re.match(r"[A-Z][a-z]+", call.operation)
    if verb is None or verb[0] == "List":
        return "GET", f"/v1/{call.service}" + (f"?{urlencode({'after': call.params['After']})}" if call.params else ""), b""
    settings = {key.lower(): value for key, value in call.params.items() if key != "Name"}
    return verb[0].upper(), f"/v1/{call.service}/{call.params['Name']}", _canonical(settings) if settings else b""


def ask(netloc: str, key: str, method: str, target: str, body: bytes) -> WireReply:
    """One exchange with the real service."""
    connection = http.client.HTTPConnection(netloc, timeout=20)
    try:
        connection.request(method, target, body or None, {"x-brook-key": key})
        reply = connection.getresponse()
        return WireReply(status=reply.status, headers=tuple((k.lower(), v) for k, v in reply.getheaders()), body=reply.read())
    except (OSError, http.client.HTTPException) as error:
        raise EndpointError(f"Brook at {netloc} does not answer: {error}.", "check --endpoint-url") from None
    finally:
        connection.close()


def _canonical(settings: Mapping[str, Any]) -> bytes:
    return json.dumps(settings).encode()


def _document(body: bytes) -> Any:
    try:
        return json.loads(body or b"null")
    except ValueError:
        return None


def _hidden(value: Any, path: str, hide: Callable[[str, str], str]) -> Any:
    if isinstance(value, dict):
        return {key: _hidden(member, f"{path}/{key}", hide) for key, member in value.items()}
    if isinstance(value, list):
        return [_hidden(member, f"{path}/{number}", hide) for number, member in enumerate(value)]
    return hide(path, value) if isinstance(value, str) else value
