"""What the dialects share: how a text falls into pieces, server-sent events, and parts of messages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any


def pieces(text: str) -> list[str]:
    """The text as it streams: word by word, nothing lost."""
    return re.findall(r"\S+\s*|\s+", text)


def event(data: Mapping[str, Any], name: str = "") -> bytes:
    """One server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def text_of(content: Any, keys: Iterable[str] = ("text", "content", "thinking")) -> str:
    """The words in a message's content, whatever it is made of: what tools returned and what was called with is part of it."""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        found = [text_of(content[key]) for key in keys if content.get(key)]
        return "\n".join(found) if found else json.dumps(content, ensure_ascii=False)
    if isinstance(content, list):
        return "\n".join(text_of(part) for part in content)
    return "" if content is None else str(content)


def bearer(headers: Mapping[str, str]) -> str:
    """The key in an ``Authorization: Bearer`` header."""
    return headers.get("authorization", "").removeprefix("Bearer ").strip()
