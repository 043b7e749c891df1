"""One escaping function per medium, for every string there is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from nephoscope.reporting.text import clean, clean_block, clip, code, compact, fence, prose

HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07",
    "\x9b2Jgone",
    "\x1b\x1b[31m[31m",
    "user\u202egnp.exe",
    "a\u2066b\u2069",
    "zero\u200bwidth",
    "line\u2028break\u0085next\r\nand\x0b",
    "\ud800",
    "\U000e0041tag",
]
MARKUP = [
    "<script>alert(1)</script>",
    "[a](javascript:alert(1))",
    "![x](http://e/x.png)",
    "**b** __i__ `c` ~~s~~",
    "# heading",
    "1. item",
    "- item",
    "+ item",
    "===",
    "> quote",
    "| a | b |",
    "&lt;b&gt; &#60;",
    "https://evil.example www.evil.example",
    "\\*a\\*",
    "```\nx",
    "`",
    "``a`` `",
    "$$x$$",
    "2) item",
    "    indented",
    "***",
    "[x]: http://evil",
]
anything = st.one_of(
    st.text(),
    st.text(alphabet=st.characters(codec=None)),
    st.lists(st.sampled_from(HOSTILE + MARKUP + ["a", " ", "\n"]), max_size=6).map("".join),
)
parser = MarkdownIt("commonmark", {"linkify": False}).enable(["table", "strikethrough"])
HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def leaves(tokens: list[Token]) -> list[Token]:
    return [leaf for token in tokens for leaf in (token.children if token.children is not None else [token])]


@given(anything)
@example("\x1b[31mred")
def test_clean_leaves_one_visible_line(text: str) -> None:
    shown = clean(text)
    assert not any(unicodedata.category(char) in HIDDEN for char in shown)
    assert shown == clean(shown)


@given(anything)
def test_clean_block_keeps_only_line_breaks(text: str) -> None:
    assert not any(unicodedata.category(char) in HIDDEN for char in clean_block(text).replace("\n", ""))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;https://evil\x07click\x1b]8;;\x07", "click"),
        ("a\tb\n c", "a b c"),
        ("user\u202egnp", "user\ufffdgnp"),
        ("👩\u200d💻", "👩💻"),
        ("größe 注文 ✓", "größe 注文 ✓"),
    ],
)
def test_clean_says_what_was_there(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(anything, st.sampled_from(["{}", "- {}", "> {}", "**x** {}", "1. {}", "# {}", "- **a**: {} (`c`)"]))
@example("1. x", "{}")
@example("<b>", "{}")
def test_prose_is_only_text_wherever_it_stands(text: str, place: str) -> None:
    tokens = parser.parse(place.format(prose(text)))
    empty = parser.parse(place.format("word"))
    assert [token.type for token in tokens] == [token.type for token in empty] or not clean(text)
    inline = leaves(tokens)
    assert {leaf.type for leaf in inline} <= {leaf.type for leaf in leaves(empty)} | {"text_special"}
    if clean(text):
        assert clean(text) in "".join(leaf.content for leaf in inline)


@given(anything)
def test_code_is_one_code_span(text: str) -> None:
    span = code(text)
    if clean(text):
        _, leaf, _ = [leaf for leaf in leaves(parser.parse(f"x{span}x")) if leaf.type in ("text", "code_inline")]
        assert (leaf.type, leaf.content) == ("code_inline", clean(text))


@given(anything)
def test_fence_is_one_block(text: str) -> None:
    (token,) = parser.parse(fence(text, "sh"))
    assert token.type == "fence"
    assert token.content.rstrip("\n") == clean_block(text).rstrip("\n")


def test_addresses_do_not_become_links() -> None:
    linking = MarkdownIt("commonmark")
    assert all(token.type != "link_open" for token in leaves(linking.parse(prose("<https://evil.example>"))))
    assert "https:/" not in prose("see https://evil.example")
    assert "www." not in prose("www.evil.example WWW.evil.example").lower()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | anything,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(anything, inner, max_size=4),
    max_leaves=12,
)


@given(json_values, st.integers(min_value=1, max_value=300))
def test_compact_is_one_short_clean_line(value: object, length: int) -> None:
    told = compact(value, length)  # type: ignore[arg-type]
    assert len(told) <= length
    assert told == clean(told)


def test_compact_shows_structure_without_noise() -> None:
    assert compact({"Events": ["s3:ObjectCreated:*"], "Filter": None, "Name": "two words", "Odd": 'a"b'}) == (
        '{Events: [s3:ObjectCreated:*], Filter: null, Name: two words, Odd: "a\\"b"}'
    )
    assert compact("") == '""'


def test_clip_shows_the_cut() -> None:
    assert clip("abcdef", 4) == "abc…"
    assert clip("abc", 3) == "abc"
