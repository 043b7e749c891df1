"""Filter patterns of log groups, evaluated over lines: terms, phrases, and comparisons of JSON fields."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

_TERM = re.compile(r"\s*(?P<sign>[?-]?)(?:\"(?P<phrase>(?:[^\"\\]|\\.)*)\"|%(?P<regex>[^%]+)%|(?P<word>[^\s\"]+))")
_COMPARISON = re.compile(
    r"\s*\$\.(?P<path>[\w.\[\]-]+)\s*(?:(?P<sign>!=|>=|<=|=|>|<)\s*(?:\"(?P<text>[^\"]*)\"|(?P<word>[^\s&|(){}\"]+))"
    r"|(?P<state>IS\s+(?:TRUE|FALSE|NULL)|NOT\s+EXISTS))\s*"
)
_STATES: dict[str, Any] = {"IS TRUE": True, "IS FALSE": False, "IS NULL": None}
Pattern = Callable[[str], bool]


def compiled(pattern: str, *, ignore_case: bool = False) -> Pattern | None:
    """A function that says whether a line passes; ``None`` for patterns in a dialect that is not read here."""
    text = pattern.strip()
    if text.startswith("["):
        return None
    if text.startswith("{"):
        return _json(text, ignore_case)
    return _terms(text, ignore_case)


def _terms(text: str, ignore_case: bool) -> Pattern | None:
    wanted: list[Pattern] = []
    optional: list[Pattern] = []
    place = 0
    while place < len(text):
        match = _TERM.match(text, place)
        if match is None:
            return None
        place = match.end()
        found = _holding(match, ignore_case)
        if found is None:
            return None
        if match["sign"] == "?":
            optional.append(found)
        else:
            wanted.append(_negated(found) if match["sign"] == "-" else found)
    return lambda line: all(one(line) for one in wanted) and (not optional or any(one(line) for one in optional))


def _negated(pattern: Pattern) -> Pattern:
    return lambda line: not pattern(line)


def _holding(match: re.Match[str], ignore_case: bool) -> Pattern | None:
    if match["regex"] is not None:
        try:
            expression = re.compile(match["regex"], re.IGNORECASE if ignore_case else 0)
        except re.error:
            return None
        return lambda line: expression.search(line) is not None
    term = match["phrase"].replace('\\"', '"') if match["phrase"] is not None else match["word"]
    if ignore_case:
        return lambda line: term.lower() in line.lower()
    return lambda line: term in line


def _json(text: str, ignore_case: bool) -> Pattern | None:
    inner = text.removeprefix("{").removesuffix("}").strip()
    if not text.endswith("}") or "(" in inner:
        return None
    alternatives = [[_comparison(part, ignore_case) for part in each.split("&&")] for each in inner.split("||")]
    if any(one is None for each in alternatives for one in each):
        return None

    def passes(line: str) -> bool:
        document = _document(line)
        return document is not None and any(all(one is not None and one(document) for one in each) for each in alternatives)

    return passes


def _document(line: str) -> dict[str, Any] | None:
    start = line.find("{")
    try:
        found = json.loads(line[start:]) if start >= 0 else None
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _comparison(text: str, ignore_case: bool) -> Callable[[dict[str, Any]], bool] | None:
    match = _COMPARISON.fullmatch(text)
    if match is None or "[" in match["path"]:
        return None
    path = match["path"].split(".")
    if match["state"]:
        state = " ".join(match["state"].split())
        return lambda document: (_at(document, path) is _NOTHING) if state == "NOT EXISTS" else _at(document, path) is _STATES[state]
    against = match["text"] if match["text"] is not None else match["word"]
    return lambda document: _holds(match["sign"], _at(document, path), against, ignore_case)


_NOTHING = object()


def _at(document: Any, path: list[str]) -> Any:
    for step in path:
        if not isinstance(document, dict) or step not in document:
            return _NOTHING
        document = document[step]
    return document


def _holds(sign: str, here: Any, against: str, ignore_case: bool) -> bool:
    if here is _NOTHING:
        return False
    if sign in ("=", "!="):
        return _same(here, against, ignore_case) == (sign == "=")
    try:
        left, right = float(here), float(against)
    except (TypeError, ValueError):
        return False
    return {">": left > right, "<": left < right, ">=": left >= right, "<=": left <= right}[sign]


def _same(here: Any, against: str, ignore_case: bool) -> bool:
    if isinstance(here, int | float) and not isinstance(here, bool):
        try:
            return float(against) == here
        except ValueError:
            return False
    text = here if isinstance(here, str) else json.dumps(here)
    return fnmatchcase(text.lower(), against.lower()) if ignore_case else fnmatchcase(text, against)
