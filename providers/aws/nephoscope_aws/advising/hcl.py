"""Values and blocks in HashiCorp's configuration language, every value quoted for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nephoscope.models import JsonValue

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u0085\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Control and bidirectional characters could make a text read otherwise than it means."""
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Document:
    """A JSON document that stands in a string: written as ``jsonencode``."""

    value: JsonValue


@dataclass(frozen=True)
class Blocks:
    """Blocks of one name within another."""

    members: Sequence[Mapping[str, Value]]


Value = JsonValue | Document | Blocks


def block(kind: str, label: str, body: Mapping[str, Value], remark: str = "") -> str:
    """A ``resource`` block; ``remark`` is a comment before its end."""
    lines = [f'resource "{kind}" "{label}" {{', *_body(body, 1), *([f"  # {remark}"] if remark else []), "}"]
    return "\n".join(lines)


def _body(body: Mapping[str, Value], depth: int) -> list[str]:
    pad = "  " * depth
    plain = {name: value for name, value in body.items() if not isinstance(value, Blocks)}
    width = max(map(len, plain), default=0)
    lines = [f"{pad}{name.ljust(width)} = {expression(value, depth)}" for name, value in plain.items()]
    for name, value in body.items():
        for member in value.members if isinstance(value, Blocks) else ():
            lines += ["", f"{pad}{name} {{", *_body(member, depth + 1), f"{pad}}}"]
    return lines if lines[:1] != [""] else lines[1:]


def expression(value: Value, depth: int = 0) -> str:
    """One value. Raises ``TypeError`` for blocks, which are no values."""
    if isinstance(value, Document):
        return f"jsonencode({expression(value.value, depth)})"
    if isinstance(value, Blocks):
        raise TypeError("blocks are no value")
    if not isinstance(value, list | dict):
        return _scalar(value)
    pad = "  " * (depth + 1)
    if isinstance(value, list):
        if all(not isinstance(one, list | dict) for one in value):
            return f"[{', '.join(expression(one) for one in value)}]"
        return "[\n" + "".join(f"{pad}{expression(one, depth + 1)},\n" for one in value) + "  " * depth + "]"
    members = "".join(f"{pad}{_key(name)} = {expression(member, depth + 1)}\n" for name, member in value.items())
    return "{\n" + members + "  " * depth + "}" if members else "{}"


def _scalar(value: str | float | bool | None) -> str:
    if isinstance(value, str):
        return quoted(value)
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) and name not in ("for", "if", "null", "true", "false") else quoted(name)


def quoted(text: str) -> str:
    """A string without anything that would be filled in."""
    seen = _UNSEEN.sub("\N{REPLACEMENT CHARACTER}", text)
    escaped = "".join(_ESCAPES.get(letter, letter) for letter in seen)
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'
