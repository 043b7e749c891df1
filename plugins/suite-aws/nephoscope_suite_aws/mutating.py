"""Unknown faults: healthy accounts with one field changed so that an edge breaks, the symptom told from the edge alone."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from nephoscope.models import JsonValue
from nephoscope.models.yaml_text import parse_yaml
from nephoscope_suite_aws.mutators import Mutant, Step, mutants, near
from nephoscope_suite_aws.oracles.judging import Symptom, broken
from nephoscope_suite_aws.touching import touched

_HERE = Path(__file__).parent
_FOLDERS = {"connect": "reachability", "access": "access", "deliver": "event-delivery"}
_HARMLESS = ("ec2:CreateVpc", "ec2:AttachInternetGateway")
"""Steps whose change always counts as one of what the edge needs."""
Story = tuple[str, str, Mutant]
"""Family of the edge, scenario, change."""


def mutated(seed: int, count: int) -> Sequence[Mapping[str, JsonValue]]:
    """``count`` accounts with one change each that breaks what is told, as scenario documents; the same for the same seed.

    Families are the mutators, which take turns. Changes that break nothing, or of which that cannot be told, are left out.
    """
    chance = random.Random(seed)  # noqa: S311 - a choice that can be repeated, no secret
    by_way: dict[str, list[Story]] = {}
    for one in _pool():
        by_way.setdefault(way(one[2]), []).append(one)
    made: list[Mapping[str, JsonValue]] = []
    while len(made) < count and any(by_way.values()):
        for name in sorted(by_way):
            told = _next(by_way[name], chance) if len(made) < count else None
            if told is not None:
                made.append(_document(len(made) + 1, told, chance))
    return made


@dataclass(frozen=True)
class Broken:
    """A story whose edge does not work. ``blamed``: names of what is in the way there."""

    family: str
    scenario: str
    mutant: Mutant
    symptom: Symptom
    blamed: frozenset[str]


def _next(stories: list[Story], chance: random.Random) -> Broken | None:
    """One that breaks its edge, taken out of the list together with those before it that do not."""
    while stories:
        family, scenario, mutant = stories.pop(chance.randrange(len(stories)))
        symptom, blamed = broken(family, _edges()[family][scenario], mutant.steps)
        if symptom:
            return Broken(family, scenario, mutant, symptom, blamed)
    return None


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
    loaded: Mapping[str, Any] = parse_yaml((_HERE / "edges.yaml").read_text(encoding="utf-8"))
    return loaded


@cache
def _pool() -> tuple[Story, ...]:
    """Every change of what an edge needs; changes of bystanders are left out."""
    return tuple(_stories())


def _stories() -> Iterator[Story]:
    for family, folder in _FOLDERS.items():
        for scenario, edge in _edges()[family].items():
            steps = _steps(_HERE / "scenarios" / folder / f"{scenario}.yaml")
            concerned = [{**step, "as": ""} for step in near(steps, " ".join(map(str, edge.values())))]
            for mutant in mutants(steps):
                if mutant.touched["do"] in _HARMLESS or {**mutant.touched, "as": ""} in concerned:
                    yield family, scenario, mutant


def _steps(path: Path) -> list[Step]:
    body = parse_yaml(path.read_text(encoding="utf-8"))
    return [*body["base"], *body["variants"]["twin"].get("steps", ())]


def _document(number: int, told: Broken, chance: random.Random) -> Mapping[str, JsonValue]:
    mutant = told.mutant
    edge = _edges()[told.family][told.scenario]
    text = chance.choice(_edges()["phrasings"][told.symptom]).format(**edge)
    steps: list[JsonValue] = [dict(step) for step in mutant.steps]
    touches: list[JsonValue] = list(touched(mutant, told.blamed))
    truth: JsonValue = {"verdict": "confirmed", "touches": touches}
    return {
        "id": f"unknown-{number:03d}-{told.scenario}-{mutant.field}-{mutant.how}", "family": way(mutant), "text": text, "base": steps,
        "variants": {"mutant": {"truth": truth}}, "tags": [f"mutator:{way(mutant)}", f"field:{mutant.field}"],
    }  # fmt: skip
