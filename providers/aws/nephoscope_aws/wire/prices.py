"""What a call costs, from a dated list."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from nephoscope.models import Call, Price, WireReply
from nephoscope.models.yaml_text import parse_yaml
from nephoscope_aws.wire.tiers import classify

_SOURCE = "aws list prices 2026-11"


def price(call: Call, reply: WireReply | None) -> Price:
    """Requests are priced the same before and after; a refused request is not charged."""
    table = _table()
    if reply is not None and reply.status >= 400:
        return Price(usd=0.0, source=_SOURCE)
    if call.name in table["requests"]:
        return Price(usd=float(table["requests"][call.name]), source=_SOURCE)
    if call.name in table["per_item"]:
        item = table["per_item"][call.name]
        entries = call.params.get(item["param"])
        return Price(usd=item["usd"] * max(1, len(entries) if isinstance(entries, list) else 1), source=_SOURCE)
    if classify(call).tier.value in table["free_tiers"]:
        return Price(usd=0.0, source=_SOURCE)
    return Price(usd=None, source=f"{_SOURCE}: not listed")


@cache
def _table() -> Mapping[str, Any]:
    document: Mapping[str, Any] = parse_yaml(resources.files("nephoscope_aws").joinpath("prices.yaml").read_text("utf-8"))
    return document
