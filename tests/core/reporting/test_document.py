"""Excerpts of recorded replies."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope.reporting.document import excerpt

DOCUMENT = {"a": [{"b": 1, "c~/d": "x"}, {"b": 2}], "z": "last"}


@pytest.mark.parametrize(
    ("pointer", "marked"),
    [
        ("/a/1/b", ['"b": 2']),
        ("/a/0/c~0~1d", ['"c~/d": "x"']),
        ("/z", ['"z": "last"']),
        ("/a/1", ["{", '"b": 2', "}"]),
        ("/a/1/missing", ["{", '"b": 2', "}"]),
    ],
)
def test_the_value_pointed_at_is_marked(pointer: str, marked: list[str]) -> None:
    assert [line.strip() for mark, line in excerpt(DOCUMENT, pointer) if mark] == marked


def test_an_empty_reply_is_marked_whole() -> None:
    assert excerpt({}, "/Policy") == [(True, "{}")]


def test_a_large_reply_is_cut_around_the_place() -> None:
    lines = excerpt({f"k{number}": number for number in range(10_000)}, "/k5000")
    assert len(lines) < 40
    assert [line.strip() for mark, line in lines if mark] == ['"k5000": 5000']


@given(
    st.recursive(st.none() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20),
    st.text(alphabet="/ab0~1"),
)
def test_any_pointer_into_any_document_gives_clean_lines(document: Any, pointer: str) -> None:
    lines = excerpt(document, pointer)
    assert lines
    assert all("\n" not in line and "\x1b" not in line for _, line in lines)
