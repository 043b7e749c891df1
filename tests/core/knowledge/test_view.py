"""Evidence: what is known of a thing, what an inventory proves, and what would be if."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nephoscope.knowledge.harvest import harvest
from nephoscope.knowledge.view import Evidence
from nephoscope.models import FactQuery, Gap, Identity, Problem, Reply, ResourceRef, Supposition
from nephoscope.testing.fakes import NOW, FakeEstate

Make = Callable[..., Reply]
PROBLEM = Problem(text="x", symptom="suspicion", now=NOW)
FLEET = {"Ponds": [{"Name": "deep", "Depth": 9, "Keeper": "ann"}, {"Name": "flat"}]}


@pytest.fixture
def pond(ponds: FakeEstate, who: Identity) -> Callable[..., ResourceRef]:
    def ref(name: str, region: str = "north") -> ResourceRef:
        found = ponds.named("ponds:pond", name, who, region)
        assert found is not None
        return found

    return ref


@pytest.fixture
def look(ponds: FakeEstate) -> Callable[..., Evidence]:
    def make(*replies: Reply) -> Evidence:
        found = harvest(replies, (), {"brook": ponds})

        def references(ref: ResourceRef, view: Evidence) -> list[tuple[str, ResourceRef]]:
            fact = view.fact(ref, "keeper")
            return [("keeper", ref.model_copy(update={"native_type": "ponds:keeper", "native_id": str(fact.value)}))] if fact and fact.value else []

        return Evidence(PROBLEM, found.facts.values(), found.gaps, references=references)

    return make


def test_an_inventory_proves_what_is_there_and_what_is_not(look: Callable[..., Evidence], reply: Make, pond: Callable[..., ResourceRef]) -> None:
    listing = reply("ListPonds", FLEET)
    view = look(listing)
    there, ghost = view.fact(pond("deep"), "exists"), view.fact(pond("ghost"), "exists")
    assert there is not None and there.value is True
    assert ghost is not None and ghost.known_absent and ghost.calls == (listing.call.id,)
    assert view.by_id(ghost.id) == ghost
    assert view.fact(pond("ghost", "south"), "exists") is None, "the south was not listed"
    assert view.fact(pond("ghost"), "depth") is None
    assert look(reply("ListPonds", FLEET, complete=False)).fact(pond("ghost"), "exists") is None


def test_a_thing_of_unknown_region_is_gone_only_if_it_is_nowhere_we_look(
    look: Callable[..., Evidence], reply: Make, pond: Callable[..., ResourceRef], who: Identity
) -> None:
    somewhere, ghost = (pond(name).model_copy(update={"region": ""}) for name in ("deep", "ghost"))
    north = look(reply("ListPonds", FLEET))
    north.identities = (who,)
    there = north.fact(somewhere, "exists")
    assert there is not None and there.value is True
    assert north.fact(ghost, "exists") is None
    north.identities = (who.model_copy(update={"regions": ("north",)}),)
    gone = north.fact(ghost, "exists")
    assert gone is not None and gone.known_absent


def test_what_is_the_same_everywhere_is_listed_once(look: Callable[..., Evidence], reply: Make, ponds: FakeEstate, who: Identity) -> None:
    view = look(reply("ListKeepers", {"Keepers": [{"Name": "ann"}]}))
    for region in ("north", "south"):
        ghost = ponds.named("ponds:keeper", "bob", who, region)
        fact = view.fact(ghost, "exists") if ghost else None
        assert fact is not None and fact.known_absent


def test_another_account_is_not_covered(look: Callable[..., Evidence], reply: Make, pond: Callable[..., ResourceRef]) -> None:
    stranger = pond("ghost").model_copy(update={"account": "0815"})
    assert look(reply("ListPonds", FLEET)).fact(stranger, "exists") is None


def test_subjects_are_those_not_known_to_be_gone(look: Callable[..., Evidence], reply: Make) -> None:
    view = look(reply("ListPonds", FLEET), reply("ListFish", {"Shoals": []}, {"Ids": ["f1"]}))
    assert [ref.label for ref in view.subjects("ponds:pond")] == ["deep", "flat"]
    assert view.subjects("ponds:fish") == ()


def test_queries_by_kind_and_by_type(look: Callable[..., Evidence], reply: Make) -> None:
    view = look(reply("ListPonds", FLEET))
    for kind in ("ponds:pond", "storage.object_store"):
        assert {fact.value for fact in view.facts(FactQuery(kind=kind, attribute="depth"))} == {9, None}
    assert view.facts(FactQuery(kind="ponds:fish", attribute="depth")) == ()


def test_neighbours_both_ways(look: Callable[..., Evidence], reply: Make, pond: Callable[..., ResourceRef]) -> None:
    view = look(reply("ListPonds", FLEET))
    (ann,) = view.neighbours(pond("deep"))
    assert (ann.native_id, view.neighbours(pond("flat")), view.neighbours(pond("deep"), relation="other")) == ("ann", (), ())
    assert [ref.label for ref in view.neighbours(ann, incoming=True)] == ["deep"]


def test_supposing_changes_a_copy(look: Callable[..., Evidence], reply: Make, pond: Callable[..., ResourceRef]) -> None:
    view = look(reply("ListPonds", FLEET))
    deep, ghost = pond("deep"), pond("ghost")
    other = view.suppose([
        Supposition(subject=deep, attribute="depth", value=1),
        Supposition(subject=deep, attribute="keeper", value=None, absent=True),
        Supposition(subject=ghost, attribute="exists", value=True),
        Supposition(subject=ghost, attribute="depth", value=3),
    ])  # fmt: skip
    depth, keeper, exists = other.fact(deep, "depth"), other.fact(deep, "keeper"), other.fact(ghost, "exists")
    assert depth is not None and depth.value == 1
    assert keeper is not None and keeper.known_absent
    assert exists is not None and exists.value is True
    assert "ghost" in {ref.label for ref in other.subjects("ponds:pond")}
    assert other.neighbours(deep) == ()
    kept, gone = view.fact(deep, "depth"), view.fact(ghost, "exists")
    assert kept is not None and kept.value == 9
    assert gone is not None and gone.known_absent


def test_ungrounded_facts_and_gaps_are_no_facts(look: Callable[..., Evidence], reply: Make, pond: Callable[..., ResourceRef]) -> None:
    known = look(reply("ListPonds", FLEET)).fact(pond("deep"), "depth")
    assert known is not None
    gap = Gap(what="depth", subject=pond("flat"), attribute="depth", reason="access_denied")
    view = Evidence(PROBLEM, [known.model_copy(update={"grounding": "ungrounded"})], [gap])
    assert (view.fact(pond("deep"), "depth"), view.all_facts()) == (None, ())
    assert view.gap(pond("flat"), "depth") == gap
    assert view.gap(pond("deep"), "depth") is None
