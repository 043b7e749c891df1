"""A table that cannot be read names the file, whatever is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from nephoscope.interfaces import UsageError
from nephoscope.knowledge.table_format import load_table, load_tables


@pytest.mark.parametrize(
    "text",
    [
        "",
        "just words",
        "[a, list]",
        "service: [x",
        "operations: {}",
        "service: ponds\ntypes: [a, list]",
        "service: ponds\ntypes: {t: words}",
        "service: ponds\ntypes: {t: {nouns: [x]}}",
        "service: ponds\noperations: [a, list]",
        "service: ponds\noperations: {Op: {itmes: typo}}",
        "service: ponds\noperations: {Op: {ask: {about: x, parms: {}}}}",
        "service: ponds\noperations: {Op: {attributes: {a: [path]}}}",
        "service: ponds\npermissions: {Op: [x]}",
        b"service: p\xff\xfe",
    ],
)
def test_bad_tables_are_named(tmp_path: Path, text: str | bytes) -> None:
    path = tmp_path / "ponds.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError, match=r"ponds\.yaml"):
        load_table(path)


def test_tables_load_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.yaml").write_text(f"service: {name}")
    assert [table.service for table in load_tables(tmp_path)] == ["a", "b"]


def test_short_forms(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("service: a\noperations: {Op: {ask: {about: t}, attributes: {x: X/Y}}, Bare: }")
    operation, bare = load_table(tmp_path / "a.yaml").operations
    assert (operation.ask[0].about, operation.attributes["x"].path) == ("t", "X/Y")
    assert bare.ask == ()
