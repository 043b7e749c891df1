"""Placeholders in identifiers and parameters: filled in one direction, recognised in the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from nephoscope.models import JsonValue

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_NARROW = frozenset({"partition", "region", "account"})
LATE = re.compile(r"\{(now(?:-\d+[mhd])?(?:@ms)?|fact:[^{}]+)\}")
"""Placeholders that only the engine can fill: the time, with ``@ms`` as milliseconds since 1970, and known facts."""
PAGING = frozenset(
    {
        "MaxResults",
        "NextToken",
        "Marker",
        "MaxItems",
        "Limit",
        "PageSize",
        "MaxRecords",
        "nextToken",
        "limit",
        "maxResults",
        "ContinuationToken",
        "MaxKeys",
        "MaxBuckets",
        "StartingToken",
        "position",
        "pageToken",
        "pageSize",
        "maxItems",
        "marker",
        "PageToken",
    }
)
"""Parameter names that only steer paging: they do not change what is asked."""


def is_late(name: str) -> bool:
    """Whether only the engine can fill a placeholder of that name."""
    return LATE.fullmatch(f"{{{name}}}") is not None


def placeholders(template: str) -> tuple[str, ...]:
    """Names of the placeholders in a template."""
    return tuple(_PLACEHOLDER.findall(template))


@lru_cache(maxsize=2048)
def _pattern(template: str) -> re.Pattern[str]:
    pattern, last, seen = "", 0, set[str]()
    for match in _PLACEHOLDER.finditer(template):
        name = match[1]
        pattern += re.escape(template[last : match.start()])
        last = match.end()
        if is_late(name) or not name.isidentifier():
            pattern += ".*"
        elif name in seen:
            pattern += f"(?P={name})"
        else:
            seen.add(name)
            pattern += f"(?P<{name}>[^:/#]*)" if name in _NARROW else f"(?P<{name}>[^#]+)"
    return re.compile(pattern + re.escape(template[last:]) + r"\Z", re.DOTALL)


def recognise(template: str, text: str) -> dict[str, str] | None:
    """The values that make the template equal to the text, or ``None``."""
    match = _pattern(template).match(text)
    return {key: value for key, value in match.groupdict().items() if value is not None} if match else None


def fill(template: str, value_of: Callable[[str], str | None]) -> str | None:
    """The template with every placeholder filled, late ones kept; ``None`` if one has no value."""
    missing = False

    def one(match: re.Match[str]) -> str:
        nonlocal missing
        if is_late(match[1]):
            return match[0]
        value = value_of(match[1])
        missing = missing or value is None
        return value or ""

    text = _PLACEHOLDER.sub(one, template)
    return None if missing else text


def fill_all(template: JsonValue, value_of: Callable[[str], str | None]) -> tuple[JsonValue, bool]:
    """A parameter structure with its placeholders filled, and whether every one had a value."""
    if isinstance(template, str):
        text = fill(template, value_of)
        return text, text is not None
    if isinstance(template, list):
        members = [fill_all(member, value_of) for member in template]
        return [value for value, _ in members], all(ok for _, ok in members)
    if isinstance(template, dict):
        pairs = {key: fill_all(member, value_of) for key, member in template.items()}
        return {key: value for key, (value, _) in pairs.items()}, all(ok for _, ok in pairs.values())
    return template, True


def unify(template: JsonValue, actual: JsonValue) -> dict[str, str] | None:
    """The placeholder values under which a parameter structure equals the actual one, or ``None``. Paging parameters are ignored."""
    if isinstance(template, str):
        if not placeholders(template):
            return {} if template == actual else None
        return recognise(template, actual) if isinstance(actual, str) else ({} if _whole_late(template) else None)
    if isinstance(template, list):
        if not isinstance(actual, list) or len(actual) != len(template):
            return None
        return _merge(unify(left, right) for left, right in zip(template, actual, strict=True))
    if isinstance(template, dict):
        return _unify_mapping(template, actual)
    return {} if template == actual else None


def _whole_late(template: str) -> bool:
    match = _PLACEHOLDER.fullmatch(template)
    return bool(match and is_late(match[1]))


def _unify_mapping(template: Mapping[str, JsonValue], actual: JsonValue) -> dict[str, str] | None:
    if not isinstance(actual, dict):
        return None
    extra = set(actual) - set(template) - PAGING
    missing = set(template) - set(actual) - PAGING
    if extra or missing:
        return None
    return _merge(unify(member, actual[key]) for key, member in template.items() if key in actual)


def _merge(parts: object) -> dict[str, str] | None:
    merged: dict[str, str] = {}
    for part in parts:  # type: ignore[attr-defined]
        if part is None or any(merged.get(key, value) != value for key, value in part.items()):
            return None
        merged |= part
    return merged
