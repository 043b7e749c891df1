"""Scenarios: seeded accounts whose truth is known. Data, brought by packs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import Field

from nephoscope.interfaces import UsageError
from nephoscope.models import Frozen, JsonValue, Verdict
from nephoscope.models.yaml_text import parse_yaml

Split = Literal["", "open", "held"]
"""Other wordings are parted by themselves: what is held is never looked at one by one, so that nobody can tune to it."""
_REFERENCE = re.compile(r"\$\{([^}]+)\}")


def split_of(words: str) -> Split:
    """Half of all texts are held, whoever wrote them."""
    return "held" if hashlib.sha256(words.encode()).digest()[0] % 2 else "open"


class Truth(Frozen):
    """What is really the matter. ``gaps``: operations that the report must name as unseen.

    ``touches``: of a fault that nobody wrote a cause for, names of what was changed; ``${step}`` for whatever a step of the seed made.
    """

    verdict: Verdict
    causes: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    touches: tuple[str, ...] = ()

    def resolved(self, made: Mapping[str, Sequence[str]]) -> Self:
        """With each ``${step.path}`` in its resources replaced by what that step made: ``made``, identifiers by path. What it lacks stays."""
        resources = tuple(_REFERENCE.sub(lambda found: (made.get(found[1]) or [found[0]])[0], one) for one in self.resources)
        return self.model_copy(update={"resources": resources})


class Variant(Frozen):
    """One state of the account: the fault, its repaired twin, or a near miss that works."""

    text: str = ""
    steps: tuple[Mapping[str, JsonValue], ...] = ()
    front: Mapping[str, JsonValue] = Field(default_factory=dict)
    truth: Truth


class Scenario(Frozen):
    """One story in several variants, over a common base."""

    id: str
    family: str
    text: str
    cloud: str = ""
    """Empty: the only cloud with an emulator."""
    region: str = "eu-west-1"
    account: str = "123456789012"
    wordings: tuple[str, ...] = ()
    vars: Mapping[str, JsonValue] = Field(default_factory=dict)
    base: tuple[Mapping[str, JsonValue], ...] = ()
    front: Mapping[str, JsonValue] = Field(default_factory=dict)
    variants: Mapping[str, Variant]
    tags: tuple[str, ...] = ()
    cassette: str = ""
    """A bundle beside the file: the recorded run is gone through again, and no emulator is started."""

    def split(self, words: str) -> Split:
        """Of other wordings, whether they are held; nothing for the story's own words."""
        return split_of(words) if words in self.wordings else ""

    def words(self, variant: str) -> str:
        """What the person says in this variant."""
        return self.variants[variant].text or self.text

    def seed(self, variant: str) -> dict[str, JsonValue]:
        """What an emulator is started with."""
        chosen = self.variants[variant]
        steps: list[JsonValue] = [dict(step) for step in (*self.base, *chosen.steps)]
        return {
            "region": self.region, "account": self.account, "vars": dict(self.vars), "steps": steps, "front": {**self.front, **chosen.front},
        }  # fmt: skip

    def truth(self, variant: str) -> Truth:
        """The truth, with ``${account}`` and ``${region}`` in it resolved."""
        truth = self.variants[variant].truth
        resources = tuple(one.replace("${account}", self.account).replace("${region}", self.region) for one in truth.resources)
        return truth.model_copy(update={"resources": resources})


def read_scenario(document: Mapping[str, JsonValue]) -> Scenario:
    """A scenario that a composer made. Raises :class:`UsageError`."""
    try:
        return Scenario.model_validate(document)
    except ValueError as error:
        raise UsageError(f"a composed scenario cannot be read: {error}", "mend the pack that composes it") from error


def load_scenarios(folders: Iterable[Path]) -> dict[str, Scenario]:
    """Every scenario below the folders, by id. Raises :class:`UsageError` naming the file and the fault."""
    found: dict[str, Scenario] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.yaml")):
            try:
                scenario = Scenario.model_validate(parse_yaml(path.read_text(encoding="utf-8")))
                if scenario.cassette:
                    scenario = scenario.model_copy(update={"cassette": str(path.parent / Path(scenario.cassette).name)})
            except (yaml.YAMLError, ValueError) as error:
                raise UsageError(f"scenario {path.name} cannot be read: {error}", "mend the file, or block the pack that brings it") from error
            if scenario.id in found:
                raise UsageError(f"scenario {scenario.id} is there twice", f"rename the one in {path.name}")
            found[scenario.id] = scenario
    return found
