"""Values in few characters: lists of like items as columns and rows, long ones cut with what was left out."""

from __future__ import annotations

import json
from collections.abc import Sequence

from nephoscope.models import JsonValue

FEW = 3
"""Lists shorter than this stay as they are."""


def brief(value: JsonValue, room: int) -> JsonValue:
    """The value, as much of it as ``room`` characters hold. What was cut says so."""
    for rows in (10_000, 60, 20, 8, 3, 1):
        small = _shrunk(value, rows, max(40, room // 4))
        if size(small) <= room:
            return small
    text = json.dumps(_shrunk(value, 1, 60), ensure_ascii=False)
    return f"{text[:room]}… cut: look at a part of it"


def size(value: JsonValue) -> int:
    """Characters as JSON."""
    return len(json.dumps(value, ensure_ascii=False))


def _shrunk(value: JsonValue, rows: int, text: int) -> JsonValue:
    if isinstance(value, str):
        return value if len(value) <= text else f"{value[:text]}… ({len(value)} characters)"
    if isinstance(value, dict):
        return {key: _shrunk(member, rows, text) for key, member in value.items()}
    if not isinstance(value, list):
        return value
    kept = [_shrunk(member, rows, text) for member in value[:rows]]
    more = len(value) - len(kept)
    table = _table(kept)
    if table is not None:
        return {**table, **({"more_rows": more} if more else {})}
    return [*kept, *([f"… {more} more"] if more else [])]


def _table(items: Sequence[JsonValue]) -> dict[str, JsonValue] | None:
    """Columns and rows, where the items are objects that share most keys."""
    if len(items) < FEW or not all(isinstance(item, dict) for item in items):
        return None
    columns = list(dict.fromkeys(key for item in items if isinstance(item, dict) for key in item))
    filled = sum(len(item) for item in items if isinstance(item, dict))
    if filled < 0.6 * len(columns) * len(items):
        return None
    rows: list[JsonValue] = [[item.get(key) for key in columns] for item in items if isinstance(item, dict)]
    return {"columns": [*columns], "rows": rows}
