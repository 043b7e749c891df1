"""What the planner pulls first, when it asks, when it stops."""

from __future__ import annotations

from nephoscope.models import Budget, Check, Conclusion, FactQuery, Finding, Problem, Question, Read, ResourceRef
from nephoscope.models.problem import Entity
from nephoscope.testing.conformance import StillView
from nephoscope_planner_playbook.planner import MOST_CHECKS, PlaybookPlanner

PLANNER = PlaybookPlanner()


def pond(name: str) -> ResourceRef:
    return ResourceRef(cloud="brook", kind="storage.pond", native_type="ponds:pond", native_id=name, name=name, region="north")


LILY = pond("lily")


def problem(*entities: Entity) -> Problem:
    return Problem(
        text="lily is dry", symptom="nothing_happens", entities=entities or (Entity(text="lily", matches=(LILY,)),), now="2026-01-01T00:00Z"
    )


def need(attribute: str) -> FactQuery:
    return FactQuery(subject=LILY, attribute=attribute)


def doubt(cause: str, *needs: FactQuery, on_path: bool = True) -> Finding:
    return Finding(cause=f"brook.ponds.{cause}", subject=LILY, holds="unknown", needs=needs, on_path=on_path)


def look(name: str, calls: int = 1) -> Check:
    reads = tuple(Read(cloud="brook", service="ponds", operation=name, params={"n": number}) for number in range(calls))
    return Check(id=name, intent=f"{name} of lily", cloud="brook", reads=reads)


def test_what_splits_most_hypotheses_per_call_goes_first() -> None:
    findings = [doubt("a", need("outlet")), doubt("b", need("outlet")), doubt("c", need("depth"))]
    offers = {need("depth").key: [look("GetDepth")], need("outlet").key: [look("GetOutlet")]}
    checks = PLANNER.plan(StillView(problem(), findings=findings, offers=offers))
    assert [check.id for check in checks] == ["GetOutlet", "GetDepth"]
    assert [check.splits for check in checks] == [2, 1]


def test_many_calls_for_one_hypothesis_go_last() -> None:
    findings = [doubt("a", need("outlet")), doubt("b", need("depth"))]
    offers = {need("outlet").key: [look("ScanAll", calls=7)], need("depth").key: [look("GetDepth")]}
    checks = PLANNER.plan(StillView(problem(), findings=findings, offers=offers))
    assert [check.id for check in checks] == ["GetDepth", "ScanAll"]


def test_of_several_ways_to_learn_a_fact_the_cheapest_is_taken() -> None:
    offers = {need("depth").key: [look("GetDepth"), look("ScanAll", calls=3)]}
    checks = PLANNER.plan(StillView(problem(), findings=[doubt("a", need("depth"))], offers=offers))
    assert [check.id for check in checks] == ["GetDepth"]


def test_expensive_checks_wait_their_turn_and_single_reads_ride_along() -> None:
    names = [f"Scan{number}" for number in range(9)]
    wanted = [need(name) for name in names] + [need("depth")]
    findings = [doubt(query.attribute, query) for query in wanted]
    offers = {query.key: [look(query.attribute, calls=3)] for query in wanted[:-1]} | {need("depth").key: [look("GetDepth")]}
    checks = PLANNER.plan(StillView(problem(), findings=findings, offers=offers))
    assert checks[0].id == "GetDepth"
    assert len(checks) == MOST_CHECKS
    hurried = PLANNER.plan(StillView(problem(), findings=findings, offers=offers, budget=Budget(steps=2)))
    assert len(hurried) == len(wanted)


def test_defects_off_the_path_are_pursued_only_when_nothing_on_it_is_open() -> None:
    aside = doubt("aside", need("depth"), on_path=False)
    offers = {need("depth").key: [look("GetDepth")], need("outlet").key: [look("GetOutlet")]}
    both = PLANNER.plan(StillView(problem(), findings=[aside, doubt("a", need("outlet"))], offers=offers))
    assert [check.id for check in both] == ["GetOutlet"]
    alone = PLANNER.plan(StillView(problem(), findings=[aside], offers=offers))
    assert [check.id for check in alone] == ["GetDepth"]


def test_a_name_of_several_things_is_asked_about_once() -> None:
    twice = Entity(text="lily", matches=(pond("lily-old"), pond("lily-new")))
    question = PLANNER.plan(StillView(problem(twice)))
    assert isinstance(question, Question)
    assert question.about == "lily"
    assert question.options == ("lily-old (ponds:pond, north)", "lily-new (ponds:pond, north)")
    assert question.assume == question.options[0]
    assumed = twice.model_copy(update={"assumed": True})
    assert isinstance(PLANNER.plan(StillView(problem(assumed))), Conclusion)


def test_a_crowd_without_a_name_is_asked_about_only_when_nothing_else_is_named() -> None:
    crowd = Entity(text="pond", near=(pond("a"), pond("b")))
    assert isinstance(PLANNER.plan(StillView(problem(crowd))), Question)
    named = Entity(text="lily", matches=(LILY,))
    assert isinstance(PLANNER.plan(StillView(problem(crowd, named))), Conclusion)


def test_the_end_says_why() -> None:
    nothing = PLANNER.plan(StillView(problem(Entity(text="lily"))))
    assert isinstance(nothing, Conclusion)
    assert "nothing in the words" in nothing.stop
    done = PLANNER.plan(StillView(problem(), findings=[doubt("a", need("depth"))]))
    assert isinstance(done, Conclusion)
    assert "every open finding" in done.stop
