"""Slash paths lead to places whose pointers lead back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope.knowledge import paths

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
DOCUMENTS = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=12)

FLEET: Any = {
    "Groups": [{"Members": [{"Id": "a"}, {"Id": "b"}]}, {"Members": []}, {"Members": [{"Id": "c"}]}],
    "Tags": [{"Key": "Name", "Value": "x"}, {"Key": "odd"}, "no entry"],
    "Map": {"k/1": 1, "k~2": 2},
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", [("", FLEET)]),
        ("Groups/*/Members/*/Id", [("/Groups/0/Members/0/Id", "a"), ("/Groups/0/Members/1/Id", "b"), ("/Groups/2/Members/0/Id", "c")]),
        ("Groups/2/Members/0/Id", [("/Groups/2/Members/0/Id", "c")]),
        ("Tags[Name]", [("/Tags/0/Value", "x")]),
        ("Tags[odd]", []),
        ("Tags[Name]/deeper", []),
        ("Map/*", [("/Map/k~11", 1), ("/Map/k~02", 2)]),
        ("Groups/9", []),
        ("Groups/²", []),
        ("Nothing/*/here", []),
        ("Groups[Name]", []),
    ],
)
def test_paths_lead_to_places(path: str, found: list[tuple[str, Any]]) -> None:
    assert list(paths.resolve(FLEET, path)) == found
    assert paths.first(FLEET, path) == (found[0] if found else None)


def test_a_base_is_where_the_document_stands() -> None:
    assert paths.first({"a": 1}, "a", "/Items/7") == ("/Items/7/a", 1)


@pytest.mark.parametrize("pointer", ["/Groups/9", "/Groups/-1", "/Groups/²", "/nothing", "/Tags/0/Value/deeper", "/Groups/x"])
def test_a_pointer_to_nowhere_is_missing(pointer: str) -> None:
    with pytest.raises(paths.Missing):
        paths.at(FLEET, pointer)


def places(document: Any, pointer: str = "") -> list[tuple[str, Any]]:
    members = document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    below = [place for key, member in members for place in places(member, f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}")]
    return [(pointer, document), *below]


@given(DOCUMENTS)
def test_every_place_is_found_by_its_pointer(document: Any) -> None:
    for pointer, value in places(document):
        assert paths.at(document, pointer) is value


@given(DOCUMENTS, st.lists(st.sampled_from(["*", "a", "0", "1", "²"]) | st.text(max_size=3), max_size=4).map("/".join))
def test_what_a_path_finds_stands_where_it_points(document: Any, path: str) -> None:
    for pointer, value in paths.resolve(document, path):
        assert paths.at(document, pointer) is value
