"""Reading parameters from a form body: the ``query`` and ``ec2`` protocols.

Readers are lenient: what they do not understand they leave out, and :mod:`roundtrip` then refuses the request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from nephoscope.interfaces.errors import Ambiguous
from nephoscope_aws.wire.models import Shape
from nephoscope_aws.wire.scalars import from_text

_MAX_FIELDS = 5000
_MISSING: Any = object()


def fields(body: bytes) -> dict[str, str]:
    """The fields of a form, each name once."""
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError as error:
        raise Ambiguous("the form is not ASCII") from error
    found: dict[str, str] = {}
    pieces = text.split("&")
    if len(pieces) > _MAX_FIELDS:
        raise Ambiguous("the form has too many fields")
    for piece in pieces:
        key, equals, value = piece.partition("=")
        name, text_value = unquote_plus(key), unquote_plus(value)
        if not equals or name in found or quote_plus(name) != key or quote_plus(text_value) != value:
            raise Ambiguous(f"the form names {name!r:.60} twice or in a disguise")
        found[name] = text_value
    return found


def form_params(shape: Shape | None, form: Mapping[str, str], *, ec2: bool) -> dict[str, Any]:
    """Parameters of a form, as plain JSON."""
    if shape is None:
        return {}
    params = _Form(form, ec2).structure(shape, "")
    return params if isinstance(params, dict) else {}


class _Form:
    """Mirrors the SDK's serializers: names become dotted keys, list items are counted from 1."""

    def __init__(self, form: Mapping[str, str], ec2: bool) -> None:
        self._form = form
        self._ec2 = ec2
        self._known = {prefix for key in form for prefix in _prefixes(key)}

    def structure(self, shape: Shape, prefix: str) -> dict[str, Any]:
        found = {}
        for member, child in shape.members.items():
            name = self._name(child, member)
            value = self._value(child, f"{prefix}.{name}" if prefix else name)
            if value is not _MISSING:
                found[member] = value
        return found

    def _value(self, shape: Shape, key: str) -> Any:
        kind = shape.type_name
        if kind == "list":
            return self._list(shape, key)
        if kind == "map":
            return self._map(shape, key)
        if key not in self._known:
            return _MISSING
        if kind == "structure":
            return self.structure(shape, key)
        return from_text(shape, self._form[key]) if key in self._form else _MISSING

    def _list(self, shape: Shape, key: str) -> Any:
        items = [self._value(shape.member, prefix) for prefix in self._counted(self._list_prefix(shape, key))]
        if items:
            return items
        return [] if not self._ec2 and self._form.get(key) == "" else _MISSING

    def _list_prefix(self, shape: Shape, key: str) -> str:
        if self._ec2:
            return key
        own = shape.member.serialization.get("name")
        if shape.serialization.get("flattened"):
            return ".".join([*key.split(".")[:-1], own]) if own else key
        return f"{key}.{own or 'member'}"

    def _map(self, shape: Shape, key: str) -> Any:
        found = {}
        for entry in self._counted(key if shape.serialization.get("flattened") else f"{key}.entry"):
            name = self._form.get(f"{entry}.{self._name(shape.key, 'key')}")
            value = self._value(shape.value, f"{entry}.{self._name(shape.value, 'value')}")
            if name is not None and value is not _MISSING:
                found[name] = value
        return found or _MISSING

    def _counted(self, prefix: str) -> Iterator[str]:
        index = 1
        while f"{prefix}.{index}" in self._known:
            yield f"{prefix}.{index}"
            index += 1

    def _name(self, shape: Shape, default: str) -> str:
        serialization = shape.serialization
        if not self._ec2:
            return str(serialization.get("name", default))
        if "queryName" in serialization:
            return str(serialization["queryName"])
        name = str(serialization.get("name", ""))
        return name[:1].upper() + name[1:] if name else default


def _prefixes(key: str) -> Iterator[str]:
    parts = key.split(".")
    for count in range(1, len(parts) + 1):
        yield ".".join(parts[:count])
