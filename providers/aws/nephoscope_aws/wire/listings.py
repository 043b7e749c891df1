"""Which listing names everything of a type: read from the same reply tables that turn replies into facts."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

from nephoscope.models import Identity, Read
from nephoscope.models.yaml_text import parse_yaml
from nephoscope_aws.regions import GLOBAL_SERVICES, home_region


def inventory(native_type: str, identity: Identity, region: str) -> Read | None:
    """The listing of a native type in a region; ``None`` when the tables name none."""
    listing = _listings().get(native_type)
    if listing is None:
        return None
    service, operation = listing
    where = home_region(identity.regions) if service in GLOBAL_SERVICES else region or identity.regions[0]
    return Read(cloud="aws", service=service, operation=operation, region=where)


@cache
def _listings() -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for path in sorted(resources.files("nephoscope_aws").joinpath("replies").iterdir(), key=lambda each: each.name):
        if path.name.endswith(".yaml"):
            table: dict[str, Any] = parse_yaml(path.read_text("utf-8")) or {}
            for native_type, entry in (table.get("types") or {}).items():
                if entry.get("listing"):
                    found[native_type] = (table["service"], entry["listing"])
    return found
