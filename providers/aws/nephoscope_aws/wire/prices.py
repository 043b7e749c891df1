"""What a call costs, from a dated list."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any

from nephoscope.models import Call, Price, WireReply
from nephoscope.models.yaml_text import parse_yaml
from nephoscope_aws.wire.tiers import classify


def price(call: Call, reply: WireReply | None) -> Price:
    """The estimate, or what it came to; a refused request is not charged."""
    service = _table()["services"].get(call.service, {})
    entry = _entry(service.get("operations", {}), call.operation)
    source = f"{service.get('source', 'AWS list prices')}, {_table()['date']}"
    if reply is not None and reply.status >= 400:
        return Price(usd=0.0, source=source)
    if entry is not None:
        return _priced(entry, call, reply, source)
    if classify(call).tier.value in _table()["free_tiers"]:
        return Price(usd=0.0, source=source)
    return Price(usd=None, source=f"{source}: not listed")


def _priced(entry: Mapping[str, Any], call: Call, reply: WireReply | None, source: str) -> Price:
    if "unknown" in entry:
        return Price(usd=None, source=f"{source}: {entry['unknown']}")
    usd = float(entry["usd"])
    if "each" in entry:
        asked = call.params.get(entry["each"])
        count = len(asked) if isinstance(asked, list | tuple) else 1
        usd *= max(1, count, _length(_at(entry.get("results", ""), call, reply)))
    if "metered" in entry and reply is not None:
        told = _at(entry["metered"]["place"], call, reply)
        usd += max(0.0, float(told)) * entry["metered"]["usd"] if isinstance(told, int | float) and not isinstance(told, bool) else 0.0
    return Price(usd=usd, source=source)


def _entry(operations: Mapping[str, Any], operation: str) -> Mapping[str, Any] | None:
    """An exact name before a pattern."""
    if operation in operations:
        found: Mapping[str, Any] = operations[operation]
        return found
    return next((entry for pattern, entry in operations.items() if fnmatchcase(operation, pattern)), None)


def _at(place: str, call: Call, reply: WireReply | None) -> Any:
    import jmespath

    from nephoscope_aws.wire.canonical import parse

    return jmespath.search(place, parse(call, reply).document) if place and reply is not None else None


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list) else 0


@cache
def _table() -> Mapping[str, Any]:
    document: Mapping[str, Any] = parse_yaml(resources.files("nephoscope_aws").joinpath("prices.yaml").read_text("utf-8"))
    return document
