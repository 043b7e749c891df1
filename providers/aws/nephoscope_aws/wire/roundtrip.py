"""What is judged is what was asked: parameters serialized again must give the request they were read from."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from nephoscope.interfaces.errors import Ambiguous
from nephoscope_aws.wire.bodies import load_json, load_xml
from nephoscope_aws.wire.forms import fields
from nephoscope_aws.wire.message import Message
from nephoscope_aws.wire.scalars import native

if TYPE_CHECKING:
    from botocore.model import OperationModel

_TYPED_BODY = frozenset(("application/json", "application/x-amz-json-1.0", "application/x-amz-json-1.1", "application/x-www-form-urlencoded"))


def confirm(model: OperationModel, params: dict[str, Any], message: Message) -> None:
    """Raise ``Ambiguous`` unless the SDK, given these parameters, would have written this request."""
    from botocore.exceptions import ParamValidationError

    try:
        written = _serializer(model.service_model.resolved_protocol).serialize_to_request(native(model.input_shape, params), model)
    except (ParamValidationError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Ambiguous(f"{model.name}: {error}") from error
    _compare("method", written["method"], message.method)
    _compare("host", written.get("host_prefix") or "", message.prefix)
    path, _, literal = written["url_path"].partition("?")
    _compare("path", path, message.path)
    _compare("query string", _query(written["query_string"], literal), Counter(_plain(pair) for pair in message.query))
    _headers(model, written["headers"], message)
    _body(written["body"], message)


@cache
def _serializer(protocol: str) -> Any:
    from botocore.serialize import create_serializer

    return create_serializer(protocol)


def _query(parameters: Any, literal: str) -> Counter[tuple[str, str]]:
    from botocore.utils import percent_encode_sequence

    written = [literal] if literal else []
    if parameters:
        written.append(percent_encode_sequence(parameters))
    pieces = "&".join(written).split("&") if written else []
    return Counter(_plain(piece.partition("=")[::2]) for piece in pieces)


def _plain(pair: tuple[str, ...]) -> tuple[str, str]:
    return pair[0], pair[1]


def _headers(model: OperationModel, written: dict[str, Any], message: Message) -> None:
    expected = {name.lower(): str(value).strip() for name, value in written.items() if name.lower() != "accept"}
    received = {name: value for name, value in message.headers.items() if name in expected or not _integrity(model, name)}
    wanted, found = expected.pop("content-type", ""), received.pop("content-type", "")
    media = wanted.partition(";")[0]
    same = message.media_type == media if media in _TYPED_BODY else found == wanted
    if wanted and not same and (found or message.body):
        raise Ambiguous(f"{model.name}: the content type is {found!r:.100}")
    _compare("headers", expected, received)


def _integrity(model: OperationModel, name: str) -> bool:
    """Digests of the body say nothing that the body does not; the SDK computes its own when the call is sent."""
    return name == "content-md5" or (bool(model.http_checksum) and name.startswith("x-amz-checksum-") and name != "x-amz-checksum-mode")


def _body(written: Any, message: Message) -> None:
    received = message.body
    if isinstance(written, dict):
        _compare("form", {key: _text(value) for key, value in written.items()}, fields(received))
    elif written == received:
        return
    elif received[:1] == b"<" and written[:1] == b"<":
        _compare("XML body", _tree(load_xml(written)), _tree(load_xml(received)))
    elif received and written:
        _compare("JSON body", _canonical(json.loads(written)), _canonical(load_json(received)))
    elif (received or b"{}") != (written or b"{}"):
        raise Ambiguous("the request has a body that its operation does not take")


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _canonical(value: Any) -> Any:
    """JSON with whole floats as integers, and true kept apart from 1."""
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    return ("bool", value) if isinstance(value, bool) else value


def _tree(node: ElementTree.Element) -> tuple[Any, ...]:
    children = list(node)
    text = "" if children else node.text or ""
    return (node.tag, tuple(sorted(node.attrib.items())), text, tuple(_tree(child) for child in children))


def _compare(what: str, written: Any, received: Any) -> None:
    if written != received:
        raise Ambiguous(f"the {what} is not what the SDK would write: {_difference(written, received)}")


def _difference(written: Any, received: Any) -> str:
    if isinstance(written, dict) and isinstance(received, dict):
        keys = {key for key in written.keys() | received.keys() if written.get(key) != received.get(key)}
        return ", ".join(sorted(map(str, keys)))[:200]
    return f"{received!r:.200}"
