"""The IAM action that an operation needs. Data only: the engine side uses it without an SDK."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

import yaml


def permission(service: str, operation: str) -> str:
    """``permission("s3", "ListBuckets")`` is ``s3:ListAllMyBuckets``; names the table does not know are taken as they are."""
    table = _table()
    if service in table["verbs"]:
        return f"apigateway:{_verb(operation)}"
    special = table["operations"].get(service, {}).get(operation)
    return str(special) if special else f"{table['prefixes'].get(service, service)}:{operation}"


def _verb(operation: str) -> str:
    verbs = {"Get": "GET", "Export": "GET", "List": "GET", "Create": "POST", "Import": "POST", "Update": "PATCH", "Put": "PUT", "Delete": "DELETE"}
    return next((verb for prefix, verb in verbs.items() if operation.startswith(prefix)), "POST")


@cache
def _table() -> Mapping[str, Any]:
    document: Mapping[str, Any] = yaml.safe_load(resources.files(__package__).joinpath("permissions.yaml").read_text("utf-8"))
    return document
