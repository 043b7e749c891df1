"""What a run leaves in memory, and what the next one makes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nephoscope.models import Check, Identity, Read
from nephoscope.store.memory import FILE, Memory, Which
from nephoscope.testing.fakes import Answer

_LOOK = Check(
    id="look",
    intent="the pond itself",
    cloud="brook",
    reads=(Read(cloud="brook", service="ponds", operation="GetPond", region="north", params={"Pond": "deep"}),),
)


def kept(home: Path) -> dict[str, Any]:
    return {f"{one.subject.name} {one.attribute}": one.value for _, one in Memory(home, 30).facts(Which())}


@pytest.mark.parametrize("value", ["‹redacted:password#1›", ["open", {"key": "‹redacted:token#2›"}], "x" * 5000])
def test_what_was_cut_out_is_not_kept_and_no_long_value_is(begin: Callable[..., Any], pond: Any, tmp_path: Path, value: Any) -> None:
    pond.answers["GetPond"] = Answer({"Depth": 9, "Weir": value})
    begin(planner=[[_LOOK]], memory=Memory(tmp_path, 30)).drive()
    assert kept(tmp_path)["deep depth"] == 9
    assert "deep weir" not in kept(tmp_path)
    assert b"redacted" not in (tmp_path / FILE).read_bytes()


def test_memory_changes_no_verdict_and_is_no_evidence(begin: Callable[..., Any], pond: Any, tmp_path: Path) -> None:
    """The weir was shut when it was remembered and is open now: what counts is now."""
    first = begin(planner=[[_LOOK]], memory=Memory(tmp_path, 30)).drive()
    assert first.root_causes
    pond.answers["GetPond"] = Answer({"Depth": 9, "Weir": "open"})
    second = begin(planner=[[_LOOK]], memory=Memory(tmp_path, 30), name="r-2").drive()
    without = begin(planner=[[_LOOK]], name="r-3").drive()
    assert (second.verdict, second.root_causes) == (without.verdict, without.root_causes)
    assert not second.root_causes
    assert {fact.value for fact in second.facts if fact.attribute == "weir"} == {"open"}


def test_another_identity_of_the_account_begins_with_nothing(begin: Callable[..., Any], who: Identity, tmp_path: Path) -> None:
    begin(planner=[[_LOOK]], memory=Memory(tmp_path, 30)).drive()
    assert Memory(tmp_path, 30).things(who)
    assert Memory(tmp_path, 30).things(who.model_copy(update={"principal": "somebody else"})) == []


def test_a_damaged_memory_costs_nobody_a_verdict(begin: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all " * 500)
    run = begin(planner=[[_LOOK]], memory=Memory(tmp_path, 30))
    assert run.drive().root_causes
    assert any("remembered" in str(one.data.get("text")) for one in run.events if one.kind == "notice")
