"""What services report to CloudWatch, by the names their monitoring pages tell, and what a name that is none of them nearly is."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

_OF_SERVICES = "AWS/"
_NEAR = 0.85
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class Reported:
    """Names of the metrics that a service reports, and of the dimensions they come with."""

    metrics: frozenset[str]
    dimensions: frozenset[str]


@cache
def reported() -> Mapping[str, Reported]:
    """By namespace; the list of a service need not be complete."""
    document = yaml.safe_load((Path(__file__).parent / "metrics.yaml").read_text("utf-8"))
    return {name: Reported(frozenset(one["metrics"].split()), frozenset(one["dimensions"].split())) for name, one in document.items()}


def is_documented(namespace: str, metric: str, dimensions: Collection[str]) -> bool:
    """Whether a service reports a metric of this very name, and with dimensions of these names."""
    known = reported().get(namespace)
    return known is not None and metric in known.metrics and known.dimensions.issuperset(dimensions)


def nearly_of_service(namespace: str) -> str | None:
    """The namespace of a service that this is a slip of; names of services are short, so only what follows ``AWS/`` is compared."""
    if not namespace.upper().startswith(_OF_SERVICES) or namespace in reported():
        return None
    own = {name.removeprefix(_OF_SERVICES): name for name in reported()}
    written = namespace[len(_OF_SERVICES) :]
    near = written if written in own else nearly(written, own)
    return own[near] if near else None


def nearly(name: str, names: Collection[str]) -> str | None:
    """The one name that this is a slip of: other case or marks between words, or a few letters; never another number."""
    best = max(sorted(names), key=lambda other: _likeness(name, other), default=None)
    return best if best is not None and best != name and _likeness(name, best) >= _NEAR else None


def _likeness(left: str, right: str) -> float:
    if _DIGITS.findall(left) != _DIGITS.findall(right):
        return 0.0
    return difflib.SequenceMatcher(None, _plain(left), _plain(right)).ratio()


def _plain(name: str) -> str:
    return re.sub(r"[\s_.-]", "", name).lower()
