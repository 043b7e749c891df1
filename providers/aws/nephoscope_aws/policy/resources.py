"""Which resources a call's permission can be limited to: ARN patterns of the public action data, filled from the call's own parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import product
from typing import Any

import yaml

from nephoscope.models import Call
from nephoscope_aws.classification.public import resource_patterns
from nephoscope_aws.regions import partition

EVERY = "*"
_VARIABLE = re.compile(r"\{(\w+)\}")
_ARN = re.compile(r"arn:[a-z-]+:[a-z0-9-]+:[^:]*:[^:]*:.+", re.DOTALL)
_NARROWING = frozenset(("Filters", "Filter", "filters", "filter", "NextToken", "nextToken", "Marker", "MaxResults"))


@dataclass(frozen=True)
class Reach:
    """What an action must be allowed on. ``why`` says, where it is everything, why nothing narrower will do."""

    resources: tuple[str, ...]
    why: str = ""


def reach(call: Call, action: str) -> Reach:
    """The resources of one action of a call."""
    patterns = resource_patterns(action)
    if patterns is None:
        return Reach((EVERY,), "the public list of actions does not tell what it can be limited to")
    if not patterns:
        return Reach((EVERY,), "it cannot be limited to a resource")
    if action.startswith("apigateway:"):
        return Reach((f"arn:{partition(call.region)}:apigateway:{call.region}::/*",), "its paths are not told apart")
    found = {*_given(call, patterns), *_named(call, action.partition(":")[0], patterns)}
    if not found:
        return Reach((EVERY,), "the call names nothing it could be limited to")
    return Reach(tuple(sorted(found)))


def _given(call: Call, patterns: Mapping[str, str]) -> Iterator[str]:
    """ARNs among the parameters that are of one of the types."""
    shapes = [re.compile(_VARIABLE.sub("@", pattern).replace("*", "@").replace("@", ".*")) for pattern in patterns.values()]
    for _, value in _leaves(call.params):
        if _ARN.fullmatch(value) and any(shape.fullmatch(value) for shape in shapes):
            yield value


def _named(call: Call, prefix: str, patterns: Mapping[str, str]) -> Iterator[str]:
    """Patterns whose every variable a parameter fills."""
    common = {"Partition": partition(call.region), "Region": call.region, "Account": call.identity.account}
    for pattern in patterns.values():
        wanted = [name for name in dict.fromkeys(_VARIABLE.findall(pattern)) if name not in common]
        choices = [_values(call, prefix, name) for name in wanted]
        for chosen in product(*choices) if wanted else ():
            values = {**common, **dict(zip(wanted, chosen, strict=True))}
            yield _VARIABLE.sub(lambda match, values=values: values[match[1]], pattern)  # type: ignore[misc]


def _values(call: Call, prefix: str, variable: str) -> list[str]:
    told = _names().get(prefix, {}).get(variable)
    if told is None:
        return [value for key, value in _leaves(call.params) if key.lower() == variable.lower() and not _ARN.fullmatch(value)]
    if told == EVERY:
        return [EVERY]
    found: list[str] = []
    for each in [told] if isinstance(told, str) else told:
        param, _, form = each.partition(":")
        for key, value in _leaves(call.params):
            if key == param:
                found += _FORMS[form](value)
    return found


def _leaves(params: Mapping[str, Any], key: str = "") -> Iterator[tuple[str, str]]:
    for name, value in params.items():
        if name in _NARROWING:
            continue
        for item in value if isinstance(value, list | tuple) else [value]:
            if isinstance(item, str) and item:
                yield name, item
            elif isinstance(item, Mapping):
                yield from _leaves(item, name)


def _bare(value: str) -> list[str]:
    return [] if _ARN.fullmatch(value) else [value]


def _function(value: str) -> list[str]:
    """``name``, ``name:alias``, ``account:function:name`` or an ARN: the function, and its versions and aliases."""
    parts = value.split(":")
    place = 6 if _ARN.fullmatch(value) else 2 if len(parts) > 2 else 0
    return [form for name in parts[place : place + 1] for form in (name, f"{name}:*")]


_FORMS: Mapping[str, Callable[[str], Sequence[str]]] = {
    "": _bare,
    "path": lambda value: [value, f"*/{value}"],
    "url": lambda value: [value.rstrip("/").rpartition("/")[2]],
    "random": lambda value: [] if _ARN.fullmatch(value) else [f"{value}-??????"],
    "slash": lambda value: [value.lstrip("/").partition(":")[0]],
    "below": lambda value: [value.strip("/") or EVERY, f"{value.strip('/')}/*".lstrip("/")],
    "arn": lambda value: value.split(":")[5:6],
    "log": lambda value: [value, f"{value}:*"],
    "key": lambda value: [EVERY] if value.startswith("alias/") else _bare(value),
    "function": _function,
}


@cache
def _names() -> Mapping[str, Mapping[str, Any]]:
    table: Mapping[str, Mapping[str, Any]] = yaml.safe_load(resources.files(__package__).joinpath("names.yaml").read_text("utf-8"))
    return table
