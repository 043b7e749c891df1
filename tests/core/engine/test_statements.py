"""What scripts say is believed only of the thing it was read from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope.engine.statements import rederive
from nephoscope.models import Fact, Identity, Reply
from nephoscope.testing.fakes import FakeEstate

Make = Callable[..., Reply]
FLEET = {"Ponds": [{"Name": "deep", "Owner": "ann", "Birds": 2}, {"Name": "flat", "Owner": "bob", "Birds": 5, "Note": "deep"}]}


@pytest.fixture
def say(ponds: FakeEstate) -> Callable[..., Fact | None]:
    def run(
        replies: list[Reply], subject: str, value: Any, expr: str, operation: str = "ListPonds", attribute: str = "owner", **source: Any
    ) -> Fact | None:
        statement = {
            "subject": {"type": "ponds:pond", "id": subject},
            "attribute": attribute,
            "value": value,
            "from": {"operation": f"ponds:{operation}", "expr": expr, **source},
        }
        return rederive(statement, replies, {"brook": ponds})

    return run


def owner(reply: Make, pond: str, name: str, **more: Any) -> Reply:
    return reply("GetOwner", {"Owner": name, "Tags": [{"Key": "x"}]}, {"Pond": pond}, **more)


def test_a_statement_the_reply_bears_out_is_a_derived_fact(say: Callable[..., Fact | None], reply: Make) -> None:
    fact = say([owner(reply, "deep", "ann")], "deep", "ann", "Owner", "GetOwner")
    assert fact is not None
    assert (fact.grounding, fact.calls, fact.pointer, fact.subject.native_id) == ("derived", ("s1.c1",), "Owner", "pond:north:4711:deep")
    assert say([owner(reply, "deep", "ann")], "deep", 1, "length(Tags)", "GetOwner") is not None


@pytest.mark.parametrize(
    ("value", "expr"),
    [("bob", "Owner"), ("ann", "Nothing"), ("ann", "Owner["), ("ann", "no_such_function(Owner)"), ("ann", ""), (None, "Nothing"), ("ann", "Tags")],
)
def test_a_wrong_value_or_expression_is_nothing(say: Callable[..., Fact | None], reply: Make, value: Any, expr: str) -> None:
    assert say([owner(reply, "deep", "ann")], "deep", value, expr, "GetOwner") is None


@pytest.mark.parametrize(
    "expr", ["Ponds[?Name=='{0}'].Owner | [0]", 'Ponds[?Name==`"{0}"`] | [0].Owner', "Ponds[?contains(Name, '{0}')].Owner | [0]"]
)
def test_of_a_listing_the_thing_is_picked_out(say: Callable[..., Fact | None], reply: Make, expr: str) -> None:
    assert say([reply("ListPonds", FLEET)], "flat", "bob", expr.format("flat")) is not None


@pytest.mark.parametrize(
    ("subject", "value", "expr"),
    [
        ("deep", "bob", "Ponds[?Name=='flat'].Owner | [0]"),
        ("deep", "bob", "Ponds[1].Owner"),
        ("deep", "bob", "Ponds[?Name=='flat' || Name=='deep'].Owner | [1]"),
        ("deep", "bob", "Ponds[?Birds==`5` || 'deep'=='x'].Owner | [0]"),
        ("flat", "ann", "Ponds[0].Owner"),
        ("flat", "ann", "Ponds[?Name=='deep' || 'flat'=='x'].Owner | [0]"),
        ("flat", "ann", "Ponds[?Name!='flat'].Owner | [0]"),
    ],
)
def test_swapped_subjects_of_a_listing_do_not_come_through(say: Callable[..., Fact | None], reply: Make, subject: str, value: str, expr: str) -> None:
    assert say([reply("ListPonds", FLEET)], subject, value, expr) is None


@given(st.permutations(["ann", "bob", "cy"]), st.integers(0, 2), st.integers(0, 2))
def test_no_index_gives_a_thing_the_value_of_another(owners: list[str], place: int, told: int) -> None:
    from pathlib import Path

    estate = FakeEstate(Path(__file__).parent.parent / "brook")
    who = Identity(cloud="brook", account="4711", principal="reader", regions=("north",))
    items = [{"Name": f"p{index}", "Owner": one} for index, one in enumerate(owners)]
    call = {"id": "s1.c1", "identity": who, "region": "north", "service": "ponds", "operation": "ListPonds"}
    listing = Reply.model_validate({"call": call, "status": 200, "document": {"Ponds": items}})
    statement = {
        "subject": {"type": "ponds:pond", "id": f"p{place}"},
        "attribute": "owner",
        "value": owners[told],
        "from": {"operation": "ponds:ListPonds", "expr": f"Ponds[{told}].Owner"},
    }
    fact = rederive(statement, [listing], {"brook": estate})
    assert fact is None or fact.value == owners[place]


def test_swapped_subjects_of_two_calls_do_not_come_through(say: Callable[..., Fact | None], reply: Make) -> None:
    both = [owner(reply, "deep", "ann"), owner(reply, "flat", "bob")]
    assert say(both, "deep", "bob", "Owner", "GetOwner") is None
    assert say(both, "flat", "bob", "Owner", "GetOwner") is None, "which of the two calls is meant is not said"
    assert say(both, "deep", "bob", "Owner", "GetOwner", params={"Pond": "flat"}) is None
    assert say(both, "deep", "ann", "Owner", "GetOwner", params={"Pond": "deep"}) is not None


def test_one_among_several_asked_for_is_not_singled_out(say: Callable[..., Fact | None], reply: Make) -> None:
    listing = reply("Batch", FLEET, {"Names": ["deep", "flat"]})
    assert say([listing], "deep", "bob", "Ponds[1].Owner", "Batch") is None
    alone = reply("Batch", {"Ponds": [{"Owner": "ann"}]}, {"Names": ["deep"]})
    assert say([alone], "deep", "ann", "Ponds[0].Owner", "Batch") is not None


def test_only_whole_successful_replies_of_the_cited_operation(say: Callable[..., Fact | None], reply: Make) -> None:
    assert say([owner(reply, "deep", "ann", complete=False)], "deep", "ann", "Owner", "GetOwner") is None
    assert say([owner(reply, "deep", "ann", error="Denied")], "deep", "ann", "Owner", "GetOwner") is None
    assert say([owner(reply, "deep", "ann")], "deep", "ann", "Owner", "GetPond") is None
    assert say([], "deep", "ann", "Owner", "GetOwner") is None


def test_pages_are_joined_and_a_second_reading_replaces_the_first(say: Callable[..., Fact | None], reply: Make) -> None:
    pages = [
        reply("Birds", {"Birds": ["a", "b"]}, {"Pond": "deep"}, chain="s1.c1"),
        reply("Birds", {"Birds": ["c"]}, {"Pond": "deep", "NextToken": "2"}, chain="s1.c1"),
    ]
    assert say(pages, "deep", 3, "length(Birds)", "Birds") is not None
    again = reply("Birds", {"Birds": ["z"]}, {"Pond": "deep"}, chain="s1.c3")
    fact = say([*pages, again], "deep", 1, "length(Birds)", "Birds")
    assert fact is not None and fact.calls == ("s1.c3",)


def test_what_the_tables_show_is_not_for_scripts_to_state(say: Callable[..., Fact | None], reply: Make) -> None:
    assert say([owner(reply, "deep", "ann")], "deep", "ann", "Owner", "GetOwner", attribute="depth") is None
    assert say([owner(reply, "deep", "ann")], "deep", "ann", "Owner", "GetOwner", attribute="exists") is None


@pytest.mark.parametrize(
    "statement",
    [
        {},
        {"subject": "deep", "attribute": "owner", "value": 1, "from": {"operation": "ponds:GetOwner", "expr": "Owner"}},
        {
            "subject": {"type": "no:type", "id": "deep"},
            "attribute": "owner",
            "value": "ann",
            "from": {"operation": "ponds:GetOwner", "expr": "Owner"},
        },
        {"subject": {"type": "ponds:pond", "id": "deep"}, "attribute": 7, "value": "ann", "from": {"operation": "ponds:GetOwner", "expr": "Owner"}},
        {"subject": {"type": "ponds:pond", "id": "deep"}, "attribute": "owner", "value": "ann", "from": {"operation": "ponds:GetOwner", "expr": 7}},
        {"subject": {"type": "ponds:pond", "id": "deep"}, "attribute": "owner", "value": "ann", "from": "ponds:GetOwner"},
        {"subject": {"type": "ponds:pond", "id": "deep"}, "attribute": "owner", "value": "ann", "from": {"operation": [1], "expr": "Owner"}},
    ],
)
def test_statements_of_no_form_are_nothing(ponds: FakeEstate, reply: Make, statement: dict[str, Any]) -> None:
    assert rederive(statement, [owner(reply, "deep", "ann")], {"brook": ponds}) is None
