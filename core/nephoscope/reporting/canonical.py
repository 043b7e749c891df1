"""A report without what changes from run to run, as bytes that can be compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from nephoscope.models import JsonValue
from nephoscope.models.report import Report

VOLATILE: Final = (
    "ended_at",
    "isolation",
    "run_dir",
    "timings.*",
    "versions",
    "steps[].seconds",
)
"""Every field whose value says something about a machine or a moment, not about the investigation. ``[]``: of each item; ``*``: each key."""


def canonical(report: Report) -> bytes:
    """The report as JSON with sorted keys, volatile fields ``null``, ending in a line end. Equal for a run and its replays."""
    return (json.dumps(canonical_document(report), sort_keys=True, indent=2, ensure_ascii=True) + "\n").encode()


def canonical_document(report: Report) -> dict[str, JsonValue]:
    """The same as a document."""
    document: dict[str, JsonValue] = report.model_dump(mode="json", by_alias=True)
    for path in VOLATILE:
        _blank(document, path.replace("[]", ".[]").split("."))
    return document


def _blank(value: JsonValue, path: Sequence[str]) -> None:
    head, *rest = path
    if head == "[]":
        for item in value if isinstance(value, list) else ():
            _blank(item, rest)
    elif isinstance(value, dict):
        for key in list(value) if head == "*" else [head] if head in value else []:
            if rest:
                _blank(value[key], rest)
            else:
                value[key] = None
