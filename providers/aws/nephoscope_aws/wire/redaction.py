"""Walk a reply as the service wrote it and let ``hide`` judge every string, so that the bytes stay valid for the SDK.

The walk follows the operation's output shape: numbers, times and page tokens are left alone, binary values stay base64, JSON inside a
string (policies) is walked too. Paths are JSON pointers into the canonical document, with one liberty: the value of a name/value pair is
told under its name (``/containerDefinitions/0/environment/0/DB_PASSWORD``), because the name is what says whether it is a secret.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from nephoscope.models import Call, WireReply
from nephoscope_aws.wire.hiding import Hider
from nephoscope_aws.wire.models import Shape, operation_model
from nephoscope_aws.wire.pages import token_names
from nephoscope_aws.wire.redaction_xml import redact_xml

if TYPE_CHECKING:
    from botocore.model import OperationModel

_ERROR_KEYS = frozenset(("__type", "code", "Code", "type", "Type", "RequestId", "requestId"))


def redact(call: Call, reply: WireReply, hide: Callable[[str, str], str]) -> WireReply:
    """The same reply with every string leaf passed through ``hide``. What cannot be walked is withheld whole."""
    operation = operation_model(call.service, call.operation)
    if operation is None:
        return _withheld(reply)
    hider = Hider(hide, token_names(call.service, call.operation))
    headers = _headers(operation, reply.headers, hider)
    try:
        body = _body(operation, reply, hider)
    except (ValueError, SyntaxError, RecursionError):
        return _withheld(reply)
    return _with_length(WireReply(status=reply.status, headers=headers, body=body))


def _body(operation: OperationModel, reply: WireReply, hider: Hider) -> bytes:
    if not reply.body:
        return b""
    shape: Shape = operation.output_shape
    if reply.status < 300 and shape is not None:
        payload = shape.serialization.get("payload")
        if payload and shape.members[payload].type_name in ("blob", "string"):
            return _stream(reply.body, f"/{payload}", hider)
        shape = shape.members[payload] if payload else shape
    if operation.service_model.resolved_protocol in ("json", "rest-json"):
        return _json_body(reply, shape if reply.status < 300 else None, hider)
    return redact_xml(operation, shape if reply.status < 300 else None, reply.body, hider)


def _json_body(reply: WireReply, shape: Shape, hider: Hider) -> bytes:
    document = json.loads(reply.body)
    if reply.status >= 300 and isinstance(document, dict):
        kept = {key: value for key, value in document.items() if key in _ERROR_KEYS}
        hidden = {**{key: walk(value, None, f"/{key}", hider) for key, value in document.items() if key not in kept}, **kept}
    else:
        hidden = walk(document, shape, "", hider)
    return reply.body if hidden == document else json.dumps(hidden).encode()


def walk(value: Any, shape: Shape, path: str, hider: Hider) -> Any:
    """A JSON value with its strings judged."""
    kind = shape.type_name if shape is not None else ""
    if isinstance(value, dict):
        return _members(value, shape, path, hider)
    if isinstance(value, list):
        inner = shape.member if kind == "list" else None
        return [walk(item, inner, hider.place(path, value, index), hider) for index, item in enumerate(value)]
    if not isinstance(value, str) or kind == "timestamp":
        return value
    return hider.leaf(shape, path, value)


def _members(value: Mapping[str, Any], shape: Shape, path: str, hider: Hider) -> dict[str, Any]:
    kind = shape.type_name if shape is not None else ""
    known = {child.serialization.get("name", member): (member, child) for member, child in shape.members.items()} if kind == "structure" else {}
    told = hider.pair(value)
    found = {}
    for key, item in value.items():
        member, child = known.get(key, (key, shape.value if kind == "map" else None))
        found[key] = item if hider.is_token(path, member) else walk(item, child, f"{path}/{told.get(key, member)}", hider)
    return found


def _stream(body: bytes, path: str, hider: Hider) -> bytes:
    """Text line by line; what is not text has no strings."""
    try:
        lines = body.decode("utf-8").split("\n")
    except UnicodeDecodeError:
        return body
    return "\n".join(hider.text(path, line) if line.strip() else line for line in lines).encode()


def _headers(operation: OperationModel, headers: tuple[tuple[str, str], ...], hider: Hider) -> tuple[tuple[str, str], ...]:
    return tuple((name, _header(_header_path(operation.output_shape, name.lower()), value, hider)) for name, value in headers)


def _header(path: str, value: str, hider: Hider) -> str:
    hidden = hider.text(path, value) if path else value
    return value if hidden == value else hidden.encode("utf-8").decode("latin-1")  # the bytes of a header are read as Latin-1


def _header_path(shape: Shape, header: str) -> str:
    """Where the SDK puts a header's text; empty for headers that carry no string of the reply."""
    for member, child in shape.members.items() if shape is not None else ():
        location, name = child.serialization.get("location"), child.serialization.get("name", member).lower()
        if location == "header" and child.type_name == "string" and name == header:
            return f"/{member}"
        if location == "headers" and name and header.startswith(name):
            return f"/{member}/{header.removeprefix(name)}"
    return ""


def _with_length(reply: WireReply) -> WireReply:
    if not reply.body:
        return reply
    kept = tuple((name, value) for name, value in reply.headers if name.lower() != "content-length")
    return WireReply(status=reply.status, headers=(*kept, ("content-length", str(len(reply.body)))), body=reply.body)


def _withheld(reply: WireReply) -> WireReply:
    return WireReply(status=502, headers=(("content-length", "0"),))
