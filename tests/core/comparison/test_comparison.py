"""Scenarios, trials and scores: a trial is right only when verdict, causes and resources are, and none is left out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from nephoscope.comparison.scenario import Scenario, load_scenarios, split_of
from nephoscope.comparison.score import outcomes, score, scores
from nephoscope.comparison.suite import _words
from nephoscope.comparison.trial import Trial, all_named, run_trial, scored
from nephoscope.interfaces import EndpointError, UsageError
from nephoscope.models import Json, Scope
from nephoscope.models.report import Report

TRUTH = {"verdict": "confirmed", "causes": ["brook.ponds.dry"], "resources": ["pond:${region}:${account}:deep"]}
SCENARIO: dict[str, Any] = {
    "id": "dry",
    "family": "water",
    "text": "the pond deep is dry",
    "wordings": ["no water in deep"],
    "region": "north",
    "account": "4711",
    "base": [{"do": "ponds:Dig"}],
    "front": {"slow": True},
    "variants": {
        "fault": {"steps": [{"do": "ponds:Drain"}], "front": {"deny": ["x"]}, "truth": TRUTH},
        "near_miss": {"text": "the pond flat is dry", "truth": {"verdict": "no_fault_found"}},
    },
}


def scenario(**more: Any) -> Scenario:
    return Scenario.model_validate({**SCENARIO, **more})


def report(**more: Any) -> Report:
    base = {"id": "r-1", "problem": "p", "started_at": "t", "ended_at": "t", "status": "concluded", "scopes": (), "isolation": "none", "run_dir": "d"}
    return Report.model_validate({**base, **more})


def cause(name: str = "brook.ponds.dry", resource: str = "pond:north:4711:deep", evidence: tuple[str, ...] = ("f:1",)) -> dict[str, Any]:
    return {
        "id": name,
        "title": "t",
        "explanation": "e",
        "confidence": 0.9,
        "resources": [resource],
        "evidence": evidence,
        "decided_by": "analyzer:a",
    }


FACT = {
    "id": "f:1", "subject": "s", "name": "n", "attribute": "a", "value": 1, "grounding": "exact", "calls": ["s1.c1"], "pointer": "/a",
    "operations": [], "account": "", "principal": "", "region": "", "observed_at": "", "cached": False,
}  # fmt: skip


def trial(variant: str = "fault", **report_fields: Any) -> Trial:
    one = scenario()
    return scored(Trial(scenario="dry", family="water", variant=variant, words="w", truth=one.truth(variant)), report(**report_fields))


# -- scenarios -----------------------------------------------------------------------------------------------------


def test_a_variant_is_the_base_and_its_own(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "dry.yaml").write_text(yaml.safe_dump(SCENARIO))
    one = load_scenarios([tmp_path])["dry"]
    assert one.seed("fault") == {
        "region": "north",
        "account": "4711",
        "vars": {},
        "steps": [{"do": "ponds:Dig"}, {"do": "ponds:Drain"}],
        "front": {"slow": True, "deny": ["x"]},
    }
    assert (one.words("fault"), one.words("near_miss")) == ("the pond deep is dry", "the pond flat is dry")
    assert one.truth("fault").resources == ("pond:north:4711:deep",)
    assert _words(one, "fault", True) == ["the pond deep is dry", "no water in deep"]
    assert _words(one, "near_miss", True) == ["the pond flat is dry"], "other wordings tell of another pond"
    assert _words(one, "fault", False) == ["the pond deep is dry"]


@pytest.mark.parametrize("text", ["", "- a", "id: [", "id: x", yaml.safe_dump({**SCENARIO, "variant": {}}), b"\xff\xfe"])
def test_bad_scenarios_are_named(tmp_path: Path, text: str | bytes) -> None:
    (tmp_path / "dry.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError, match=r"dry\.yaml"):
        load_scenarios([tmp_path])


def test_a_scenario_is_there_once(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(yaml.safe_dump(SCENARIO))
    with pytest.raises(UsageError, match="twice"):
        load_scenarios([tmp_path])


# -- trials --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "right"),
    [
        ({"verdict": "confirmed", "root_causes": [cause()]}, True),
        ({"verdict": "likely", "root_causes": [cause()]}, False),
        ({"verdict": "confirmed", "root_causes": [cause(), cause("brook.ponds.other")]}, False),
        ({"verdict": "confirmed", "root_causes": [cause("brook.ponds.other")]}, False),
        ({"verdict": "confirmed", "root_causes": [cause(resource="pond:north:4711:flat")]}, False),
        ({"verdict": "confirmed", "root_causes": []}, False),
        ({"verdict": "inconclusive"}, False),
    ],
)
def test_right_is_verdict_causes_and_resources(fields: Mapping[str, Any], right: bool) -> None:
    assert trial(**fields).right is right


def test_false_positives_and_ungrounded_evidence_are_counted() -> None:
    causes = [cause(), cause("brook.ponds.other", evidence=("f:2",))]
    loose = {**FACT, "id": "f:2", "grounding": "ungrounded"}
    one = trial(verdict="confirmed", root_causes=causes, facts=[FACT, loose])
    assert (one.false_positives, one.ungrounded) == (("brook.ponds.other",), 1)
    assert trial(verdict="confirmed", root_causes=[cause(evidence=("f:9",))]).ungrounded == 1
    assert trial("near_miss", verdict="no_fault_found").right


class Emulated:
    """An emulator that only keeps a log."""

    cloud = "brook"

    def __init__(self, *, starts: bool = True) -> None:
        self.starts, self.seeds, self.stopped = starts, list[Mapping[str, Json]](), False

    def start(self, seed: Mapping[str, Json]) -> str:
        self.seeds.append(seed)
        if not self.starts:
            raise EndpointError("it does not start")
        return "http://localhost"

    def reset(self) -> None: ...

    def stop(self) -> None:
        self.stopped = True

    def scope(self) -> Scope:
        return Scope(cloud="brook")

    def log(self) -> list[dict[str, Any]]:
        return [{"mutating": True}, {"mutating": False}]


def test_a_trial_seeds_investigates_scores_and_stops() -> None:
    emulator, told = Emulated(), []

    def investigate(text: str, scope: Scope) -> Report:
        told.append((text, scope.cloud))
        return report(verdict="confirmed", root_causes=[cause()], facts=[FACT])

    one = run_trial(scenario(), "fault", emulator, investigate)
    assert (one.right, one.mutations, one.ungrounded, one.error, emulator.stopped) == (True, 1, 0, "", True)
    assert told == [("the pond deep is dry", "brook")]
    assert emulator.seeds == [scenario().seed("fault")]


@pytest.mark.parametrize(("resource", "right"), [("p-77#deep", True), ("p-78#deep", False), ("${pond.Id}#deep", False)])
def test_a_thing_that_only_its_making_names_must_be_told_too(resource: str, right: bool) -> None:
    class Making(Emulated):
        made: Mapping[str, Any] = {"pond": ["p-77"], "pond.Id": ["p-77"]}

    truth = {**TRUTH, "resources": ["${pond.Id}#deep"]}
    asked = scenario(variants={"fault": {"truth": truth}})
    told = run_trial(asked, "fault", Making(), lambda text, scope: report(verdict="confirmed", root_causes=[cause(resource=resource)], facts=[FACT]))
    assert (told.right, told.truth.resources) == (right, ("p-77#deep",))


@pytest.mark.parametrize(
    ("wanted", "told", "named"),
    [
        ("pond:north:deep", ["pond:north:deep"], True),
        ("deep", ["pond:north:deep"], True),
        ("/pond/p-7#deep", ["p-7#deep"], True),
        ("/pond/p-77", ["7"], False),
        ("deep", ["pond:north:knee-deep", "deeper"], False),
    ],
)
def test_a_thing_is_told_by_its_own_part_of_its_identifier(wanted: str, told: list[str], named: bool) -> None:
    assert all_named([wanted], told) is named


def test_a_truth_about_what_nobody_made_is_never_met() -> None:
    asked = scenario(variants={"fault": {"truth": {**TRUTH, "resources": ["${pond.Id}"]}}})
    told = run_trial(asked, "fault", Emulated(), lambda text, scope: report(verdict="confirmed", root_causes=[cause()], facts=[FACT]))
    assert not told.right


@pytest.mark.parametrize("starts", [True, False])
def test_a_trial_that_fails_is_wrong_not_missing(starts: bool) -> None:
    emulator = Emulated(starts=starts)

    def investigate(text: str, scope: Scope) -> Report:
        raise UsageError("no idea")

    one = run_trial(scenario(), "fault", emulator, investigate)
    assert (one.right, one.error, emulator.stopped) == (False, "no idea" if starts else "it does not start", True)


def test_a_trial_whose_program_breaks_is_wrong_not_the_end_of_the_suite() -> None:
    def investigate(text: str, scope: Scope) -> Report:
        raise ZeroDivisionError("a bug")

    one = run_trial(scenario(), "fault", Emulated(), investigate)
    assert (one.right, one.error) == (False, "ZeroDivisionError: a bug")


# -- scores --------------------------------------------------------------------------------------------------------


def test_scores_keep_failures_in_the_denominator() -> None:
    good = trial(verdict="confirmed", root_causes=[cause()]).model_copy(update={"calls": 4, "seconds": 1.0})
    failed = trial("near_miss").model_copy(update={"error": "broken", "right": False, "family": "air"})
    rows = {row.name: row for row in scores([good, failed])}
    assert list(rows) == ["water", "air", "all fault", "all near_miss", "all"]
    assert (rows["all"].trials, rows["all"].right, rows["all"].errors, rows["all"].accuracy) == (2, 1, 1, 0.5)
    assert (rows["all"].calls, rows["all"].seconds) == (2.0, 0.5)
    assert score("none", []).accuracy == 0.0


def test_half_of_all_other_wordings_are_held_and_only_summed_up() -> None:
    told = [f"pond {number} is dry" for number in range(400)]
    held = [one for one in told if split_of(one) == "held"]
    assert 150 < len(held) < 250
    story = scenario(wordings=told)
    assert {story.split(one) for one in told} == {"open", "held"}
    assert story.split("the pond deep is dry") == "", "the story's own words are no other wording"
    base = {"scenario": "dry", "family": "water", "variant": "fault", "truth": TRUTH}
    trials = [Trial.model_validate({**base, "words": one, "split": story.split(one), "right": True}) for one in told[:10]]
    names = [row.name for row in scores(trials)]
    assert names[-3:] == ["wordings open", "wordings held", "all"]


def test_calls_that_nothing_rests_on_are_a_share_and_calls_have_a_median() -> None:
    base = {"scenario": "dry", "family": "water", "variant": "fault", "truth": TRUTH, "words": "w"}
    row = score("all", [Trial.model_validate({**base, "calls": calls, "idle": idle}) for calls, idle in ((4, 0), (10, 4), (6, 1))])
    assert (row.median_calls, row.idle_share) == (6, 0.25)


def test_outcomes_are_counted_per_mutator_and_accounts_that_could_not_be_built_apart() -> None:
    truth = {"verdict": "confirmed", "touches": ["x"]}
    base = {"scenario": "u", "variant": "mutant", "truth": truth, "words": "w"}
    made = [("flipped", "explained", ""), ("flipped", "wrong", ""), ("moved", "", "the emulator did not start")]
    told = outcomes([Trial.model_validate({**base, "family": way, "outcome": kind, "error": error}) for way, kind, error in made])
    assert told["flipped"] == {"explained": 1, "inconclusive": 0, "quiet": 0, "wrong": 1, "unbuilt": 0}
    assert (told["moved"]["unbuilt"], sum(told["all"].values())) == (1, 3)
    assert outcomes([]) == {}
