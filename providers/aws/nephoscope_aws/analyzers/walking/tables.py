"""What the reply tables offer of a kind of thing, and the words of configurations in general."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from nephoscope.models import FactQuery, ResourceRef
from nephoscope_aws.estate import AwsEstate

_TELEMETRY = frozenset({"cloudwatch"})
_LISTS = frozenset({"s3:ListObjectsV2", "logs:FilterLogEvents", "ssm:DescribeInstanceInformation"})
"""Questions about what lies in a thing, or who has heard of it, not about how it is set up."""


@cache
def estate() -> AwsEstate:
    """The tables, read once."""
    return AwsEstate()


@cache
def words() -> Mapping[str, Any]:
    """``words.yaml``."""
    loaded: Mapping[str, Any] = yaml.safe_load((Path(__file__).parent / "words.yaml").read_text(encoding="utf-8"))
    return loaded


@dataclass(frozen=True)
class Question:
    """One operation about one thing. ``collects``: it gives the ids of things of this type instead of attributes."""

    operation: str
    attributes: tuple[str, ...]
    collects: str = ""


@cache
def questions(native_type: str) -> Sequence[Question]:
    """Every way to ask for the set-up of one thing of a type."""
    found: list[Question] = []
    for name, spec in estate().operations.items():
        if spec.service in _TELEMETRY or name in _LISTS:
            continue
        for ask in spec.ask:
            if ask.about != native_type:
                continue
            own = spec.subject is not None and spec.subject.type == native_type and not ask.collects
            if ask.collects and spec.subject:
                found.append(Question(name, (ask.collects,), spec.subject.type))
            elif ask.attributes or own:
                found.append(Question(name, tuple(dict.fromkeys([*ask.attributes, *(spec.attributes if own else ())]))))
    return tuple(found)


def existence(ref: ResourceRef) -> FactQuery | None:
    """What has to be known to tell whether a thing is there; ``None``: nobody can tell."""
    if any("exists" in one.attributes for one in questions(ref.native_type) if not one.collects):
        return FactQuery(subject=ref, attribute="exists")
    return FactQuery(kind=ref.native_type, attribute="complete") if listed(ref.native_type) else None


def state_attribute(native_type: str) -> str:
    """The attribute that is a thing's own state; empty where the tables know none."""
    known = [name for one in questions(native_type) if not one.collects for name in one.attributes]
    return next((name for name in ("state", "status") if name in known), "")


def plain(key: str) -> str:
    """A key without case and signs."""
    return re.sub(r"[^a-z0-9]", "", key.lower())


def listed(native_type: str) -> bool:
    """Whether there is a list of everything of the type."""
    spec = estate().types.get(native_type)
    listing = estate().operations.get(f"{spec.service}:{spec.listing}") if spec and spec.listing else None
    return listing is not None and listing.inventory
