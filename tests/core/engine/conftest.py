"""Runs of the loop over a made-up cloud: real ledger, real graph, no processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from nephoscope.engine.composing import compose
from nephoscope.engine.context import Context
from nephoscope.engine.driving import Driver
from nephoscope.interfaces import FactView
from nephoscope.models import Event, FactQuery, Finding, Identity, Read, ResourceRef, Supposition
from nephoscope.models.report import Report
from nephoscope.store.run import RunStore
from nephoscope.testing.fakes import Answer, FakeEstate, LedgerBoundary, ScriptedPlanner, context_for


@dataclass
class Pond:
    """The account of the made-up cloud: what it answers to each operation."""

    answers: dict[str, Any] = field(
        default_factory=lambda: {
            "ListPonds": Answer({"Ponds": [{"Name": "deep", "Depth": 9, "Keeper": "ann"}, {"Name": "flat", "Depth": 1, "Keeper": "bob"}]}),
            "GetPond": Answer({"Depth": 9, "Weir": "shut"}),
            "GetPondRules": Answer({"Rules": "[]"}),
            "ListFish": Answer({"Shoals": []}),
            "ListKeepers": Answer({"Keepers": [{"Name": "ann"}]}),
        }
    )
    asked: list[Read] = field(default_factory=list)

    def __call__(self, read: Read) -> Any:
        self.asked.append(read)
        return self.answers.get(read.operation, Answer(status=404, error="NotFound"))


class Weirs:
    """A pond whose weir is shut fills nothing; a pond without depth is dry. Needs ``GetPond`` to tell."""

    name = "weirs"
    version = "1"

    def analyze(self, view: FactView) -> list[Finding]:
        return [one for pond in view.problem.matched("ponds:pond") for one in self._about(view, pond)]

    def _about(self, view: FactView, pond: ResourceRef) -> list[Finding]:
        weir, depth = view.fact(pond, "weir"), view.fact(pond, "depth")
        if weir is None or depth is None:
            needs = (FactQuery(subject=pond, attribute="weir"),)
            return [
                self._found("weir-shut", pond, "unknown", needs=needs),
                self._found("seen-flowing", pond, "unknown", needs=needs, role="observation"),
            ]
        because, shut = (weir.id,), weir.value == "shut"
        mended = (Supposition(subject=pond, attribute="weir", value="open"),)
        return [
            self._found("weir-shut", pond, "yes" if shut else "no", because=because, suppose=mended if shut else ()),
            self._found("dry", pond, "yes" if depth.value == 0 else "no", because=(depth.id,)),
            self._found("seen-flowing", pond, "no" if shut else "yes", because=because, role="observation"),
        ]

    @staticmethod
    def _found(cause: str, pond: ResourceRef, holds: str, **more: Any) -> Finding:
        return Finding.model_validate({"cause": f"brook.ponds.{cause}", "subject": pond, "holds": holds, **more})


@dataclass
class Run:
    """One run under test."""

    context: Context
    boundary: LedgerBoundary
    cloud: Pond
    events: list[Event]

    def drive(self) -> Report:
        return compose(self.context, Driver(self.context).run())

    @property
    def dir(self) -> Path:
        return self.context.store.dir


@pytest.fixture
def who() -> Identity:
    return Identity(cloud="brook", account="4711", principal="reader", regions=("north",))


@pytest.fixture
def pond() -> Pond:
    return Pond()


@pytest.fixture
def begin(tmp_path: Path, who: Identity, ponds: FakeEstate, pond: Pond) -> Iterator[Callable[..., Run]]:
    """Prepares runs; ``planner`` may be a planner or a list of decisions."""
    opened: list[RunStore] = []
    boundaries: dict[str, LedgerBoundary] = {}

    def make(words: str = "the pond deep is empty", planner: Any = (), tear: frozenset[str] = frozenset(), name: str = "r-1", **more: Any) -> Run:
        run_dir = tmp_path / name
        run_dir.mkdir(exist_ok=True)
        store = RunStore(run_dir)
        opened.append(store)
        if name in boundaries:
            boundaries.pop(name).close()
        boundary = boundaries[name] = LedgerBoundary(run_dir, who, pond, tear=tear)
        events: list[Event] = []
        decider = planner if hasattr(planner, "plan") else ScriptedPlanner(planner)
        more.setdefault("analyzers", [Weirs()])
        context = context_for(store, boundary, ponds, who, words, planner=decider, tell=events.append, **more)
        return Run(context, boundary, pond, events)

    yield make
    for boundary in boundaries.values():
        boundary.close()
    for store in opened:
        store.close()
