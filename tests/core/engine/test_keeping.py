"""What a run keeps for the next, and how the next uses it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nephoscope.interfaces import Estate
from nephoscope.knowledge.skills import SkillLibrary
from nephoscope.models import Check, Expected, Operation, Read, Rehearsal, Script, Tier
from nephoscope.testing.fakes import Answer, ScriptedGenerator, source_of

Begin = Callable[..., Any]


def read(operation: str, **params: Any) -> Read:
    return Read(cloud="brook", service="ponds", operation=operation, region="north", params=params)


WEIR = Check(id="weir", intent="weir of deep", cloud="brook", reads=(read("GetPond", Pond="deep"),))
FREE = Check(id="free", intent="what ponds are there and who keeps them", cloud="brook")
LISTS = source_of([read("ListPonds")])


@pytest.fixture(autouse=True)
def _made_up(monkeypatch: pytest.MonkeyPatch, ponds: Any) -> None:
    """The made-up cloud has no SDK: its scripts are no Python, and what they ask is known."""
    monkeypatch.setattr("nephoscope.engine.nodes.rehearse.run_through", _rehearsed)
    monkeypatch.setattr("nephoscope.engine.keeping.rehearse", _rehearsed)
    monkeypatch.setattr("nephoscope.engine.nodes.generate.named", lambda script, estate: ("ponds:ListPonds",))
    monkeypatch.setattr(ponds, "operation", lambda name: Operation(service="ponds", operation="ListPonds", tier=Tier.CONFIG), raising=False)


def _rehearsed(script: Script, estate: Estate, stage: Any) -> Rehearsal:
    fact = Expected(operation="ponds:ListPonds", expr="Ponds[].Name", value=["a"])
    return Rehearsal(script=script.hash, outcome="skipped" if stage == "none" else "passed", operations=("ponds:ListPonds",), tested=(fact,))


def test_a_script_of_a_confirmed_verdict_is_kept_and_used_before_a_generator_is_asked(begin: Begin, tmp_path: Path) -> None:
    library = SkillLibrary(tmp_path / "home")
    first = begin(planner=[[FREE], [WEIR]], generators=[ScriptedGenerator([LISTS])], skills=library, stage="stage")
    assert first.drive().verdict == "confirmed"
    (kept,) = library.all()
    assert (kept.operations, kept.origin.run, kept.origin.verdict, kept.params) == (("ponds:ListPonds",), "r-1", "confirmed", ())
    assert kept.tested
    assert {fact.native_type for fact in kept.facts} == {"ponds:pond"}
    assert any("kept for the next time" in str(event.data.get("text")) for event in first.events)

    unneeded = ScriptedGenerator([LISTS])
    second = begin(planner=[[FREE], [WEIR]], generators=[unneeded], skills=library, stage="stage", name="r-2")
    report = second.drive()
    assert [step.author for step in report.steps] == [f"skill:{kept.name}", "template:fake"]
    assert unneeded._written == 0
    assert len(library.versions(kept.id)) == 1


@pytest.mark.parametrize("lacking", ["verdict", "rehearsal", "facts"])
def test_nothing_is_kept_that_did_not_prove_itself(begin: Begin, pond: Any, tmp_path: Path, lacking: str) -> None:
    library = SkillLibrary(tmp_path / "home")
    if lacking == "facts":
        pond.answers["ListPonds"] = Answer(status=404, error="NotFound")
    decisions = [[FREE]] if lacking == "verdict" else [[FREE], [WEIR]]
    begin(planner=decisions, generators=[ScriptedGenerator([LISTS])], skills=library, stage="none" if lacking == "rehearsal" else "stage").drive()
    assert library.all() == []


def test_a_skill_that_tells_nothing_gives_way_to_the_generator(begin: Begin, pond: Any, tmp_path: Path) -> None:
    library = SkillLibrary(tmp_path / "home")
    begin(planner=[[FREE], [WEIR]], generators=[ScriptedGenerator([LISTS])], skills=library, stage="stage").drive()
    pond.answers["ListPonds"] = Answer(status=403, error="AccessDenied")
    other = ScriptedGenerator([source_of([read("ListKeepers")])])
    run = begin(planner=[[FREE]], generators=[other], skills=library, stage="stage", name="r-2")
    run.drive()
    (step,) = run.context.store.steps()
    authors = [one.author.partition(":")[0] for one in run.context.store.attempts(step.index)]
    assert (authors, step.status) == (["skill", "model"], "done")
