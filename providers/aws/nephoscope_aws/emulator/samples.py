"""Made-up replies from the SDK's service models: every member filled, lists with several items, two pages where there are pages."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nephoscope.models import JsonValue, Page, Sample
from nephoscope_aws.wire.models import Shape, operation_model, paginators

ITEMS = 2
DEEP = 7
"""Members further down than this are left out."""
SECOND = "sample-page-2"
"""The token of the second page."""
_MOMENT = "2026-01-01T00:00:00Z"
_TOKEN = re.compile(r"(?:next)?_?(?:token|marker|continuationtoken)$", re.IGNORECASE)
_SPOKEN: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(policy|document|policytext)$", re.IGNORECASE), '{"Version":"2012-10-17","Statement":[]}'),
    (re.compile(r"arns?$", re.IGNORECASE), "arn:aws:{service}:us-east-1:123456789012:{name}/sample-{n}"),
    (re.compile(r"(url|uri|endpoint)s?$", re.IGNORECASE), "https://sample-{n}.example"),
    (re.compile(r"cidr", re.IGNORECASE), "10.0.{n}.0/24"),
    (re.compile(r"(ip|ipaddress|address)$", re.IGNORECASE), "10.0.0.{n}"),
    (re.compile(r"(time|date|timestamp|(?<=[a-z])At)$"), "2026-01-01T00:00:00Z"),
    (re.compile(r"(count|size|port|seconds|days|number|bytes|percent|timeout)$", re.IGNORECASE), "{n}"),
    (re.compile(r"region$", re.IGNORECASE), "us-east-1"),
    (re.compile(r"^account|accountid$|owner(id)?$", re.IGNORECASE), "123456789012"),
)
"""Text that has a form which scripts may take apart."""


def sample(operation: str) -> Sample | None:
    """The reply of ``service:Operation``, made up; ``None`` for streams and what the SDK does not know."""
    service, _, name = operation.partition(":")
    model = operation_model(service, name)
    if model is None or model.output_shape is None or model.has_event_stream_output or model.has_streaming_output:
        return None
    writer = _Writer(service)
    tokens = _tokens(service, name)
    first = _without_tokens(writer.value(model.output_shape, name, 1, ()), tokens)
    if not tokens or not isinstance(first, dict):
        return Sample(operation=operation, pages=(Page(document=first),), open=writer.open)
    last = _without_tokens(_Writer(service).value(model.output_shape, name, 1 + ITEMS, ()), tokens)
    said: JsonValue = {**first, **dict.fromkeys(tokens.values(), SECOND), **({_MORE: True} if _MORE in first else {})}
    ends: JsonValue = {**last, **({_MORE: False} if _MORE in last else {})} if isinstance(last, dict) else last
    return Sample(operation=operation, pages=(Page(params=dict.fromkeys(tokens, SECOND), document=ends), Page(document=said)), open=writer.open)


_MORE = "IsTruncated"


def _tokens(service: str, name: str) -> Mapping[str, str]:
    """Request's token → reply's token of an operation that has pages told by one plain token; empty for others."""
    known = paginators(service)
    try:
        config = known.get_paginator(name) if known else None
    except ValueError:
        config = None
    if config is None:
        return {}
    into, out = config["input_token"], config["output_token"]
    return {into: out} if isinstance(into, str) and isinstance(out, str) and out.isidentifier() else {}


def _without_tokens(document: Any, tokens: Mapping[str, str]) -> Any:
    """A last page: nothing in it says that there is more."""
    if not isinstance(document, dict):
        return document
    gone = {*tokens.values(), *tokens, *(key for key in document if _TOKEN.search(key))}
    ends = {key: False if key.startswith(("IsTruncated", "HasMore")) else value for key, value in document.items()}
    return {key: value for key, value in ends.items() if key not in gone}


@dataclass
class _Writer:
    """Fills shapes. ``open``: whether a map was among them whose keys no model names."""

    service: str
    open: bool = field(default=False, init=False)

    def value(self, shape: Shape, name: str, n: int, above: tuple[str, ...]) -> Any:
        kind = shape.type_name
        if kind == "structure":
            return self._structure(shape, n, above)
        if kind == "list":
            count = ITEMS if len(above) < DEEP - 3 else 1
            return [self.value(shape.member, name, n + more, above) for more in range(count)]
        if kind == "map":
            return {key: self.value(shape.value, key, n, above) for key in self._keys(shape.key)}
        return self._scalar(shape, kind, name, n)

    def _structure(self, shape: Shape, n: int, above: tuple[str, ...]) -> dict[str, Any]:
        below = (*above, shape.name)
        members = {key: member for key, member in shape.members.items() if len(below) < DEEP and not _nested(member) & set(below)}
        if getattr(shape, "is_tagged_union", False):
            members = dict(list(members.items())[:1])
        return {key: self.value(member, key, n, below) for key, member in members.items()}

    def _keys(self, shape: Shape) -> list[str]:
        if not shape.enum:
            self.open = True
        return list(shape.enum) or ["sample-key"]

    def _scalar(self, shape: Shape, kind: str, name: str, n: int) -> Any:
        if kind == "string":
            given = shape.enum[(n - 1) % len(shape.enum)] if shape.enum else self._text(name, n)
            return "{}" if shape.serialization.get("jsonvalue") else given
        if kind == "blob":
            return base64.b64encode(f"{name}-{n}".encode()).decode()
        return {"float": n + 0.5, "double": n + 0.5, "boolean": n % 2 == 1, "timestamp": _MOMENT}.get(kind, n)

    def _text(self, name: str, n: int) -> str:
        plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
        for pattern, text in _SPOKEN:
            if pattern.search(name):
                return text.replace("{service}", self.service).replace("{name}", plain).replace("{n}", str(n))
        return f"{plain}-{n}"


def _nested(shape: Shape) -> set[str]:
    """Names of the structures right inside a member, through lists and maps."""
    while shape.type_name in ("list", "map"):
        shape = shape.member if shape.type_name == "list" else shape.value
    return {shape.name} if shape.type_name == "structure" else set()
