"""The matrix of a comparison: who is compared, on what, how often; each cell with a place and a seed of its own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from nephoscope.comparison.scenario import Scenario
from nephoscope.interfaces import UsageError
from nephoscope.models import Frozen

SHIPPED = "shipped"
"""The prompts as the packs bring them."""
PLAYBOOK = "playbook"
_ADDRESSED = re.compile(r"(?P<model>\S+?)@(?P<url>https?://\S+)")
_EVERY = "all"


class Contestant(Frozen):
    """Who is compared. Without a ``model`` nothing is asked of one: what is written down plans alone.

    ``prompt``: the name of a set of prompts; its files and what they held are beside it, where they are no pack's.
    """

    model: str = ""
    base_url: str = ""
    prompt: str = SHIPPED
    prompt_folder: str = ""
    prompt_digest: str = ""
    planner: str = PLAYBOOK

    @property
    def label(self) -> str:
        """What it is called everywhere; the same from run to run."""
        if not self.model:
            return self.planner
        where = f" at {self.base_url.partition('//')[2].partition('/')[0]}" if self.base_url else ""
        return " · ".join([f"{self.model}{where}", self.planner, *([self.prompt] if self.prompt != SHIPPED else [])])


class Cell(Frozen):
    """One trial of one contestant. ``key`` is made of everything that makes it what it is; ``seed`` of all but the contestant and the repeat.

    So every contestant meets the very same account.
    """

    contestant: Contestant
    scenario: str
    variant: str
    repeat: int

    @property
    def unit(self) -> str:
        """What contestants are paired by."""
        return f"{self.scenario}/{self.variant}"

    @property
    def key(self) -> str:
        """Short, and safe as a file name."""
        whole = "\n".join([*map(str, self.contestant.model_dump().values()), self.scenario, self.variant, str(self.repeat)])
        return hashlib.sha256(whole.encode()).hexdigest()[:12]

    @property
    def seed(self) -> int:
        """Of whatever is made up in the account, such as identifiers."""
        return int(hashlib.sha256(self.unit.encode()).hexdigest()[:8], 16)


class Plan(Frozen):
    """What a comparison consists of. ``suite``: the name it was chosen by."""

    suite: str
    contestants: tuple[Contestant, ...]
    scenarios: tuple[Scenario, ...]
    variants: tuple[str, ...] = ()
    repeats: int = 1

    def cells(self) -> list[Cell]:
        """The matrix in its order: every contestant does one unit before any does the next, so that half a comparison compares too.

        Where no model is asked, the same question has the same answer: once is enough.
        """
        return [
            Cell(contestant=contestant, scenario=scenario.id, variant=variant, repeat=repeat)
            for repeat in range(self.repeats)
            for scenario in self.scenarios
            for variant in scenario.variants
            if not self.variants or variant in self.variants
            for contestant in self.contestants
            if contestant.model or repeat == 0
        ]

    def fingerprint(self, versions: Mapping[str, str]) -> str:
        """Names the comparison: the same command over the same scenarios and packs has the same."""
        text = self.model_dump_json() + repr(sorted(versions.items()))
        return hashlib.sha256(text.encode()).hexdigest()[:10]


class Spelt(NamedTuple):
    """A model as it was named: ``provider:name``, and where it answers, when said."""

    model: str
    base_url: str


def spelt(text: str) -> Spelt:
    """``provider:name`` or ``provider:name@http://host/path``."""
    match = _ADDRESSED.fullmatch(text.strip())
    return Spelt(match["model"], match["url"]) if match else Spelt(text.strip(), "")


def wording(text: str) -> dict[str, str]:
    """A set of prompts as it was named: ``shipped``, or a folder of prompt files that take the place of those with their ids."""
    if text == SHIPPED:
        return {"prompt": SHIPPED}
    folder = Path(text).expanduser().absolute()
    files = sorted(folder.rglob("*.yaml")) if folder.is_dir() else []
    if not files:
        raise UsageError(f"{text!r} names no prompts", "say 'shipped', or give a folder with prompt files; see docs/reference/prompts.md")
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()[:12]
    return {"prompt": folder.name, "prompt_folder": str(folder), "prompt_digest": digest}


def contestants(models: Sequence[str], prompts: Sequence[str], planners: Sequence[str], needs_model: Mapping[str, bool]) -> tuple[Contestant, ...]:
    """Everyone, once. ``needs_model``: of each installed planner; what is no use without a model is not tried without. Raises ``UsageError``."""
    unknown = [name for name in planners if name not in needs_model]
    if unknown:
        raise UsageError(f"no planner called {unknown[0]!r} is installed", f"installed: {', '.join(needs_model)}; see: nephoscope plugins")
    if models and not any(name != PLAYBOOK for name in planners):
        raise UsageError("models are named, and no planner that asks one", "leave --planner out, or add llm or hybrid")
    if not models and any(needs_model[name] for name in planners):
        raise UsageError(f"the planner {planners[0]!r} asks a language model, and none is named", "name some: --models a:b,c:d")
    found = [
        Contestant(model=model.model, base_url=model.base_url, planner=planner, **prompt)
        for model in map(spelt, models)
        for prompt in map(wording, prompts or [SHIPPED])
        for planner in planners
        if planner != PLAYBOOK
    ]
    alone = [Contestant(planner=planner) for planner in planners if planner == PLAYBOOK or not models]
    everybody = tuple(dict.fromkeys([*found, *alone]))
    labels = [one.label for one in everybody]
    twice = next((label for label in labels if labels.count(label) > 1), "")
    if twice:
        raise UsageError(f"two contestants would be called {twice!r}", "give the folders of prompts names of their own")
    return everybody


def chosen(scenarios: Iterable[Scenario], suite: str) -> tuple[Scenario, ...]:
    """The scenarios of a suite: ``all``, or those with that tag, of that family, or of that id. Raises ``UsageError`` naming the suites."""
    known = sorted(scenarios, key=lambda one: one.id)
    found = tuple(one for one in known if suite == _EVERY or suite in (*one.tags, one.family, one.id))
    if not known:
        raise UsageError("no suite is installed", "install a pack that brings one: pip install 'nephoscope[demo]'")
    if not found:
        raise UsageError(f"there is no suite {suite!r}", f"suites: {', '.join(suites(known))}")
    return found


def suites(scenarios: Iterable[Scenario]) -> Iterator[str]:
    """Names a suite may be chosen by."""
    known = list(scenarios)
    yield _EVERY
    yield from sorted({tag for one in known for tag in one.tags} | {one.family for one in known})
