"""A planning model's words are judged: what is sound is done, what is not goes back with reasons, and in the end nobody is believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from nephoscope.interfaces import FactView, ModelError, UsageError
from nephoscope.knowledge.claims import look
from nephoscope.knowledge.reading import first_reading
from nephoscope.models import Budget, Fact, FactQuery, Finding, Holds, Identity, Operation, ResourceRef, Supposition, Tier
from nephoscope.testing.conformance.view import StillView
from nephoscope.testing.fakes import Answer
from nephoscope_planner_llm.hybrid import HybridPlanner
from nephoscope_planner_llm.meaning import path_meant
from nephoscope_planner_llm.planner import MOST_TRIES, ModelPlanner
from nephoscope_planner_playbook.planner import PlaybookPlanner

Investigate = Callable[..., Any]


def fact_of(values: Mapping[str, Any], subject: str, attribute: str) -> str:
    """The id of a fact as the prompt shows it."""
    for group in values["facts"]:
        for row in group.get("facts", ()):
            if subject in group["subject"] and row[1] == attribute:
                return str(row[0])
    raise LookupError(f"{attribute} of {subject} is not among the facts")


THINK = [
    {"cause": "brook.ponds.weir-shut", "title": "the weir is shut", "stands": "open", "why": "not looked at"},
    {"cause": "brook.ponds.leak", "title": "the pond leaks", "stands": "open", "why": "not looked at"},
]


def checks(operation: str = "GetPond", **params: Any) -> dict[str, Any]:
    read = {"service": "ponds", "operation": operation, "params": params or {"Pond": "deep"}}
    return {"decision": "checks", "hypotheses": THINK, "checks": [{"id": "weir", "intent": "is the weir shut?", "reads": [read]}]}


def conclusion(fact: str, *, value: Any = "shut", resources: Any = ("deep",), **more: Any) -> dict[str, Any]:
    claim = {
        "cause": "brook.ponds.weir-shut",
        "title": "The weir of deep is shut",
        "resources": list(resources),
        "predicates": [{"fact": fact, "is_": "equals", "value": value}],
        "explanation": "Nothing flows through a weir that is shut.",
        "advice": "Open the weir of deep.",
        **more,
    }
    return {"decision": "conclusion", "hypotheses": THINK, "conclusion": {"stop": "decided", "claims": [claim]}}


def the_weir(values: Mapping[str, Any]) -> dict[str, Any]:
    return conclusion(fact_of(values, "deep", "weir"))


def test_a_claim_that_the_facts_bear_out_is_likely_with_evidence_and_advice(investigate: Investigate) -> None:
    run = investigate(checks(), the_weir)
    (cause,) = run.report.root_causes
    assert (run.report.verdict, cause.id, cause.decided_by) == ("likely", "brook.ponds.weir-shut", "model:told:model")
    assert (cause.title, cause.explanation) == ("The weir of deep is shut", "Nothing flows through a weir that is shut.")
    assert {fact.id for fact in run.report.facts} >= set(cause.evidence) > set()
    (advice,) = run.report.recommendations
    assert (advice.title, advice.commands, advice.proof) == ("Open the weir of deep.", (), "not_proven")
    assert [(step.decided_by, step.author) for step in run.report.steps] == [("model:told:model", "template:fake")]
    assert len(run.model.prompts) == 2


def test_hypotheses_are_kept_shown_and_given_back(investigate: Investigate) -> None:
    run = investigate(checks(), the_weir)
    assert [one["cause"] for one in run.model.values[1]["hypotheses"]] == [one["cause"] for one in THINK]
    boards = [event.data for event in run.events if event.kind == "board"]
    assert {"the weir is shut", "the pond leaks"} <= {row["title"] for row in boards[-1]["open"]}
    assert [event.kind for event in run.events if event.kind == "hypotheses"]


WRONG = [
    (checks("DrainPond"), "there is no operation ponds:DrainPond; near:"),
    (checks("GetPond", Lake="deep"), "it takes no parameter 'Lake'; it takes Pond"),
    (checks("GetPond", Pond="pond:north:4711:x:ghost"), "never invent an identifier"),
    ({**checks(), "checks": [{"id": "nonesuch"}]}, "no ready check has this id"),
    ({"decision": "checks", "checks": []}, "`checks` is empty"),
    ({"decision": "question"}, "`question` is missing"),
    ({"decision": "conclusion"}, "`conclusion` is missing"),
    (conclusion("f:invented"), "there is no fact 'f:invented'"),
    ({"decision": "conclusion", "conclusion": {"stop": "obvious"}}, "nothing was looked at yet"),
]


@pytest.mark.parametrize(("wrong", "reason"), WRONG)
def test_what_is_wrong_goes_back_with_its_reason_and_can_be_mended(investigate: Investigate, wrong: Any, reason: str) -> None:
    run = investigate(wrong, checks(), the_weir)
    assert any(reason in text for text in run.model.values[1]["feedback"]), run.model.values[1]["feedback"]
    assert reason.replace("'", "'") in run.model.prompts[1].replace("\\u003c", "<")
    assert run.report.verdict == "likely"
    assert not any(read.operation in ("DrainPond",) or "ghost" in str(read.params) for read in run.asked)


def claims_of_the_second_round(values: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return conclusion(fact_of(values, "deep", "weir"), **more)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"value": "open"}, "does not hold; the value there is shut"),
        ({"resources": ("ghost",)}, "resource 'ghost' is named by no fact"),
        ({"resources": ()}, "it names no resource"),
        ({"resources": ("flat",)}, "none of its conditions is about a resource it names"),
        ({"predicates": []}, "it has no predicates"),
        ({"explanation": "pond:north:4711:ghost drains it"}, "names pond:north:4711:ghost"),
        ({"advice": "open `ghost-gate-7`"}, "names ghost-gate-7"),
    ],
)
def test_a_wrong_claim_goes_back_and_never_passes(investigate: Investigate, more: dict[str, Any], reason: str) -> None:
    run = investigate(checks(), lambda values: claims_of_the_second_round(values, **more))
    assert any(reason in text for text in run.model.values[-1]["feedback"]), run.model.values[-1]["feedback"]
    words = "explanation" in more or "advice" in more
    assert len(run.model.prompts) == 1 + (2 if words else MOST_TRIES)
    told = run.report.model_dump_json()
    if words:  # they are decoration: once they go back, then they fall, and what the facts bear out stands
        assert run.report.verdict == "likely"
        assert "ghost" not in str([run.report.root_causes, run.report.recommendations])
    else:
        assert (run.report.verdict, run.report.root_causes) == ("inconclusive", ())
        assert "could not be used" in told


def test_a_model_that_never_stops_asking_is_stopped_by_the_budget(investigate: Investigate) -> None:
    def endless(values: Mapping[str, Any]) -> dict[str, Any]:
        return checks("GetPond", Pond=f"deep{len(values.get('steps', []))}{values['budget']['steps']}")

    run = investigate(endless, budget=Budget(steps=4))
    assert len(run.report.steps) == 4
    assert (run.report.status, run.report.verdict) == ("budget_exhausted", "inconclusive")
    assert any("budget of steps" in one.observation for one in run.report.next_best)
    assert len(run.model.prompts) == 4 + MOST_TRIES
    assert all("Nothing is left to spend" in prompt for prompt in run.model.prompts[4:])


def test_the_same_question_is_not_asked_twice(investigate: Investigate) -> None:
    run = investigate(checks())
    assert [read.operation for read in run.asked].count("GetPond") == 1
    assert any("was asked with these parameters before" in text for text in run.model.values[-1]["feedback"])
    assert run.report.verdict == "inconclusive"


class Wider(ModelPlanner):
    """A cloud with one operation that no table knows."""

    def plan(self, view: Any) -> Any:
        view.operation = lambda cloud, name: Operation(service="ponds", operation="Levels", params={"Weir": "string"}, tier=Tier.CONFIG)
        return super().plan(view)


def test_parts_of_facts_can_be_looked_at_without_a_call(investigate: Investigate) -> None:
    def looks(values: Mapping[str, Any]) -> dict[str, Any]:
        fact = fact_of(values, "ponds:Levels", "document")
        return {"decision": "look", "look": [{"fact": fact, "path": "Points[399].Level"}, {"fact": "f:no"}, {"fact": fact, "path": "Points["}]}

    def concludes(values: Mapping[str, Any]) -> dict[str, Any]:
        assert values["looked"][0]["value"] == 399
        assert len(values["feedback"]) == 2
        predicate = {"fact": values["looked"][0]["fact"], "path": "Points[399].Level", "is_": "equals", "value": 399}
        return conclusion("", predicates=[predicate], resources=["weir-1"], title="odd", advice="", explanation="")

    levels = Answer({"Points": [{"Level": number} for number in range(400)]})
    run = investigate(
        checks("Levels", Weir="weir-1"), looks, concludes, planner=Wider(), words="levels of weir-1 are odd", answers={"Levels": levels}
    )
    (cause,) = run.report.root_causes
    (fact,) = run.report.facts
    assert (run.report.verdict, fact.attribute, fact.value, fact.grounding) == ("likely", "Points[399].Level", 399, "derived")
    assert cause.evidence == (fact.id,)
    assert [read.operation for read in run.asked].count("Levels") == 1


def test_a_question_never_leaves_a_run_waiting(investigate: Investigate) -> None:
    run = investigate({"decision": "question", "question": {"text": "Since when?"}}, checks(), the_weir)
    assert (run.report.status, run.report.questions[0].answer) == ("concluded", "nobody could say")


def test_a_model_that_cannot_be_reached_at_first_is_an_error_and_later_none(investigate: Investigate) -> None:
    with pytest.raises(ModelError):
        investigate(ModelError("401", kind="auth"))
    run = investigate(checks(), ModelError("gone", kind="transient"))
    assert (run.report.status, run.report.verdict) == ("concluded", "inconclusive")
    assert any("could not be asked" in text for text in run.report.assumptions)


@pytest.mark.parametrize("failing", ["refused", "unusable"])
def test_what_others_ended_is_not_signed_by_the_model(failing: str, investigate: Investigate) -> None:
    said = [ModelError("refused", kind="blocked")] * 9 if failing == "refused" else [checks("NoSuchOperation")] * 9 * MOST_TRIES
    for planners, by in (({"playbook": PlaybookPlanner()}, "planner:playbook"), ({}, "planner:llm")):
        run = investigate(*said, planners=planners)
        assert run.report.status == "concluded"
        assert run.store.get("concluded_by") == by
    ended = investigate(checks(), the_weir)
    assert ended.store.get("concluded_by") == "model:told:model"


def test_without_a_model_the_planner_says_what_is_missing() -> None:
    with pytest.raises(UsageError, match="none is named"):
        ModelPlanner().plan(StillView(first_reading("x", "2026-01-01T00:00Z")))


class Weirs:
    """A pond whose weir is shut fills nothing."""

    name = "weirs"
    version = "1"

    def analyze(self, view: FactView) -> list[Finding]:
        found = []
        for pond in view.problem.matched("ponds:pond"):
            weir = view.fact(pond, "weir")
            holds: Holds = "unknown" if weir is None else "yes" if weir.value == "shut" else "no"
            because = (weir.id,) if weir else ()
            needs = () if weir else (FactQuery(subject=pond, attribute="weir"),)
            mended = (Supposition(subject=pond, attribute="weir", value="open"),)
            rival: Holds = "no" if weir else "unknown"
            found.append(Finding(cause="brook.ponds.weir-shut", subject=pond, holds=holds, because=because, needs=needs, suppose=mended))
            found.append(Finding(cause="brook.ponds.weir-gone", subject=pond, holds=rival, because=because, needs=needs))
        return found


def test_a_written_cause_is_decided_by_what_is_written(investigate: Investigate) -> None:
    """Claimed too early it goes back with the ready check; decided, it is confirmed by the analyzer and not by the model."""
    early = lambda values: conclusion(fact_of(values, "deep", "depth"), value=9)  # noqa: E731
    run = investigate(early, {"decision": "checks", "checks": [{"id": "ponds:GetPond/deep"}]}, the_weir, analyzers=[Weirs()])
    assert any("it is too early: the ready check 'ponds:GetPond/deep'" in text for text in run.model.values[1]["feedback"])
    (cause,) = run.report.root_causes
    assert (run.report.verdict, cause.decided_by) == ("confirmed", "analyzer:weirs")


NOTHING = {"decision": "conclusion", "hypotheses": THINK, "conclusion": {"stop": "I have seen enough", "claims": []}}
READY = {"decision": "checks", "checks": [{"id": "ponds:GetPond/deep"}]}


def test_ending_without_a_cause_is_questioned_once_while_a_check_would_decide(investigate: Investigate) -> None:
    beside = checks("ListKeepers", Region="north")
    corrected = investigate(beside, NOTHING, READY, analyzers=[Weirs()])
    assert any("nothing is decided yet" in text and "ponds:GetPond/deep" in text for text in corrected.model.values[2]["feedback"])
    assert corrected.report.verdict == "confirmed"
    stubborn = investigate(beside, NOTHING, NOTHING, analyzers=[Weirs()])
    assert (stubborn.report.verdict, stubborn.report.status, len(stubborn.model.prompts)) == ("inconclusive", "concluded", 3)


# -- hybrid --------------------------------------------------------------------------------------------------------


def test_hybrid_asks_the_model_only_where_what_is_written_ends_without_a_verdict(investigate: Investigate) -> None:
    run = investigate(checks(), the_weir, planner=HybridPlanner(), planners={"playbook": PlaybookPlanner()})
    assert run.report.verdict == "likely"
    assert run.report.steps[-1].decided_by == "model:told:model"
    unreached = investigate(ModelError("refused", kind="auth"), planner=HybridPlanner(), planners={"playbook": PlaybookPlanner()})
    assert (unreached.report.verdict, unreached.report.status) == ("inconclusive", "concluded")
    assert any("could not be asked: refused" in text for text in unreached.report.assumptions)


def test_hybrid_needs_no_model_where_the_analyzers_decide(investigate: Investigate) -> None:
    run = investigate(checks(), planner=HybridPlanner(), planners={"playbook": PlaybookPlanner()}, analyzers=[Weirs()])
    assert (run.report.verdict, run.model.prompts) == ("confirmed", [])
    assert {step.decided_by for step in run.report.steps} == {"planner:playbook"}


# -- what models write in their own way -----------------------------------------------------------------------------

SPELLED = {
    "a number as text": {"value": "9", "path": ""},
    "an operator of its own": {"is_": "==", "value": 9},
    "another beginning of the id": {"bare": True},
    "a path from the root": {"path": "$"},
}


@pytest.mark.parametrize("spelling", SPELLED.values(), ids=SPELLED)
def test_what_is_meant_is_found_where_it_is_recorded(investigate: Investigate, spelling: dict[str, Any]) -> None:
    def concludes(values: Mapping[str, Any]) -> dict[str, Any]:
        fact = fact_of(values, "deep", "depth")
        said = {"is_": "equals", "value": 9, **{key: value for key, value in spelling.items() if key != "bare"}}
        return conclusion("", predicates=[{"fact": fact.removeprefix("f:") if spelling.get("bare") else fact, **said}])

    assert investigate(checks(), concludes).report.verdict == "likely"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ('Items[?Name=="deep"].Depth | [0]', 9),
        ("$.Items[?(@.Name=='deep')].Depth | [0]", 9),
        ("document.Items[0].Depth", 9),
        ("/Items/0/Depth", 9),
        ("Items[?Open==true] | [0].Depth", 9),
        ("Items[?Depth==9] | [0].Name", "deep"),
    ],
)
def test_paths_of_other_languages_are_understood(said: str, expected: Any) -> None:
    who = Identity(cloud="brook", account="4711", principal="reader", regions=("north",))
    ref = ResourceRef(cloud="brook", kind="reply", native_type="x:Y", native_id="x", account="4711", name="x")
    value: Any = {"Items": [{"Name": "deep", "Depth": 9, "Open": True}, {"Name": "flat", "Depth": 1, "Open": False}]}
    fact = Fact(
        id="f:1", subject=ref, attribute="document", value=value, grounding="exact", calls=("s1.c1",), pointer="", identity=who, observed_at=""
    )
    assert look(value, path_meant(said, fact)) == expected


def test_advice_may_speak_of_the_interface_and_keeps_what_names_nothing_strange(investigate: Investigate) -> None:
    advice = "Ask `ListKeepers` for who may do it. Then open `ghost-gate-7`. The weir of deep has to be open."
    run = investigate(checks(), lambda values: conclusion(fact_of(values, "deep", "weir"), advice=advice))
    (told,) = run.report.recommendations
    assert (told.title, told.commands) == ("Ask `ListKeepers` for who may do it. The weir of deep has to be open.", ())
