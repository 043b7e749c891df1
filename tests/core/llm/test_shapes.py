"""Replies as models really give them are read, or sent back with a reason; schemas are such as strict providers take."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from nephoscope.llm import shapes, structure


class Part(BaseModel):
    name: str
    given: dict[str, Any] = {}


class Reply(BaseModel):
    """What is asked for."""

    decision: str
    parts: list[Part] = []
    value: Any = None
    more: Part | None = None


VALUE = {"decision": "go", "parts": [{"name": "a", "given": {"x": [1, "two", None], "deep": {"y": True}}}], "value": None, "more": None}
TEXT = json.dumps(VALUE)
WRITTEN = {
    "plain": TEXT,
    "prose around it": f"Sure! Here is my decision:\n\n{TEXT}\n\nLet me know how it goes.",
    "a fence": f"```json\n{TEXT}\n```",
    "a fence with words around": f"My answer:\n```\n{TEXT}\n```\nDone.",
    "a list of one": f"[{TEXT}]",
    "an envelope": json.dumps({"response": VALUE}),
    "a tool call written out": json.dumps({"name": "Reply", "arguments": TEXT}),
    "words of Python": repr(VALUE),
    "prose and words of Python": f"I'd say: {VALUE!r} - that is it",
    "a comma too many": TEXT[:-1] + ",}",
    "comments": TEXT.replace('"parts"', '// the parts\n "parts"'),
    "an object as text": json.dumps({**VALUE, "parts": [{"name": "a", "given": json.dumps(VALUE["parts"][0]["given"])}]}),  # type: ignore[index]
    "a list as text": json.dumps({**VALUE, "parts": json.dumps(VALUE["parts"])}),
    "members nobody asked for": json.dumps({**VALUE, "confidence": "high"}),
}


def read(text: str) -> Any:
    return structure.read(text, Reply, lambda value: value)


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_replies_are_read_as_they_come(text: str) -> None:
    assert read(text) == VALUE


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "it is empty"),
        ("I cannot help with that.", "holds no JSON object"),
        (TEXT[:40], "it is no JSON"),
        (TEXT[:-1], "it is no JSON"),
        ("{'decision': 'go', 'parts': [{'name': 'a'", "it is no JSON"),
        (json.dumps({"parts": []}), "decision"),
    ],
)
def test_what_cannot_be_read_is_told_why_and_nothing_is_guessed(text: str, told: str) -> None:
    with pytest.raises(structure.Unusable, match=told):
        read(text)


@given(st.text(max_size=200))
def test_nothing_a_model_says_breaks_the_reader(text: str) -> None:
    try:
        read(text)
    except structure.Unusable as error:
        assert error.faults


def nodes(shape: Any) -> Iterator[dict[str, Any]]:
    if isinstance(shape, dict):
        yield shape
        for name, member in shape.items():
            yield from (one for each in member.values() for one in nodes(each)) if name == "properties" else nodes(member)
    elif isinstance(shape, list):
        for member in shape:
            yield from nodes(member)


def test_a_strict_schema_holds_every_member_and_knows_no_others() -> None:
    strict = shapes.strict(shapes.plain(Reply))
    known = {"title", "type", "enum", "description", "properties", "required", "items", "anyOf", "additionalProperties"}
    for node in nodes(strict):
        assert set(node) <= known
        assert "$ref" not in node
        if node.get("type") == "object":
            assert (sorted(node["properties"]), node["additionalProperties"]) == (sorted(node["required"]), False)
        if node.get("type") == "array":
            assert node["items"]
        assert node.get("type") or node.get("anyOf") or node.get("enum")
    assert strict["properties"]["parts"]["items"]["properties"]["given"]["type"] == "string"


def test_what_a_strict_schema_lets_through_is_the_value_again() -> None:
    said = {"decision": "go", "parts": [{"name": "a", "given": '{"x": [1]}'}], "value": 3, "more": {"name": "b", "given": "{}"}}
    assert shapes.loosened(said, shapes.plain(Reply)) == {
        "decision": "go",
        "parts": [{"name": "a", "given": {"x": [1]}}],
        "value": 3,
        "more": {"name": "b", "given": {}},
    }
