"""Claims over whole documents: a path must read something, a sample proves no absence, nothing is invented."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nephoscope.knowledge.claims import failing, holds, look, named, strangers
from nephoscope.knowledge.harvest import harvest
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Claim, Predicate, Problem, Reply, ResourceRef
from nephoscope.testing.fakes import FakeEstate

DOCUMENT = {"services": [{"serviceName": "web", "desiredCount": 0, "events": []}], "failures": []}
PROBLEM = Problem(text="the service web of shop is down", symptom="suspicion", now="2026-01-01T00:00Z")


def evidence(ponds: FakeEstate, *replies: Reply) -> Evidence:
    return Evidence(PROBLEM, harvest(replies, (), {"brook": ponds}).facts.values())


@pytest.fixture
def known(ponds: FakeEstate, reply: Callable[..., Reply]) -> Evidence:
    return evidence(ponds, reply("DescribeServices", DOCUMENT, {"cluster": "shop"}))


def the_fact(known: Evidence) -> str:
    (fact,) = known.all_facts()
    return fact.id


@pytest.mark.parametrize(
    ("path", "condition", "expected"),
    [
        ("services[0].desiredCount", {"is_": "equals", "value": 0}, True),
        ("services[?serviceName=='web'] | [0].desiredCount", {"is_": "lt", "value": 1}, True),
        ("services[0].desiredCount", {"is_": "gt", "value": 0}, False),
        ("length(services)", {"is_": "equals", "value": 1}, True),
        ("services[0].loadBalancers", {"is_": "absent"}, True),
        ("services[0].serviceName", {"is_": "absent"}, False),
        ("services[0].serviceName", {"is_": "matches", "value": "^we"}, True),
        ("services[1]", {"is_": "present"}, False),
        ("services[0].desiredCount", {"is_": "not_equals", "value": 2}, True),
        ("services[0].desiredCount", {"is_": "not_equals", "value": 0}, False),
        ("services[0].platform", {"is_": "not_equals", "value": "x"}, False),
        ("services[0].desiredCount", {"is_": "not_equals", "other": "f:none"}, False),
        ("services[].serviceName", {"is_": "contains", "value": "web"}, True),
        ("services[].serviceName", {"is_": "contains", "value": "we"}, False),
        ("services[0].serviceName", {"is_": "contains", "value": "we"}, True),
        ("services[0].serviceName", {"is_": "contains", "value": ""}, False),
        ("`0`", {"is_": "equals", "value": 0}, False),
        ("'web'", {"is_": "equals", "value": "web"}, False),
        ("[`0`]", {"is_": "equals", "value": [0]}, False),
        ("type(`0`)", {"is_": "equals", "value": "number"}, False),
        ("services[", {"is_": "present"}, False),
        ("services[", {"is_": "absent"}, False),
    ],
)
def test_predicates_look_into_documents(known: Evidence, path: str, condition: dict[str, Any], expected: bool) -> None:
    assert holds(Predicate.model_validate({"fact": the_fact(known), "path": path, **condition}), known) is expected


def test_pages_are_one_document_and_a_torn_chain_a_sample(ponds: FakeEstate, reply: Callable[..., Reply]) -> None:
    pages = [reply("Mystery", {"Items": [number]}, {"NextToken": str(number)} if number else {}, chain="s1.c1") for number in range(2)]
    (fact,) = harvest(pages, (), {"brook": ponds}).facts.values()
    assert (fact.attribute, fact.value, fact.calls) == ("document", {"Items": [0, 1]}, ("s1.c1", "s1.c2"))
    torn = harvest([pages[0], pages[1].model_copy(update={"complete": False})], (), {"brook": ponds})
    (sample,) = torn.facts.values()
    assert (sample.attribute, [gap.reason for gap in torn.gaps]) == ("sample", ["incomplete"])
    known = Evidence(PROBLEM, torn.facts.values())
    assert holds(Predicate(fact=sample.id, path="Items[0]", is_="equals", value=0), known)
    for path, condition in (("Items[5]", "absent"), ("length(Items)", "equals")):
        assert not holds(Predicate(fact=sample.id, path=path, is_=condition, value=2), known)


def test_the_same_question_elsewhere_is_another_subject(ponds: FakeEstate, reply: Callable[..., Reply]) -> None:
    here, there = reply("Mystery", {"A": 1}), reply("Mystery", {"A": 2})
    there = there.model_copy(update={"call": there.call.model_copy(update={"region": "south"})})
    assert len(Evidence(PROBLEM, harvest([here, there], (), {"brook": ponds}).facts.values()).all_facts()) == 2


def claim(known: Evidence, name: str, kind: str = "unknown", **more: Any) -> Claim:
    ref = ResourceRef(cloud="brook", kind=kind, native_type="ecs:service", native_id=name)
    predicate = Predicate(fact=the_fact(known), path="services[0].desiredCount", is_="equals", value=0)
    return Claim.model_validate({"cause": "brook.ecs.none-wanted", "resources": (ref,), "predicates": (predicate,), **more})


def test_a_resource_must_be_named_in_full_somewhere(known: Evidence) -> None:
    assert failing(claim(known, "web"), known) == ""
    assert "we" in failing(claim(known, "we"), known)
    assert "ghost" in failing(claim(known, "ghost"), known)
    assert failing(claim(known, "web", kind="compute.service"), known)


def test_names_in_title_words_and_advice_are_looked_up(known: Evidence) -> None:
    for part in ("title", "prose", "advice"):
        assert "arn:aws:ecs:north:4711:service/ghost" in failing(claim(known, "web", **{part: "see arn:aws:ecs:north:4711:service/ghost."}), known)
        assert failing(claim(known, "web", **{part: "`web` wants `desiredCount` of 0"}), known) == ""
    assert strangers("ends in web.", known) == []


def test_a_path_that_is_none_says_so(known: Evidence) -> None:
    with pytest.raises(ValueError, match="no JMESPath"):
        look({"a": 1}, "a[")
    assert look({"a": 1}, "") == {"a": 1}
    assert not named("", known)
