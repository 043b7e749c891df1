"""Reading parameters from JSON and XML bodies. As lenient as :mod:`forms`, for the same reason."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

from nephoscope.interfaces.errors import Ambiguous
from nephoscope_aws.wire.models import Shape
from nephoscope_aws.wire.scalars import from_text, moment

_MAX_DEPTH = 64


def load_json(body: bytes) -> Any:
    """A JSON document without duplicate names, NaN, or depth that would exhaust a parser."""
    try:
        document = json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise Ambiguous(f"the body is not plain JSON: {error}") from error
    _measure(document, 0)
    return document


def load_xml(body: bytes) -> ElementTree.Element:
    """An XML document without a document type (nothing to expand)."""
    if b"<!" in body or b"<?xml-" in body:
        raise Ambiguous("the XML body has declarations")
    try:
        return ElementTree.fromstring(body)  # noqa: S314 - nothing declared, nothing expands
    except ElementTree.ParseError as error:
        raise Ambiguous(f"the body is not XML: {error}") from error


def json_params(shape: Shape | None, document: Any) -> Any:
    """Parameters of a JSON document, under the names the SDK uses for them."""
    if shape is None:
        return {}
    kind = shape.type_name
    if kind == "structure" and isinstance(document, dict) and not shape.is_document_type:
        return _json_structure(shape, document)
    if kind == "list" and isinstance(document, list):
        return [json_params(shape.member, item) for item in document]
    if kind == "map" and isinstance(document, dict):
        return {key: json_params(shape.value, value) for key, value in document.items()}
    if kind == "timestamp" and isinstance(document, str | int | float) and not isinstance(document, bool):
        return moment(document)
    return document


def _json_structure(shape: Shape, document: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for member, child in shape.members.items():
        name = child.serialization.get("name", member)
        if document.get(name) is not None and "location" not in child.serialization:
            found[member] = json_params(child, document[name])
    return found


def xml_params(shape: Shape, node: ElementTree.Element) -> Any:
    """Parameters of an XML element, under the names the SDK uses for them."""
    if shape.type_name == "structure":
        return _xml_structure(shape, node)
    if shape.type_name == "list":
        return [xml_params(shape.member, child) for child in node]
    if shape.type_name == "map":
        return dict(_entry(shape, child) for child in node)
    return from_text(shape, node.text or "")


def _xml_structure(shape: Shape, node: ElementTree.Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for member, child in shape.members.items():
        name = child.serialization.get("name", member)
        nodes = [each for each in node if local(each.tag) == name]
        if child.serialization.get("xmlAttribute"):
            found.update((member, text) for key, text in node.attrib.items() if local(key) == name.rpartition(":")[2])
        elif nodes and child.serialization.get("flattened"):
            found[member] = _xml_flattened(child, nodes)
        elif nodes:
            found[member] = xml_params(child, nodes[0])
    return found


def _xml_flattened(shape: Shape, nodes: list[ElementTree.Element]) -> Any:
    if shape.type_name == "map":
        return dict(_entry(shape, node) for node in nodes)
    return [xml_params(shape.member, node) for node in nodes]


def _entry(shape: Shape, node: ElementTree.Element) -> tuple[str, Any]:
    parts = {local(child.tag): child for child in node}
    key = parts.get(shape.key.serialization.get("name", "key"))
    value = parts.get(shape.value.serialization.get("name", "value"))
    if key is None or value is None:
        raise Ambiguous("a map entry in the XML body is incomplete")
    return key.text or "", xml_params(shape.value, value)


def local(tag: str) -> str:
    """A tag or attribute name without its namespace."""
    return tag.rpartition("}")[2]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Ambiguous("the JSON body names a member twice")
    return found


def _constant(name: str) -> Any:
    raise Ambiguous(f"{name} is not JSON")


def _measure(value: Any, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise Ambiguous("the JSON body is too deep")
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        _measure(child, depth + 1)
