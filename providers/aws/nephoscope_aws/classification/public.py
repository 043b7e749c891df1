"""The packaged public action data: proposals for services nobody reviewed, and the resource types of actions. Made by :mod:`.generate`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Literal


def proposed(service: str, operation: str) -> Literal["read", "secret"] | None:
    """What the data propose about an operation."""
    entry = _services("reads.json").get(service, {})
    if operation in entry.get("secrets", ()):
        return "secret"
    return "read" if operation in entry.get("reads", ()) else None


def prefix(service: str) -> str | None:
    """The IAM prefix of a service without a reviewed table, where the data know it."""
    entry = _services("reads.json").get(service)
    return entry["prefix"] if entry else None


def resource_patterns(action: str) -> Mapping[str, str] | None:
    """ARN patterns of the resource types that an action can be limited to; ``None`` when the data do not list the action."""
    service, _, name = action.partition(":")
    entry = _services("actions.json").get(service)
    types = _lower(service).get(name.lower()) if entry else None
    return None if entry is None or types is None else {each: entry["types"][each] for each in types}


def source() -> Mapping[str, str]:
    """Where the data come from, and of when they are."""
    return dict(_document("reads.json")["source"])


@cache
def _lower(service: str) -> Mapping[str, Sequence[str]]:
    """IAM does not tell upper from lower case."""
    return {name.lower(): types for name, types in _services("actions.json")[service]["actions"].items()}


def _services(name: str) -> Mapping[str, Any]:
    services: Mapping[str, Any] = _document(name)["services"]
    return services


@cache
def _document(name: str) -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.loads(resources.files("nephoscope_aws").joinpath("public", name).read_text("utf-8"))
    return document
