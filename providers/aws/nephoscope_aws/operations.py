"""Which operations AWS has and what they take, read from the SDK's data files. No SDK is imported: the engine uses this."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import util
from pathlib import Path
from typing import Any

from nephoscope.models import Operation
from nephoscope_aws.classification import judge


def operation(name: str) -> Operation | None:
    """``ecs:DescribeServices`` with its parameters; ``None`` when the SDK knows none of that name."""
    service, _, called = name.partition(":")
    model = _model(service)
    found = model.get("operations", {}).get(called)
    if found is None:
        return None
    shape = model["shapes"].get(found.get("input", {}).get("shape", ""), {})
    members: Mapping[str, Any] = shape.get("members", {})
    params = {key: _kind(model, member.get("shape", "")) for key, member in members.items()}
    return Operation(service=service, operation=called, params=params, required=tuple(shape.get("required", ())), tier=judge(service, called).tier)


def operations_of(service: str) -> list[str]:
    """Names of a service's operations; with ``""``, all services."""
    if service:
        return sorted(_model(service).get("operations", {}))
    root = _data()
    return sorted(each.name for each in root.iterdir() if each.is_dir()) if root else []


def _kind(model: Mapping[str, Any], name: str) -> str:
    shape = model["shapes"].get(name, {})
    kind = str(shape.get("type", ""))
    if kind == "list":
        return f"list of {_kind(model, shape.get('member', {}).get('shape', ''))}"
    return kind


def _data() -> Path | None:
    spec = util.find_spec("botocore")
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]) / "data" if places else None


@lru_cache(maxsize=12)
def _model(service: str) -> Mapping[str, Any]:
    """The newest service model; empty when there is none."""
    root = _data()
    if root is None or not service.replace("-", "").isalnum() or not (root / service).is_dir():
        return {}
    newest = max((each for each in (root / service).iterdir() if each.is_dir()), default=None)
    for path in sorted(newest.glob("service-2.json*")) if newest else ():
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        document: Mapping[str, Any] = json.loads(raw)
        return document
    return {}
