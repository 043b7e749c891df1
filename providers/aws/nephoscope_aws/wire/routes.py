"""Which operation a REST request asks for, and the parameters in its path, query, headers and body."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from nephoscope.interfaces.errors import Ambiguous
from nephoscope_aws.wire.bodies import json_params, load_json, load_xml, xml_params
from nephoscope_aws.wire.message import Message
from nephoscope_aws.wire.models import Shape, operation_model, service_model
from nephoscope_aws.wire.scalars import from_text

if TYPE_CHECKING:
    from botocore.model import OperationModel

_LABEL = re.compile(r"\{([^}+]+)(\+?)\}")

# Same method, path and signing name as another operation, but for another kind of endpoint, which we do not speak to.
_ELSEWHERE = frozenset((("s3", "ListDirectoryBuckets"),))


@dataclass(frozen=True)
class Route:
    """Where an operation lives. ``literals`` are query parameters fixed by the operation itself."""

    operation: str
    pattern: re.Pattern[str]
    labels: tuple[str, ...]
    literals: tuple[tuple[str, str], ...]
    demands: frozenset[str]
    header_demands: frozenset[str]
    weight: tuple[int, ...]


def candidates(service: str, message: Message) -> Iterator[tuple[str, dict[str, str]]]:
    """Operations whose place fits the request, the most specific first, with the labels of the path."""
    parameters = message.parameters
    for route in _routes(service).get(message.method, ()):
        match = route.pattern.fullmatch(message.path)
        if match is None or not route.demands <= parameters.keys() or not route.header_demands <= message.headers.keys():
            continue
        if all(parameters.get(key) == [value] for key, value in route.literals):
            yield route.operation, {label: _label(text) for label, text in zip(route.labels, match.groups(), strict=True)}


def rest_params(model: OperationModel, labels: dict[str, str], message: Message) -> dict[str, Any]:
    """Everything the request says, under the names the SDK uses for it."""
    shape: Shape = model.input_shape
    if shape is None:
        return {}
    found = {}
    query = message.parameters
    for member, child in shape.members.items():
        name = child.serialization.get("name", member)
        match child.serialization.get("location"):
            case "uri" if name in labels:
                found[member] = from_text(child, labels[name])
            case "querystring":
                found.update(_from_query(member, child, query.get(name)))
            case "header" if name.lower() in message.headers:
                found[member] = _from_header(child, message.headers[name.lower()])
            case "headers":
                found.update(_from_headers(member, name.lower(), message))
    return found | _spread_query(model, query) | _from_body(model, message)


def _from_query(member: str, shape: Shape, values: list[str] | None) -> dict[str, Any]:
    if values is None or shape.type_name == "map":
        return {}
    if shape.type_name == "list":
        return {member: [from_text(shape.member, value) for value in values]}
    return {member: from_text(shape, values[-1])}


def _spread_query(model: OperationModel, query: dict[str, list[str]]) -> dict[str, Any]:
    """A map bound to the query string takes every parameter that no other member named."""
    shape: Shape = model.input_shape
    bound = [(member, child) for member, child in shape.members.items() if child.serialization.get("location") == "querystring"]
    named = {child.serialization.get("name", member) for member, child in bound} | {key for key, _ in _literals(model)}
    for member, child in bound:
        if child.type_name == "map":
            rest = {key: values if child.value.type_name == "list" else values[-1] for key, values in query.items() if key not in named}
            return {member: rest} if rest else {}
    return {}


def _from_header(shape: Shape, text: str) -> Any:
    if shape.type_name == "list":
        return [from_text(shape.member, piece.strip()) for piece in text.split(",")]
    return from_text(shape, text)


def _from_headers(member: str, prefix: str, message: Message) -> dict[str, Any]:
    found = {name.removeprefix(prefix): value for name, value in message.headers.items() if prefix and name.startswith(prefix)}
    return {member: found} if found else {}


def _from_body(model: OperationModel, message: Message) -> dict[str, Any]:
    shape: Shape = model.input_shape
    if not message.body:
        return {}
    payload = shape.serialization.get("payload")
    target = shape.members[payload] if payload else shape
    if target.type_name in ("blob", "string"):
        return {payload: _payload(target, message.body)}
    if model.service_model.resolved_protocol == "rest-json":
        params = json_params(target, load_json(message.body))
    else:
        params = xml_params(target, load_xml(message.body))
    return ({payload: params} if params else {}) if payload else params


def _payload(shape: Shape, body: bytes) -> str:
    import base64

    if shape.type_name == "blob":
        return base64.b64encode(body).decode()
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Ambiguous("the body is not text") from error


def _label(text: str) -> str:
    """A decoded path label. Nothing in it may read as more path to somebody else, unless it is a whole ARN."""
    value = unquote(text)
    if any(segment in (".", "..") for segment in value.split("/")) or any(ord(char) < 32 for char in value):
        raise Ambiguous("the path has dot segments or control characters")
    if "%2f" in text.lower() and not value.startswith("arn:"):
        raise Ambiguous("the path has an encoded slash")
    return value


@cache
def _routes(service: str) -> dict[str, list[Route]]:
    model = service_model(service)
    found: dict[str, list[Route]] = {}
    for name in model.operation_names if model else ():
        if (service, name) not in _ELSEWHERE and (operation := operation_model(service, name)) is not None:
            found.setdefault(operation.http["method"], []).append(_route(operation))
    for routes in found.values():
        routes.sort(key=lambda route: route.weight, reverse=True)
    return found


def _route(model: OperationModel) -> Route:
    path = model.http["requestUri"].partition("?")[0]
    literals = _literals(model)
    demands = frozenset(_required(model, "querystring"))
    headers = frozenset(name.lower() for name in _required(model, "header"))
    fixed = len(_LABEL.sub("", path))
    pattern = "".join(_segment(piece) for piece in re.split(r"(\{[^}]+\})", path))
    return Route(
        operation=model.name,
        pattern=re.compile(pattern),
        labels=tuple(match[1] for match in _LABEL.finditer(path)),
        literals=literals,
        demands=demands,
        header_demands=headers,
        weight=(len(literals), len(demands), len(headers), fixed, not model.deprecated),
    )


def _literals(model: OperationModel) -> tuple[tuple[str, str], ...]:
    query = model.http["requestUri"].partition("?")[2]
    return tuple((key, value) for key, _, value in (piece.partition("=") for piece in query.split("&") if piece))


def _segment(piece: str) -> str:
    label = _LABEL.fullmatch(piece)
    if label is None:
        return re.escape(piece)
    return "(.+)" if label[2] else "([^/]+)"


def _required(model: OperationModel, location: str) -> Iterator[str]:
    shape: Shape = model.input_shape
    for member in shape.required_members if shape else ():
        serialization = shape.members[member].serialization
        if serialization.get("location") == location:
            yield serialization.get("name", member)
