"""What is wrong with a configuration by itself: states in which nothing works, switches that are off, values that amount to nothing."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from nephoscope.models import JsonValue
from nephoscope_aws.analyzers.walking.tables import plain, words


@dataclass(frozen=True)
class Condition:
    """``kind``: ``state`` or ``nothing``. ``mended``: the whole attribute as it would read without the fault. ``symptoms`` empty: any."""

    kind: str
    path: str
    value: JsonValue
    means: str
    mended: JsonValue
    symptoms: tuple[str, ...] = ()


def conditions(value: JsonValue, attribute: str) -> Iterator[Condition]:
    """Every place of an attribute's value that tells of something out of work, the outermost first. Further down, states are those of parts."""
    places = list(_places(value, (), attribute.rpartition(".")[2]))
    wrapped = isinstance(value, Mapping) and len(value) == 1 and all(isinstance(one, Mapping) and len(one) > 1 for one in value.values())
    for steps, key, found in sorted(places, key=lambda one: len(one[0])):
        made = _state(key, found) if len(steps) <= 1 + wrapped else None
        made = made or _nothing(key, found)
        if made:
            kind, means, healthy, symptoms = made
            path = ".".join((attribute, *steps))
            yield Condition(kind, path, found, means, _with(value, steps, healthy), symptoms)


def _places(value: JsonValue, steps: tuple[str, ...], key: str) -> Iterator[tuple[tuple[str, ...], str, JsonValue]]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _places(member, (*steps, name), name)
    elif isinstance(value, list):
        for index, member in enumerate(value[:50]):
            yield from _places(member, (*steps, str(index)), key)
    else:
        yield steps, key, value


Told = tuple[str, str, JsonValue, tuple[str, ...]]


def _state(key: str, value: JsonValue) -> Told | None:
    if isinstance(value, str) and re.fullmatch(words()["state_keys"], plain(key)) and _bad().fullmatch(re.sub(r"[-\s]", "_", value.lower())):
        return "state", f"it is {value}", "ACTIVE", ()
    if value is False and plain(key) in words()["switches"]:
        return "state", f"{key} is off", True, ()
    return None


@cache
def _bad() -> re.Pattern[str]:
    return re.compile(re.sub(r"\s+", "", words()["states"]))


def _nothing(key: str, value: JsonValue) -> Told | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    for row in words()["degenerate"]:
        if str(value) == str(row["value"]) and re.fullmatch(row["key"], plain(key)):
            return "nothing", f"{key} is {value}: {row['means']}", 1, tuple(row.get("symptoms", ()))
    return None


def _with(value: JsonValue, steps: tuple[str, ...], healthy: JsonValue) -> JsonValue:
    """The value with another one at a place."""
    if not steps:
        return healthy
    made: Any = copy.deepcopy(value)
    here = made
    for step in steps[:-1]:
        here = here[int(step)] if isinstance(here, list) else here[step]
    if isinstance(here, list):
        here[int(steps[-1])] = healthy
    else:
        here[steps[-1]] = healthy
    whole: JsonValue = made
    return whole


def mended(value: JsonValue, attribute: str) -> JsonValue:
    """The value with everything that is wrong by itself put right."""
    for _ in range(8):
        found = next(conditions(value, attribute), None)
        if found is None:
            return value
        value = found.mended
    return value
