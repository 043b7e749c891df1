"""Reply tables: references, questions, permissions, what a failed call leaves unseen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nephoscope.models import Call, FactQuery, Identity, Reply, ResourceRef
from nephoscope.testing.fakes import FakeEstate


@pytest.mark.parametrize(
    ("native_type", "name", "native_id", "region", "label"),
    [
        ("ponds:pond", "deep", "pond:north:4711:deep", "north", "deep"),
        ("ponds:pond", "pond:south:4711:deep", "pond:south:4711:deep", "south", "deep"),
        ("ponds:fish", "f1", "f1", "north", "f1"),
        ("ponds:keeper", "ann", "keeper::4711:ann", "", "ann"),
        ("ponds:keeper", "https://keepers.example/ann", "keeper::4711:ann", "", "ann"),
    ],
)
def test_a_thing_has_one_reference_however_it_is_called(
    ponds: FakeEstate, who: Identity, native_type: str, name: str, native_id: str, region: str, label: str
) -> None:
    ref = ponds.named(native_type, name, who, "north")
    assert ref is not None
    assert (ref.native_id, ref.region, ref.label, ref.account) == (native_id, region, label, "4711")
    again = ponds.named(native_type, ref.native_id, who, "north")
    assert again is not None and again.key == ref.key


def test_what_has_no_type_or_name_has_no_reference(ponds: FakeEstate, who: Identity) -> None:
    assert ponds.named("no:type", "x", who, "north") is None
    assert ponds.named("ponds:pond", "", who, "north") is None


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("pond:south:0815:deep", ("ponds:pond", "0815", "south", "deep")),
        ("keeper::4711:ann", ("ponds:keeper", "4711", "", "ann")),
        ("deep", None),
        ("f1", None),
        ("", None),
    ],
)
def test_full_identifiers_are_recognised(ponds: FakeEstate, who: Identity, text: str, known: tuple[str, ...] | None) -> None:
    ref = ponds.recognise(text, who)
    assert (ref and (ref.native_type, ref.account, ref.region, ref.name)) == known


def test_subjects_made_of_parameters_and_paths(ponds: FakeEstate, reply: Callable[..., Reply]) -> None:
    shown = list(ponds.facts(reply("GetWeir", {"Region": "south", "Height": 3}, {"Weir": "w1"})))
    assert [(one.subject.native_id, one.attribute, one.pointer) for one in shown] == [("weir:north:4711:south:w1", "height", "/Height")]
    assert list(ponds.facts(reply("GetWeir", {"Height": 3}, {"Weir": "w1"}))) == [], "a subject that is not told is no subject"


def test_an_ask_may_show_attributes_of_what_it_asks_about(ponds: FakeEstate, reply: Callable[..., Reply]) -> None:
    params = {"Pond": "pond:north:4711:deep", "Gauge": "g7", "From": "2026-01-01T00:00:00Z", "To": 17}
    (one,) = ponds.facts(reply("GetLevels", {"Points": [1, 2]}, params))
    assert (one.subject.label, one.attribute, one.pointer) == ("deep", "levels", "/Points")


def asked(checks: Any) -> list[tuple[str, str, dict[str, object]]]:
    return [(read.operation, read.region, dict(read.params)) for check in checks for read in check.reads]


def pond(ponds: FakeEstate, who: Identity) -> ResourceRef:
    ref = ponds.named("ponds:pond", "deep", who, "south")
    assert ref is not None
    return ref


@pytest.mark.parametrize(
    ("attribute", "questions"),
    [
        ("depth", [("GetPond", "south", {"Pond": "deep"})]),
        ("rules", [("GetPondRules", "south", {"Pond": "deep"})]),
        ("fish", [("ListFish", "south", {"Filters": [{"Name": "pond", "Values": ["pond:south:4711:deep"]}]})]),
        ("levels", [("GetLevels", "south", {"Pond": "pond:south:4711:deep", "Gauge": "{fact:gauge}", "From": "{now-24h}", "To": "{now}"})]),
        ("colour", []),
        ("complete", []),
    ],
)
def test_questions_about_a_thing(ponds: FakeEstate, who: Identity, attribute: str, questions: list[Any]) -> None:
    checks = ponds.checks(FactQuery(subject=pond(ponds, who), attribute=attribute), [who])
    assert asked(checks) == questions
    assert ponds.checks(FactQuery(subject=pond(ponds, who), attribute=attribute), []) == []


def test_what_a_question_shows_answers_it(ponds: FakeEstate, who: Identity, reply: Callable[..., Reply]) -> None:
    """Asking and reading agree: the reply to a check's read shows the fact the check serves."""
    documents: dict[str, Any] = {"GetPond": {"Depth": 1}, "GetPondRules": {"Rules": "[]"}, "GetGauge": {"Gauge": "g"}, "ListFish": {"Shoals": []}}
    ref = pond(ponds, who)
    for attribute in ("exists", "depth", "weir", "rules", "gauge", "fish"):
        for operation, region, params in asked(ponds.checks(FactQuery(subject=ref, attribute=attribute), [who])):
            answer = reply(operation, documents[operation], params)
            answer = answer.model_copy(update={"call": answer.call.model_copy(update={"region": region})})
            assert (ref.key, attribute) in {(one.subject.key, one.attribute) for one in ponds.facts(answer)}


def test_listings_of_types_or_of_all_cheap_ones(ponds: FakeEstate, who: Identity) -> None:
    def listed(*types: str, region: str = "south") -> list[tuple[str, str]]:
        return [(read.operation, read.region) for read in ponds.listings(types, who, region)]

    assert listed("ponds:pond", "ponds:keeper", "ponds:weir", "no:type") == [("ListPonds", "south"), ("ListKeepers", "north")]
    assert listed() == [("ListPonds", "south"), ("ListFish", "south")]
    assert listed("ponds:keeper", "") == [("ListPonds", "south"), ("ListFish", "south"), ("ListKeepers", "north")], "what is named by its kind, too"


def test_permissions_are_told_in_the_clouds_words(ponds: FakeEstate) -> None:
    assert (ponds.permission("ponds:GetPondRules"), ponds.permission("ponds:GetPond")) == ("ponds:ReadRules", "ponds:GetPond")


@pytest.mark.parametrize(
    ("operation", "params", "sought"),
    [
        ("GetPondRules", {"Pond": "deep"}, {("deep", "rules")}),
        ("GetLevels", {"Pond": "pond:north:4711:deep", "Gauge": "g", "From": "a", "To": "b"}, {("deep", "levels")}),
        ("ListFish", {"Filters": [{"Name": "pond", "Values": ["deep"]}]}, {("deep", "fish")}),
        ("ListFish", {"Ids": ["f1"]}, {("f1", "exists"), ("f1", "colour")}),
        ("ListPonds", {}, {("ponds:pond", "complete")}),
        ("Mystery", {}, set()),
    ],
)
def test_what_a_failed_call_leaves_unseen(
    ponds: FakeEstate, who: Identity, operation: str, params: dict[str, Any], sought: set[tuple[str, str]]
) -> None:
    call = Call(identity=who, region="north", service="ponds", operation=operation, params=params)
    assert {(ref.label, attribute) for ref, attribute in ponds.sought(call)} == sought


def test_nouns_of_the_tables_make_mentions(ponds: FakeEstate) -> None:
    found = {(one.text, one.native_types, one.exact) for one in ponds.mentions("our lakes near pond deep")}
    assert {("lakes", ("ponds:pond",), False), ("deep", ("ponds:pond",), True)} <= found
