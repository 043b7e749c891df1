"""Known faults in accounts nobody has seen: other names, bystanders with faults of their own, other sizes, other words."""

from __future__ import annotations

import difflib
import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from nephoscope.comparison.scenario import split_of
from nephoscope.models import JsonValue
from nephoscope.models.yaml_text import parse_yaml

_SCENARIOS = Path(__file__).parent / "scenarios"
_NAMED_BY = frozenset(
    """Bucket QueueName FunctionName TableName RoleName UserName InstanceProfileName GroupName DBInstanceIdentifier
    DBSubnetGroupName""".split()
)
_FIRST = "amber birch cedar delta ember fjord glade hazel inlet jasper kelp lunar maple nectar onyx pearl quartz river sable tidal".split()
_SECOND = "ledger parcel catalog voucher beacon freight lantern mosaic harvest signal compass garden anchor bridge meadow summit".split()
NEARLY = 0.85
"""So alike, a name may be another one misspelt."""
_SIZES = (0, 0, 3, 12, 40)
Document = Mapping[str, Any]


def composed(seed: int, count: int) -> Sequence[Mapping[str, JsonValue]]:
    """``count`` scenario documents, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - a choice that can be repeated, no secret
    stories = [one for one in _stories() if _renamable(one)]
    return [_one(number, chance, stories) for number in range(1, count + 1)]


@cache
def _stories() -> tuple[Document, ...]:
    return tuple(parse_yaml(path.read_text(encoding="utf-8")) for path in sorted(_SCENARIOS.rglob("*.yaml")))


def _renamable(story: Document) -> bool:
    """One account, no front that names calls or things by heart."""
    told = json.dumps(story)
    return '"account":' not in told and '"cassette"' not in told and '"large"' not in json.dumps(story.get("tags", []))


def _one(number: int, chance: random.Random, stories: Sequence[Document]) -> Mapping[str, JsonValue]:
    story = chance.choice(stories)
    variant = chance.choice(list(story["variants"]))
    body = story["variants"][variant]
    own = body.get("text")
    text = own or chance.choice([story["text"], *(one for one in story.get("wordings", ()) if split_of(one) == "open")])  # held ones are told nobody
    bystander = chance.choice([one for one in stories if one["family"] != story["family"]])
    beside = chance.choice(list(bystander["variants"]))
    steps = [*story.get("base", ()), *body.get("steps", ())]
    others = _apart([*bystander.get("base", ()), *bystander["variants"][beside].get("steps", ())], "other")
    others = _renamed(others, _names(others), chance, f"-{number}b")
    document = {
        "id": f"unseen-{number:03d}-{story['id']}-{variant}-beside-{bystander['id']}-{beside}", "family": story["family"], "text": text,
        "base": steps, "variants": {variant: {"front": body.get("front", {}), "truth": body["truth"]}}, "front": story.get("front", {}),
        "tags": ["composed"],
    }  # fmt: skip
    made: dict[str, Any] = _renamed(document, _names(steps), chance, f"-{number}")
    made["vars"] = {**bystander.get("vars", {}), **story.get("vars", {})}
    made["id"], made["base"] = document["id"], [*made["base"], *others, *_crowd(chance.choice(_SIZES), chance)]
    return made


def _names(steps: Sequence[Document]) -> list[str]:
    """Names that people chose, the longest first."""
    found = {str(value) for step in steps for key, value in step.get("params", {}).items() if key in _NAMED_BY and isinstance(value, str)}
    found -= {str(step.get("as")) for step in steps}  # a reference of the same name would part from its step
    return sorted((one for one in found if re.fullmatch(r"[A-Za-z][\w.-]{3,60}", one) and one != "default"), key=len, reverse=True)


def _renamed(value: Any, names: Sequence[str], chance: random.Random, ending: str) -> Any:
    """Every name replaced wherever it stands as a whole; what is alike stays alike: names share their endings, near names their beginnings."""
    told = json.dumps(value)
    alike = {name for name in names for other in names if name != other and (name in other or other in name)}
    spoken = set(re.findall(r"[\w.-]{4,}", told))
    alike |= {name for name in names if difflib.get_close_matches(name, spoken - {name}, n=1, cutoff=NEARLY)}
    alike |= {name for name in names for start in re.findall(r"([\w.-]{2,})[*?]", told) if name.startswith(start)}
    for name in names:
        if name in alike:
            continue  # a name within another, nearly another, or in a pattern, is part of a story
        fresh = f"{chance.choice(_FIRST)}-{chance.choice(_SECOND)}{ending}"
        while fresh in told:
            fresh = f"{chance.choice(_FIRST)}-{chance.choice(_SECOND)}{ending}"
        told = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.[\w]|:[A-Z])", fresh, told)
    return json.loads(told)


def _apart(steps: Sequence[Document], prefix: str) -> list[Document]:
    """Steps whose references are their own."""
    told = json.dumps(steps)
    for name in {str(step["as"]) for step in steps if "as" in step}:
        told = re.sub(rf"\$\{{{re.escape(name)}(?=[.}}])", f"${{{prefix}_{name}", told)
        told = told.replace(f'"as": "{name}"', f'"as": "{prefix}_{name}"')
    return [{**one, "ignore_errors": True} for one in json.loads(told)]


def _crowd(size: int, chance: random.Random) -> Iterator[Document]:
    """Things that have nothing to do with anything."""
    for index in range(size):
        name = f"{chance.choice(_FIRST)}-{chance.choice(_SECOND)}-{index}x"
        yield chance.choice(
            (
                {"do": "sqs:CreateQueue", "params": {"QueueName": name}, "ignore_errors": True},
                {"do": "sns:CreateTopic", "params": {"Name": name}, "ignore_errors": True},
                {"do": "events:PutRule", "params": {"Name": name, "ScheduleExpression": "rate(1 day)"}, "ignore_errors": True},
            )
        )
