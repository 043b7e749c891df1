"""Templates: what is filled in can be recognised again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope.knowledge import templates

PLAIN = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.", min_size=1, max_size=12)


@given(PLAIN, PLAIN, PLAIN)
def test_filled_templates_are_recognised(region: str, account: str, name: str) -> None:
    template = "x:{region}:{account}:thing/{name}"
    values = {"region": region, "account": account, "name": name}
    text = templates.fill(template, values.get)
    assert text == f"x:{region}:{account}:thing/{name}"
    assert templates.recognise(template, text or "") == values


@given(st.text(max_size=20))
def test_what_is_recognised_fills_to_the_same_text(text: str) -> None:
    for template in ("{name}", "a:{region}:{name}", "{name}/{name}"):
        for candidate in (text, f"a:b:{text}", f"{text}/{text}"):
            known = templates.recognise(template, candidate)
            if known is not None:
                assert templates.fill(template, known.get) == candidate


@pytest.mark.parametrize(
    ("template", "text", "known"),
    [
        ("role/{name}", "role/path/to/x", {"name": "path/to/x"}),
        ("{name}/{name}", "a/b", None),
        ("{name}", "", None),
        ("x.{name}", "xyz", None),
        ("pond:{region}:{account}:{name}", "pond::4711:deep", {"region": "", "account": "4711", "name": "deep"}),
        ("log:{name}:*", "log:a:*", {"name": "a"}),
        ("{name}@{now}", "a@2026-01-01", {"name": "a"}),
    ],
)
def test_recognising(template: str, text: str, known: dict[str, str] | None) -> None:
    assert templates.recognise(template, text) == known


def test_late_placeholders_stay_and_missing_ones_spoil() -> None:
    assert templates.fill("{id} {now-24h} {fact:vpc.id}", {"id": "7"}.get) == "7 {now-24h} {fact:vpc.id}"
    assert templates.fill("{id} {nobody}", {"id": "7"}.get) is None
    assert templates.fill("{nowhere}", {}.get) is None
    filled, complete = templates.fill_all({"a": ["{id}", 3], "b": {"c": "{nobody}"}}, {"id": "7"}.get)
    assert (filled, complete) == ({"a": ["7", 3], "b": {"c": None}}, False)


@pytest.mark.parametrize(
    ("template", "actual", "bound"),
    [
        ({"Pond": "{name}"}, {"Pond": "deep"}, {"name": "deep"}),
        ({"Pond": "{name}"}, {"Pond": "deep", "MaxResults": 5, "NextToken": "t"}, {"name": "deep"}),
        ({"Pond": "{name}"}, {"Pond": "deep", "Verbose": True}, None),
        ({"Pond": "{name}"}, {}, None),
        ({"Pond": "{name}"}, {"Pond": 7}, None),
        ({"A": "{id}", "B": "{id}"}, {"A": "x", "B": "y"}, None),
        ({"Filters": [{"Name": "pond", "Values": ["{id}"]}]}, {"Filters": [{"Name": "pond", "Values": ["p1"]}]}, {"id": "p1"}),
        ({"Filters": [{"Name": "pond", "Values": ["{id}"]}]}, {"Filters": [{"Name": "pond", "Values": ["p1", "p2"]}]}, None),
        ({"Filters": [{"Name": "pond", "Values": ["{id}"]}]}, {"Filters": "pond"}, None),
        ({"Id": "{id}", "From": "{now-24h}"}, {"Id": "x", "From": 123456}, {"id": "x"}),
        ({"Id": "{id}", "From": "{now-24h}"}, {"Id": "x", "From": "2026-01-01"}, {"id": "x"}),
        ({"Id": "{id}", "Deep": True}, {"Id": "x", "Deep": False}, None),
        ({}, {}, {}),
        ({"Id": "{id}"}, "x", None),
    ],
)
def test_unifying_parameters(template: Any, actual: Any, bound: dict[str, str] | None) -> None:
    assert templates.unify(template, actual) == bound
