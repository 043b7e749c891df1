"""How often a service may be asked, as it publishes it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from nephoscope.models import Call, Rate
from nephoscope.models.yaml_text import parse_yaml


def rate(call: Call) -> Rate | None:
    """The published rate of what the call is counted in; ``None`` where none is published."""
    table = _table().get(call.service)
    if table is None:
        return None
    own = table.get("operations", {}).get(call.operation)
    per_second, burst = own or table["default"]
    bucket = call.operation if own or "together" not in table else table["together"]
    return Rate(bucket=bucket, per_second=float(per_second), burst=float(burst), source=table["source"])


@cache
def _table() -> Mapping[str, Any]:
    document: Mapping[str, Any] = parse_yaml(resources.files("nephoscope_aws").joinpath("rates.yaml").read_text("utf-8"))
    return document
