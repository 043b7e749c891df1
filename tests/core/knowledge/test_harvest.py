"""Replies become facts and gaps: nothing is absent that was not looked for to the end."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from nephoscope.knowledge.harvest import Harvest, Refusal, gap_reason, harvest
from nephoscope.models import Fact, Reply
from nephoscope.testing.fakes import FakeEstate

Make = Callable[..., Reply]
FLEET = {"Ponds": [{"Name": "deep", "Depth": 9}, {"Name": "flat", "Keeper": "ann"}]}


@pytest.fixture
def reap(ponds: FakeEstate) -> Callable[..., Harvest]:
    def run(*replies: Reply, refusals: tuple[Refusal, ...] = (), **more: frozenset[str]) -> Harvest:
        return harvest(replies, refusals, {"brook": ponds}, **more)

    return run


def shown(result: Harvest) -> dict[tuple[str, str], object]:
    """Values by subject and attribute; absences as the word."""
    return {(fact.subject.label, fact.attribute): "absent" if fact.known_absent else fact.value for fact in result.facts.values()}


def only(result: Harvest, attribute: str) -> Fact:
    (fact,) = [fact for fact in result.facts.values() if fact.attribute == attribute]
    return fact


def test_every_item_shows_every_attribute(reap: Callable[..., Harvest], reply: Make) -> None:
    result = reap(reply("ListPonds", FLEET))
    assert shown(result) == {
        ("deep", "exists"): True,
        ("deep", "depth"): 9,
        ("deep", "keeper"): "absent",
        ("flat", "exists"): True,
        ("flat", "depth"): "absent",
        ("flat", "keeper"): "ann",
        ("ponds:pond", "complete"): ["pond:north:4711:deep", "pond:north:4711:flat"],
    }
    assert result.gaps == []
    depth = next(fact for fact in result.facts.values() if fact.value == 9)
    assert (depth.grounding, depth.calls, depth.pointer, depth.observed_at) == ("exact", ("s1.c1",), "/Ponds/0/Depth", "t")


def test_ids_are_made_of_content_alone(reap: Callable[..., Harvest], reply: Make) -> None:
    once = reply("ListPonds", FLEET)
    assert reap(once).facts == reap(once, once).facts
    deeper = once.model_copy(update={"document": {"Ponds": [{"Name": "deep", "Depth": 10}]}})
    assert only(reap(once.model_copy(update={"document": {"Ponds": [{"Name": "deep", "Depth": 9}]}})), "depth").id != only(reap(deeper), "depth").id


def test_the_same_replies_give_the_same_facts_whatever_their_order(reap: Callable[..., Harvest], reply: Make) -> None:
    replies = [
        reply("ListPonds", FLEET),
        reply("GetPondRules", error="NoRules", status=404, params={"Pond": "deep"}),
        reply("GetPond", {"Depth": 9}, params={"Pond": "deep"}),
        reply("ListKeepers", {"Keepers": [{"Name": "ann"}]}),
    ]
    facts = reap(*replies).facts
    for seed in range(5):
        random.Random(seed).shuffle(replies)
        assert reap(*replies).facts == facts


def test_absence_only_on_a_chain_read_to_its_end(reap: Callable[..., Harvest], reply: Make) -> None:
    result = reap(reply("ListPonds", FLEET, complete=False))
    assert ("deep", "keeper") not in shown(result)
    assert ("ponds:pond", "complete") not in shown(result)
    assert shown(result)["deep", "depth"] == 9
    assert {(gap.attribute, gap.reason) for gap in result.gaps} == {("keeper", "incomplete"), ("depth", "incomplete"), ("complete", "incomplete")}


def test_a_thing_asked_for_by_id_and_not_in_the_reply_is_not_there(reap: Callable[..., Harvest], reply: Make) -> None:
    asked = {"Ids": ["f1"]}
    assert shown(reap(reply("ListFish", {"Shoals": []}, asked))) == {("f1", "exists"): "absent"}
    assert shown(reap(reply("ListFish", {"Shoals": []}, asked, complete=False))) == {}
    assert shown(reap(reply("ListFish", error="NoSuchFish", status=400, params=asked))) == {("f1", "exists"): "absent"}
    assert shown(reap(reply("ListFish", {"Shoals": [{"Fish": [{"Id": "f1", "Colour": "red"}]}]}, asked))) == {
        ("f1", "exists"): True,
        ("f1", "colour"): "red",
    }


def test_names_come_from_tags_and_documents_from_strings(reap: Callable[..., Harvest], reply: Make) -> None:
    fish = {"Shoals": [{"Fish": [{"Id": "f1", "Tags": [{"Key": "Name", "Value": "nemo"}]}]}]}
    assert ("nemo", "exists") in shown(reap(reply("ListFish", fish)))
    rules = reap(reply("GetPondRules", {"Rules": '{"allow": ["ann"]}'}, {"Pond": "deep"}))
    assert only(rules, "rules").value == {"allow": ["ann"]}
    spoilt = reap(reply("GetPondRules", {"Rules": "{no json"}, {"Pond": "deep"}))
    assert only(spoilt, "rules").value == "{no json"


def test_an_absence_error_proves_nothing_without_what_it_requires(reap: Callable[..., Harvest], reply: Make) -> None:
    missing = reply("GetPondRules", error="NoRules", status=404, params={"Pond": "deep"})
    alone = reap(missing)
    assert alone.facts == {}
    (gap,) = alone.gaps
    assert (gap.attribute, gap.reason, gap.needs, gap.calls) == ("rules", "incomplete", "ponds:ReadRules", (missing.call.id,))
    assert shown(reap(missing, reply("GetPond", {"Depth": 1}, {"Pond": "deep"})))["deep", "rules"] == "absent"
    assert shown(reap(missing, reply("ListPonds", FLEET)))["deep", "rules"] == "absent"
    elsewhere = reap(missing, reply("ListPonds", {"Ponds": [{"Name": "flat"}]}))
    assert ("deep", "rules") not in shown(elsewhere)


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (403, "AccessDenied", "access_denied"),
        (400, "UnauthorizedOperation", "access_denied"),
        (401, "x", "access_denied"),
        (429, "x", "throttled"),
        (400, "ThrottlingException", "throttled"),
        (501, "NotImplemented", "unsupported"),
        (504, "x", "timeout"),
        (500, "InternalError", "error"),
        (404, "NoSuchThing", "error"),
    ],
)
def test_why_a_failed_reply_shows_nothing(status: int, code: str, reason: str) -> None:
    assert gap_reason(status, code) == reason


def test_a_denied_call_is_a_gap_with_the_permission(reap: Callable[..., Harvest], reply: Make) -> None:
    result = reap(reply("GetPondRules", error="AccessDenied", status=403, params={"Pond": "deep"}))
    (gap,) = result.gaps
    assert result.facts == {}
    assert (gap.reason, gap.needs, gap.operation, gap.attribute) == ("access_denied", "ponds:ReadRules", "ponds:GetPondRules", "rules")
    assert gap.subject is not None and gap.subject.native_id == "pond:north:4711:deep"
    (listing,) = reap(reply("ListPonds", error="AccessDenied", status=403)).gaps
    assert (listing.attribute, listing.needs) == ("complete", "ponds:ListPonds")
    (unknown,) = reap(reply("Mystery", error="AccessDenied", status=403)).gaps
    assert (unknown.subject, unknown.needs) == (None, "ponds:Mystery")


def test_a_refused_call_is_a_gap_with_what_would_allow_it(reap: Callable[..., Harvest], reply: Make) -> None:
    call = reply("GetPond", params={"Pond": "deep"}).call
    result = reap(refusals=(Refusal(call=call, reason="not_granted", needs="--grant data", what="customer data"),))
    assert {(gap.attribute, gap.reason, gap.needs) for gap in result.gaps} == {
        (name, "not_granted", "--grant data") for name in ("exists", "depth", "weir")
    }


def collected(reply: Make, *ids: str, **more: object) -> Reply:
    fish = [{"Id": one} for one in ids]
    return reply("ListFish", {"Shoals": [{"Fish": fish}]}, {"Filters": [{"Name": "pond", "Values": ["pond:north:4711:deep"]}]}, **more)


def test_a_collection_is_the_union_of_its_pages(reap: Callable[..., Harvest], reply: Make) -> None:
    first = collected(reply, "f1", "f2", chain="s1.c1")
    second = collected(reply, "f2", "f3", chain="s1.c1")
    second = second.model_copy(update={"call": second.call.model_copy(update={"params": {**second.call.params, "NextToken": "2"}})})
    fact = only(reap(first, second), "fish")
    assert (fact.value, fact.grounding, fact.calls) == (["f1", "f2", "f3"], "derived", ("s1.c1", "s1.c2"))
    assert fact.subject.native_id == "pond:north:4711:deep"
    assert only(reap(collected(reply)), "fish").value == []


def test_of_two_readings_the_newer_counts_and_a_torn_one_spoils_nothing(reap: Callable[..., Harvest], reply: Make) -> None:
    torn = collected(reply, "f1", chain="s1.c1", complete=False)
    whole = collected(reply, "f1", "f2", chain="s1.c2")
    later = collected(reply, "f2", chain="s1.c3")
    result = reap(torn, whole, later)
    values = [fact.value for fact in result.facts.values() if fact.attribute == "fish"]
    assert values == [["f1", "f2"], ["f2"]]
    assert ("fish", "incomplete") in {(gap.attribute, gap.reason) for gap in result.gaps}


def test_an_old_absence_does_not_outlive_a_newer_answer(reap: Callable[..., Harvest], reply: Make) -> None:
    gone = reply("GetPondRules", error="NoRules", status=404, params={"Pond": "deep"})
    there = reply("GetPond", {"Depth": 1}, {"Pond": "deep"})
    back = reply("GetPondRules", {"Rules": "[]"}, {"Pond": "deep"})
    assert shown(reap(gone, there, back))["deep", "rules"] == []
    assert shown(reap(back, there, gone))["deep", "rules"] == "absent"


def test_cached_answers_are_told(reap: Callable[..., Harvest], reply: Make) -> None:
    once = reply("GetPond", {"Depth": 1}, {"Pond": "deep"})
    assert only(reap(once, cached=frozenset({once.call.id})), "depth").cached
    assert not only(reap(once), "depth").cached


def test_an_operation_without_a_table_is_one_document(reap: Callable[..., Harvest], reply: Make) -> None:
    fact = only(reap(reply("Mystery", {"a": 1}, {"b": 2})), "document")
    assert (fact.value, fact.pointer, fact.subject.kind) == ({"a": 1}, "", "reply")


def test_replies_of_unknown_clouds_are_left_alone(reply: Make) -> None:
    assert harvest([reply("ListPonds", FLEET)], (), {}) == Harvest()
