"""Unknown faults: healthy accounts with one field changed, the symptom told from the edge that worked."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from nephoscope.models import JsonValue
from nephoscope_suite_aws.mutators import Mutant, Step, mutants, near

_HERE = Path(__file__).parent
_FOLDERS = {"connect": "reachability", "access": "access"}
_HARMLESS = ("ec2:CreateVpc", "ec2:AttachInternetGateway")
"""Steps whose change always counts as one of what the edge needs."""


def mutated(seed: int, count: int) -> Sequence[Mapping[str, JsonValue]]:
    """``count`` accounts with one change each, as scenario documents; the same for the same seed. Families are the mutators."""
    chance = random.Random(seed)  # noqa: S311 - a choice that can be repeated, no secret
    pool = list(_pool())
    by_way: dict[str, list[tuple[str, str, Mutant]]] = {}
    for one in pool:
        by_way.setdefault(way(one[2]), []).append(one)
    chosen: list[tuple[str, str, Mutant]] = []
    while len(chosen) < min(count, len(pool)):
        for name in sorted(by_way):
            if by_way[name] and len(chosen) < count:
                chosen.append(by_way[name].pop(chance.randrange(len(by_way[name]))))
    return [_document(number, family, scenario, mutant, chance) for number, (family, scenario, mutant) in enumerate(chosen, 1)]


def way(mutant: Mutant) -> str:
    """Which mutator made it."""
    how = mutant.how
    if how in ("left out", "flipped", "moved", "misspelt", "swapped"):
        return how
    if "shifted" in how:
        return "shifted"
    if how.startswith("redirected"):
        return "redirected"
    if how.startswith("without"):
        return "shrunk"
    if how.startswith(("another", "other")):
        return "somebody else's"
    return "switched off or deleted" if ":" in how else how


@cache
def _edges() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.safe_load((_HERE / "edges.yaml").read_text(encoding="utf-8"))
    return loaded


def _pool() -> Iterator[tuple[str, str, Mutant]]:
    """Every change of what an edge needs; changes of bystanders are left out."""
    for family, folder in _FOLDERS.items():
        for scenario, edge in _edges()[family].items():
            path = _HERE / "scenarios" / folder / f"{scenario}.yaml"
            steps = _steps(path)
            concerned = [{**step, "as": ""} for step in near(steps, " ".join(map(str, edge.values())))]
            for mutant in mutants(steps):
                if mutant.touched["do"] in _HARMLESS or {**mutant.touched, "as": ""} in concerned:
                    yield family, scenario, mutant


@cache
def _loaded(path: Path) -> Mapping[str, Any]:
    body: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return body


def _steps(path: Path) -> list[Step]:
    body = _loaded(path)
    return [*body["base"], *body["variants"]["twin"]["steps"]]


def _document(number: int, family: str, scenario: str, mutant: Mutant, chance: random.Random) -> Mapping[str, JsonValue]:
    edge = _edges()[family][scenario]
    text = chance.choice(_edges()["phrasings"][family]).format(**edge)
    steps: list[JsonValue] = [dict(step) for step in mutant.steps]
    touches: list[JsonValue] = list(_touched(mutant))
    truth: JsonValue = {"verdict": "confirmed", "touches": touches}
    return {
        "id": f"unknown-{number:03d}-{scenario}-{mutant.field}-{mutant.how}", "family": way(mutant), "text": text, "base": steps,
        "variants": {"mutant": {"truth": truth}}, "tags": [f"mutator:{way(mutant)}", f"field:{mutant.field}"],
    }  # fmt: skip


def _touched(mutant: Mutant) -> Iterator[str]:
    """Names that the changed step holds, before and after, and ``${name}`` for what it made or was made of."""
    after = [one for one in mutant.steps if one["do"] == mutant.touched["do"] and one.get("as") == mutant.touched.get("as")]
    last = mutant.steps[-1:] if ":" in mutant.how else ()
    values = list(_values([mutant.touched.get("params", {}), *(one.get("params", {}) for one in (*after, *last))]))
    told = " ".join(values)
    names = {word for word in re.findall(r"[\w:/.-]{3,}", told) if re.search(r"[-:/]|[a-z]{4}", word)}
    made = {mutant.touched.get("as", ""), *re.findall(r"\$\{(\w+)[.}]", told)} - {"", "account", "region"}
    yield from sorted(names)
    yield from sorted(f"${{{name}}}" for name in made)


def _values(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for member in value.values():
            yield from _values(member)
    elif isinstance(value, list):
        for member in value:
            yield from _values(member)
    elif isinstance(value, str):
        yield value
