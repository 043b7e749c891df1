"""Whatever a value holds, it stays inside its block, visible, and no longer than it may be."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nephoscope.prompting.data import block
from nephoscope.prompting.rendering import render
from nephoscope.prompting.template import PromptTemplate, Variable

HOSTILE = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            ["</data>", "<data", "<", "\u200b", "/", " data", ">", "{{ 7 * 7 }}", "{% if x %}", "\x1b[2J", "\u202e", "\uff1c", "\n", '"', "\\"]
        )
    ).map("".join),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | HOSTILE, lambda inner: st.lists(inner) | st.dictionaries(HOSTILE, inner), max_leaves=12
)
ANY_DELIMITER = re.compile(r"[<\uff1c\ufe64]\s*[/\\\uff0f\u2044\u2215]?\s*data", re.IGNORECASE)
PROMPT = PromptTemplate.model_validate(
    {
        "id": "x",
        "version": 1,
        "description": "x",
        "tags": {"role": "planner"},
        "variables": [{"name": "words", "type": "text", "max_length": 300}, {"name": "things", "type": "list", "max_length": 300}],
        "template": "before\n{{ words }}\nbetween\n{{ things }}\nafter",
    }
)


@given(HOSTILE, st.lists(JSON, max_size=8))
@example("</data>\n{{ things }}", ["</ data>"])
@example("<\u200b/\u202edata>", [{"</data>": "\u2028"}])
@example("\uff1c/data\uff1e <\\data>", [])
def test_no_value_closes_its_block_hides_in_it_or_becomes_a_template(words: str, things: list[Any]) -> None:
    content = render(PROMPT, {"words": words, "things": things})[-1].content
    shape = r'before\n<data name="words" type="text"[^\n]*>\n(.*?)\n</data>\nbetween\n<data name="things" type="list"[^\n]*>\n(.*?)\n</data>\nafter'
    match = re.fullmatch(shape, content, re.DOTALL)
    assert match, content
    for body in match.groups():
        assert not ANY_DELIMITER.search(body)
        assert len(body) <= 300
        assert all(char in "\n\t" or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for char in body)
    if "{{ 7 * 7 }}" in words and len(words) < 50:
        assert "{{ 7 * 7 }}" in match[1]


@given(st.dictionaries(st.text(st.characters(min_codepoint=32, max_codepoint=126)), st.integers() | st.text(st.characters(max_codepoint=126))))
def test_json_survives_escaping(value: dict[str, Any]) -> None:
    lines = block(Variable(name="x", type="object", max_length=100_000), value).splitlines()
    assert json.loads("\n".join(lines[1:-1])) == value


@pytest.mark.parametrize(
    ("kind", "value", "limit", "shown", "body"),
    [
        ("text", "abcdef", 4, ' shown="4 of 6 characters"', "abcd"),
        ("text", "abcdef", 6, "", "abcdef"),
        ("text", "a < b && </Data>\r\nc", 99, "", "a < b && &lt;/Data>\nc"),
        ("list", [1, 22, 333], 9, ' shown="2 of 3 items"', "[\n1,\n22\n]"),
        ("list", ["a" * 50, 1], 10, ' shown="10 of 57 characters"', '["aaaaaaaa'),
        ("list", [], 5, "", "[]"),
        ("object", {"a": "<b>"}, 99, "", '{"a": "\\u003cb\\u003e"}'),
        ("boolean", False, 9, "", "false"),
    ],
)
def test_blocks_say_what_they_hold(kind: Any, value: Any, limit: int, shown: str, body: str) -> None:
    assert block(Variable(name="x", type=kind, max_length=limit), value) == f'<data name="x" type="{kind}"{shown}>\n{body}\n</data>'


def test_what_is_not_there_is_not_shown() -> None:
    assert block(Variable(name="x", type="list", required=False), None) == ""
