"""JSON: the report as a document, and excerpts of recorded replies."""

from __future__ import annotations

import json
from collections.abc import Iterator

from nephoscope.models import JsonValue
from nephoscope.models.report import Report
from nephoscope.reporting.text import clean_block, clip

_CONTEXT = 6
_WIDTH = 160


def to_json(report: Report) -> str:
    """The ``nephoscope.report/1`` document, with a line end."""
    return json.dumps(report.model_dump(mode="json", by_alias=True), indent=2, ensure_ascii=True) + "\n"


def excerpt(document: JsonValue, pointer: str) -> list[tuple[bool, str]]:
    """Lines of a recorded reply around a JSON pointer; the flag marks the value pointed at.

    Where the pointer does not resolve, the nearest enclosing place that does is marked: that is where something is missing.
    """
    keys = _resolvable(document, [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]])
    lines = [(path[: len(keys)] == keys, line) for path, line in _lines(document, [], 0, "")]
    first = next((index for index, (marked, _) in enumerate(lines) if marked), 0)
    last = max((index for index, (marked, _) in enumerate(lines) if marked), default=0)
    shown = lines[max(first - _CONTEXT, 0) : min(last, first + 8 * _CONTEXT) + _CONTEXT + 1]
    return [(marked, clip(clean_block(line).replace("\n", " "), _WIDTH)) for marked, line in shown]


def _resolvable(document: JsonValue, keys: list[str]) -> list[str]:
    done: list[str] = []
    for key in keys:
        if isinstance(document, dict) and key in document:
            document = document[key]
        elif isinstance(document, list) and key.isdigit() and int(key) < len(document):
            document = document[int(key)]
        else:
            break
        done.append(key)
    return done


def _lines(value: JsonValue, path: list[str], depth: int, prefix: str) -> Iterator[tuple[list[str], str]]:
    """Pretty-printed lines, each with the path of the innermost value it belongs to."""
    pad = "  " * depth
    if isinstance(value, dict) and value:
        yield path, f"{pad}{prefix}{{"
        for key, item in value.items():
            yield from _lines(item, [*path, key], depth + 1, f"{json.dumps(key, ensure_ascii=False)}: ")
        yield path, f"{pad}}}"
    elif isinstance(value, list) and value:
        yield path, f"{pad}{prefix}["
        for index, item in enumerate(value):
            yield from _lines(item, [*path, str(index)], depth + 1, "")
        yield path, f"{pad}]"
    else:
        yield path, f"{pad}{prefix}{json.dumps(value, ensure_ascii=False)}"
