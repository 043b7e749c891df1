"""The canonical document: what the SDK would parse from a reply, as plain JSON with sorted keys."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from nephoscope.models import Call, Reply, WireReply
from nephoscope_aws.wire.models import Shape, operation_model
from nephoscope_aws.wire.scalars import iso, moment

if TYPE_CHECKING:
    from botocore.model import OperationModel

_UNREADABLE = "UnreadableReply"


def parse(call: Call, reply: WireReply) -> Reply:
    """Errors keep their code in ``error`` and what else the service said in ``document``."""
    operation = operation_model(call.service, call.operation)
    if operation is None or not readable(operation, reply):
        return Reply(call=call, status=reply.status, error=_UNREADABLE)
    if call.service == "s3" and _error_in_disguise(reply):
        reply = reply.model_copy(update={"status": 500})
    try:
        parsed = _parsed(operation, reply)
    except Exception:  # the SDK's parsers fail in many ways on bytes that are not the service's
        return Reply(call=call, status=reply.status, error=_UNREADABLE)
    parsed.pop("ResponseMetadata", None)
    error = parsed.get("Error", {}).get("Code", "Unknown") if reply.status >= 300 else None
    if error is None:
        _finish(operation, parsed, reply.body)
    return Reply(call=call, status=reply.status, document=plain(parsed), error=str(error) if error else None)


def readable(operation: OperationModel, reply: WireReply) -> bool:
    """Whether a success is the service's own: the SDK's parsers make an empty document of much that is not, and emptiness is evidence."""
    shape: Shape = operation.output_shape
    if reply.status >= 300 or shape is None or operation.has_streaming_output:
        return True
    if not reply.body:
        return not shape.serialization.get("payload") and all("location" in child.serialization for child in shape.members.values())
    match operation.service_model.resolved_protocol:
        case "query" | "ec2":
            return re.search(rb"<(\w+:)?" + operation.name.encode() + rb"Response[\s/>]", reply.body[:400]) is not None
        case "rest-xml":
            return re.match(rb"\s*<(html|!)", reply.body[:100], re.IGNORECASE) is None
    return bool(shape.serialization.get("payload")) or _is_document(reply.body)


def _is_document(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


def _error_in_disguise(reply: WireReply) -> bool:
    """The service may begin with 200 and then fail; the body says so."""
    return reply.status == 200 and re.match(rb"\s*(<\?xml[^>]*>)?\s*<Error[ >]", reply.body) is not None


def plain(value: Any) -> Any:
    """Plain JSON: ISO times, base64 bytes, sorted keys."""
    if isinstance(value, Mapping):
        return {str(key): plain(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return iso(value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _parsed(operation: OperationModel, reply: WireReply) -> dict[str, Any]:
    from botocore.awsrequest import HeadersDict

    headers = HeadersDict({name: _text(value) for name, value in reply.headers})
    response = {"status_code": reply.status, "headers": headers, "body": reply.body, "context": {"operation_name": operation.name}}
    parser = _parser(operation.service_model.resolved_protocol)
    parsed: dict[str, Any] = parser.parse(response, operation.output_shape)
    shape = operation.service_model.shape_for_error_code(parsed.get("Error", {}).get("Code", "")) if reply.status >= 300 else None
    return parsed | parser.parse(response, shape) if shape is not None else parsed


def _text(header: str) -> str:
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


@cache
def _parser(protocol: str) -> Any:
    from botocore.parsers import ResponseParserFactory

    factory = ResponseParserFactory()
    factory.set_parser_defaults(timestamp_parser=moment)
    return factory.create_parser(protocol)


def _finish(operation: OperationModel, parsed: dict[str, Any], body: bytes) -> None:
    """What the SDK does to a parsed reply before a script sees it, and streams reduced to a digest."""
    from botocore import handlers

    service, name = operation.service_model.service_name, operation.name
    if service == "iam":
        handlers.json_decode_policies(parsed, operation)
    elif (service, name) == ("ec2", "GetConsoleOutput"):
        handlers.decode_console_output(parsed)
    elif (service, name) == ("cloudformation", "GetTemplate"):
        handlers.json_decode_template_body(parsed)
    elif (service, name) == ("s3", "GetBucketLocation"):
        parsed["LocationConstraint"] = ElementTree.fromstring(body).text  # noqa: S314 - parsed before, nothing expands
    elif service == "s3" and parsed.get("EncodingType") == "url":
        _decode_keys(name, parsed)
    if operation.has_streaming_output:
        _digest(operation, parsed)


def _decode_keys(name: str, parsed: dict[str, Any]) -> None:
    from botocore import handlers

    decoders = {
        "ListObjects": handlers.decode_list_object,
        "ListObjectsV2": handlers.decode_list_object_v2,
        "ListObjectVersions": handlers.decode_list_object_versions,
    }
    if name in decoders:
        decoders[name](parsed, {"encoding_type_auto_set": True})


def _digest(operation: OperationModel, parsed: dict[str, Any]) -> None:
    shape: Shape = operation.output_shape
    payload = shape.serialization["payload"]
    body = parsed.get(payload)
    if isinstance(body, bytes | str):
        data = body.encode() if isinstance(body, str) else body
        parsed[payload] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
