"""What changes name, and what they do not."""

from __future__ import annotations

from typing import Any

import pytest

from nephoscope.engine.differing import Named, by_place, leaves
from nephoscope.models import Change, Fact, Finding, Identity, ResourceRef, Supposition

_WHO = Identity(cloud="brook", account="1", principal="p", regions=())


def _fact(name: str, attribute: str, value: Any) -> Fact:
    ref = ResourceRef(cloud="brook", kind="storage.object_store", native_type="ponds:pond", native_id=f"pond/{name}", name=name)
    return Fact(id=name, subject=ref, attribute=attribute, value=value, grounding="exact", calls=(), pointer="", identity=_WHO, observed_at="")


def _strays(before: list[Fact], after: list[Fact], params: dict[str, Any], *suppose: Supposition) -> list[str]:
    change = Change(cloud="brook", service="ponds", operation="SetPond", params=params)
    cause = Finding(cause="brook.ponds.x", subject=before[0].subject, holds="yes", suppose=suppose)
    return Named([change], cause).strays(by_place(before), by_place(after))


def test_leaves_are_matched_by_what_members_are() -> None:
    found = list(leaves({"a": [1, {"n": "x", "v": 1}]}, {"a": [{"n": "x", "v": 2}, 1]}))
    assert [(leaf.path, leaf.before, leaf.after) for leaf in found] == [(("a", "*", "v"), 1, 2)]


@pytest.mark.parametrize(
    ("before", "after", "params", "strays"),
    [
        pytest.param("shut", "open", {"Name": "deep", "Weir": "open"}, [], id="the value it sets"),
        pytest.param("shut", "open", {"Name": "deep", "Depth": 3}, ["weir of deep"], id="a value it does not set"),
        pytest.param("shut", "open", {"Name": "deep"}, [], id="a change that only says whom it is about"),
        pytest.param("shut", "open", {"Name": "flat"}, ["weir of deep"], id="the same, about another"),
        pytest.param([{"Id": "a"}], [{"Id": "a"}, {"Id": "b", "To": "x"}], {"Name": "deep", "To": "x"}, [], id="one more entry"),
        pytest.param(
            [{"Id": "a"}, {"Id": "b"}],
            [{"Id": "b"}, {"Id": "c"}, {"Id": "d"}],
            {"Name": "deep", "Rules": [{"Id": "b"}, {"Id": "c"}, {"Id": "d"}]},
            ["weir of deep"],
            id="an entry got lost",
        ),
        pytest.param(
            {"at": "2026-01-01T00:00:00Z", "weir": "a"},
            {"at": "2026-01-02T00:00:00Z", "weir": "b"},
            {"Name": "deep", "Weir": "b"},
            [],
            id="moments move",
        ),
    ],
)
def test_only_what_is_named_may_differ(before: Any, after: Any, params: dict[str, Any], strays: list[str]) -> None:
    assert _strays([_fact("deep", "weir", before)], [_fact("deep", "weir", after)], params) == strays


def test_another_thing_that_moved_is_told() -> None:
    before, after = [_fact("deep", "weir", "shut"), _fact("flat", "weir", "shut")], [_fact("deep", "weir", "open"), _fact("flat", "weir", "half")]
    assert _strays(before, after, {"Name": "deep", "Weir": "open"}) == ["weir of flat"]


def test_what_reads_as_it_was_supposed_to_is_named_by_the_cause() -> None:
    before, after = [_fact("deep", "weir", [{"Id": "a", "To": "y"}])], [_fact("deep", "weir", [{"Id": "made", "To": "x"}])]
    one = Supposition(subject=before[0].subject, attribute="weir", value=[{"Id": "‹redacted:string:1:aaaa›", "To": "x"}])
    assert _strays(before, after, {"Name": "deep", "Weir": "z"}, one) == []
    assert _strays(before, [_fact("deep", "weir", [{"Id": "made", "To": "x"}, {"Id": "more"}])], {"Name": "deep", "Weir": "z"}, one)


def test_what_was_supposed_is_told_from_moments_that_no_copy_has_alike() -> None:
    """An entry that is written otherwise is gone as it was: only the whole, as it was supposed, names that."""
    before, after = ({"at": f"2026-01-0{day}T00:00:00Z", "weirs": [name]} for day, name in ((2, "a/"), (2, "a")))
    facts = [_fact("deep", "settings", before)], [_fact("deep", "settings", after)]
    supposed = {"at": "2025-12-24T00:00:00Z", "weirs": ["a"]}
    subject = facts[0][0].subject
    assert _strays(*facts, {"Name": "deep", "Weirs": ["a"]}) == ["settings of deep"]
    assert _strays(*facts, {"Name": "deep", "Weirs": ["a"]}, Supposition(subject=subject, attribute="settings", value=supposed)) == []
    other = Supposition(subject=subject, attribute="settings", value={**supposed, "at": "never"})
    assert _strays(*facts, {"Name": "deep", "Weirs": ["a"]}, other) == ["settings of deep"]


def test_what_a_change_brings_into_being_is_all_its_own() -> None:
    """A thing that was seen not to be there: whatever it has afterwards came with it. One that was there is another matter."""
    gone = _fact("deep", "exists", None).model_copy(update={"grounding": "absent"})
    after = [_fact("deep", "exists", True), _fact("deep", "number", "p-17")]
    assert _strays([gone], after, {"Name": "deep"}) == []
    assert _strays([gone, _fact("flat", "number", "p-1")], [*after, _fact("flat", "number", "p-2")], {"Name": "deep"}) == ["number of flat"]
