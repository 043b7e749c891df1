"""A model that answers as told, before a made-up cloud with a real ledger and a real graph."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from nephoscope.engine.composing import compose
from nephoscope.engine.driving import Driver
from nephoscope.interfaces import ModelError
from nephoscope.models import Answer, Event, Identity, Json, Read
from nephoscope.models.report import Report
from nephoscope.plugin.manager import load_plugins
from nephoscope.prompting import load_prompts
from nephoscope.store.run import RunStore
from nephoscope.testing import fakes
from nephoscope.testing.fakes import FakeEstate, LedgerBoundary, context_for
from nephoscope_planner_llm.planner import ModelPlanner

Play = Callable[[Mapping[str, Any]], Any]
WHO = Identity(cloud="brook", account="4711", principal="reader", regions=("north",))


@dataclass
class ToldModel:
    """Answers with the lines of a play, one after the other, the last again and again. A line may be a function of the prompt's values."""

    lines: Sequence[Any]
    prompts: list[str] = field(default_factory=list)
    values: list[Mapping[str, Any]] = field(default_factory=list)
    registry: Any = field(default_factory=lambda: load_prompts(load_plugins().prompts))

    def plays(self, role: str) -> str:
        return "told:model"

    def ask(self, role: str, prompt: str, values: Mapping[str, Json], schema: type[BaseModel] | None = None) -> Answer:
        messages = self.registry.render(prompt, values, "told:model")
        self.prompts.append("\n".join(message.content for message in messages))
        self.values.append(values)
        line = self.lines[min(len(self.prompts), len(self.lines)) - 1]
        said = line(values) if callable(line) else line
        if isinstance(said, Exception):
            raise said
        if schema is None:
            return Answer(text=said, model="told:model")
        try:
            value = schema.model_validate(said).model_dump(mode="json", by_alias=True)
        except ValueError as error:
            raise ModelError(f"no usable answer: {error}", kind="malformed") from error
        return Answer(text=json.dumps(said), value=value, model="told:model")


@dataclass
class Run:
    """One run of the loop with the model."""

    model: ToldModel
    report: Report
    asked: list[Read]
    events: list[Event]
    store: RunStore


@pytest.fixture
def ponds() -> FakeEstate:
    return FakeEstate(Path(__file__).parents[2] / "core" / "brook")


@pytest.fixture
def investigate(tmp_path: Path, ponds: FakeEstate) -> Iterator[Callable[..., Run]]:
    """The loop over the made-up cloud, planned by a model with these lines."""
    opened: list[Any] = []

    def run(*lines: Any, words: str = "the pond deep is empty", planner: Any = None, answers: Mapping[str, Any] | None = None, **more: Any) -> Run:
        run_dir = tmp_path / f"r-{len(opened)}"
        run_dir.mkdir()
        store = RunStore(run_dir)
        replies = {
            "ListPonds": fakes.Answer({"Ponds": [{"Name": "deep", "Depth": 9, "Keeper": "ann"}, {"Name": "flat", "Depth": 1, "Keeper": "bob"}]}),
            "GetPond": fakes.Answer({"Depth": 9, "Weir": "shut"}),
            "ListFish": fakes.Answer({"Shoals": []}),
            "ListKeepers": fakes.Answer({"Keepers": [{"Name": "ann"}]}),
            **(answers or {}),
        }
        asked: list[Read] = []

        def cloud(read: Read) -> Any:
            asked.append(read)
            return replies.get(read.operation, fakes.Answer(status=404, error="NotFound"))

        boundary = LedgerBoundary(run_dir, WHO, cloud)
        opened.extend([store, boundary])
        model = ToldModel(lines)
        events: list[Event] = []
        context = context_for(store, boundary, ponds, WHO, words, planner=planner or ModelPlanner(), models=model, tell=events.append, **more)
        report = compose(context, Driver(context).run())
        return Run(model, report, asked, events, store)

    yield run
    for one in opened:
        one.close()
