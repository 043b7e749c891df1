"""What a rule of a reviewed table may ask of a call's parameters. Data only; what a rule cannot read, it does not fit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

_STATEMENT = re.compile(r"\s*SELECT\s[^;]*", re.IGNORECASE)
_MORE_THAN_A_READ = re.compile(
    r"--|/\*|\b(?:INSERT|UPDATE|DELETE|UPSERT|MERGE|REPLACE|CREATE|ALTER|DROP|TRUNCATE|UNLOAD|COPY|INTO|CALL|EXEC|EXECUTE|GRANT|REVOKE|SET|REMOVE"
    r"|PREPARE|VACUUM|OPTIMIZE|REFRESH|EXTERNAL|FUNCTION|EXISTS)\b",
    re.IGNORECASE,
)


def fits(rule: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    """Whether the parameters are as the rule says. A rule has exactly one of the conditions below."""
    condition = next(name for name in CONDITIONS if name in rule)
    return CONDITIONS[condition](params.get(rule["param"]), rule, params)


def single_select(text: Any) -> bool:
    """One SELECT, without comments, further statements or any word that writes, wherever it stands: rather refuse a harmless one."""
    return isinstance(text, str) and _STATEMENT.fullmatch(text) is not None and _MORE_THAN_A_READ.search(text) is None


def _equals(value: Any, rule: Mapping[str, Any], _: Mapping[str, Any]) -> bool:
    return type(value) is type(rule["equals"]) and value == rule["equals"]


def _present(value: Any, rule: Mapping[str, Any], _: Mapping[str, Any]) -> bool:
    return (value is not None) is rule["present"]


def _select(value: Any, rule: Mapping[str, Any], _: Mapping[str, Any]) -> bool:
    return single_select(value) is rule["select"]


def _at_most(value: Any, rule: Mapping[str, Any], _: Mapping[str, Any]) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= rule["at_most"]


def _wider_than(value: Any, rule: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    """The window from ``param`` to ``until`` is wider than so many hours, or cannot be told."""
    start, end = _moment(value), _moment(params.get(rule["until"]))
    return start is None or end is None or abs((end - start).total_seconds()) > rule["wider_than"] * 3600


CONDITIONS: Mapping[str, Callable[[Any, Mapping[str, Any], Mapping[str, Any]], bool]] = {
    "equals": _equals,
    "present": _present,
    "select": _select,
    "at_most": _at_most,
    "wider_than": _wider_than,
}


def _moment(value: Any) -> datetime | None:
    """ISO text, or seconds or milliseconds since 1970."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if abs(value) > 1e11 else value, UTC)
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except (ValueError, OverflowError, OSError):
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC) if moment else None
