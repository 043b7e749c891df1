"""JSON schemas as providers take them: without references and ornaments, and where a provider holds replies to them, strict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from nephoscope.models import JsonValue

_KEPT = frozenset({"type", "enum", "const", "description", "properties", "required", "items", "anyOf", "additionalProperties"})
"""What every provider's reader of schemas knows. Lengths and patterns are checked by us anyway."""
_SIMPLE: tuple[dict[str, Any], ...] = tuple({"type": name} for name in ("string", "number", "boolean"))
ANYTHING: dict[str, Any] = {"anyOf": [*_SIMPLE, {"type": "null"}, {"type": "array", "items": {"anyOf": [*_SIMPLE]}}]}
"""A value of any kind, in a strict schema."""
AS_TEXT = "a JSON object, written as text"
MOST_DEPTH = 24


def plain(schema: type[BaseModel]) -> dict[str, Any]:
    """The schema in one piece: references put in, titles and defaults left out."""
    whole = schema.model_json_schema()
    found = _plain(whole, whole.get("$defs", {}), 0)
    return {"title": schema.__name__, **found}


def strict(shape: Mapping[str, Any]) -> dict[str, Any]:
    """A plain schema as strict modes want it: every member required, no others; members that may be anything are simple, free objects are text."""
    found = _strict(shape)
    return {"title": shape.get("title", "Reply"), **found}


def loosened(value: JsonValue, shape: Mapping[str, Any]) -> JsonValue:
    """A value with objects and lists that came as JSON text as what they are, where the plain schema wants such. Whether it fits is not looked at."""
    kinds = {shape.get("type"), *(one.get("type") for one in shape.get("anyOf", ()))}
    if isinstance(value, str) and kinds & {"object", "array"} and "string" not in kinds:
        try:
            value = json.loads(value, strict=False) if value.strip() else {} if "object" in kinds else []
        except (ValueError, RecursionError):
            return value
    if isinstance(value, dict):
        known = _object(shape).get("properties", {})
        return {key: loosened(member, known[key]) if key in known else member for key, member in value.items()}
    if isinstance(value, list):
        items = shape.get("items") or {}
        return [loosened(member, items) for member in value]
    return value


def _object(shape: Mapping[str, Any]) -> Mapping[str, Any]:
    return next((one for one in (shape, *shape.get("anyOf", ())) if one.get("properties")), shape)


def _plain(node: Any, known: Mapping[str, Any], depth: int) -> Any:
    if isinstance(node, list):
        return [_plain(one, known, depth) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        if depth >= MOST_DEPTH:
            return {}
        target = _plain(known.get(str(node["$ref"]).rpartition("/")[2], {}), known, depth + 1)
        return {**target, **({"description": node["description"]} if "description" in node else {})}
    kept = {key: value for key, value in node.items() if key in _KEPT}
    for key, value in kept.items():
        if key == "properties":
            kept[key] = {name: _plain(member, known, depth + 1) for name, member in value.items()}
        elif key not in ("enum", "const", "required"):
            kept[key] = _plain(value, known, depth + 1)
    return kept


def _strict(node: Mapping[str, Any]) -> dict[str, Any]:
    told = {"description": node["description"]} if "description" in node else {}
    if node.get("properties"):
        members = {name: _strict(member) for name, member in node["properties"].items()}
        return {**told, "type": "object", "properties": members, "required": [*members], "additionalProperties": False}
    if node.get("type") == "object":
        return {"type": "string", "description": f"{told['description']}; {AS_TEXT}" if told else AS_TEXT}
    if node.get("anyOf"):
        return {**told, "anyOf": [_strict(one) for one in node["anyOf"]]}
    if node.get("type") == "array":
        return {**told, "type": "array", "items": _strict(node.get("items") or {})}
    if not {"type", "enum", "const"} & set(node):
        return {**told, **ANYTHING}
    return dict(node)
