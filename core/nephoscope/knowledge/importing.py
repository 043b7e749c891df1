"""Findings of other tools, read from files. Nothing is lost in silence: a record that cannot be read is told with its place."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nephoscope.interfaces import Importer, UsageError
from nephoscope.models import JsonValue
from nephoscope.models.inspection import TakenFindings

MOST_BYTES = 200_000_000


def take_in(paths: Sequence[Path], importers: Mapping[str, Importer]) -> TakenFindings:
    """Every finding of the files. Raises :class:`UsageError` for a file that nobody can read."""
    taken = [_read(path, importers) for path in paths]
    return TakenFindings(
        findings=tuple(finding for one in taken for finding in one.findings), troubles=tuple(trouble for one in taken for trouble in one.troubles)
    )


def _read(path: Path, importers: Mapping[str, Importer]) -> TakenFindings:
    records = json_records(path)
    for importer in importers.values():
        found = importer.read(path, records)
        if found is not None:
            return found
    known = ", ".join(importers) or "none is installed"
    raise UsageError(f"{path} holds {len(records)} JSON records of no tool that is known", f"known are: {known}")


def json_records(path: Path) -> list[JsonValue]:
    """The members of a JSON list, or one object a line. Raises :class:`UsageError` with line and column."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path} is larger than {MOST_BYTES // 1_000_000} MB", "split it")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}", "give a JSON file in UTF-8") from error
    try:
        whole: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        return _lines(path, text, error)
    return whole if isinstance(whole, list) else [whole]


def _lines(path: Path, text: str, error: Exception) -> list[JsonValue]:
    rows = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    found: list[JsonValue] = []
    for number, line in rows:
        try:
            found.append(json.loads(line))
        except (ValueError, RecursionError) as broken:
            where = f"line {getattr(error, 'lineno', 1)}, column {getattr(error, 'colno', 1)}" if not found else f"line {number}"
            why = getattr(error if not found else broken, "msg", "nested too deeply")
            raise UsageError(f"{path} is no JSON: {why} at {where}", "export it again; nothing of it was taken") from error
    if not found:
        raise UsageError(f"{path} is empty", "export it again")
    return found
