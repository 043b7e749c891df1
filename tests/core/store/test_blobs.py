"""Blobs are whole, named by their content, and checked when read."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope.store import BlobError, BlobStore, canonical


def test_bytes_come_back_by_their_hash(tmp_path: Path) -> None:
    store = BlobStore(tmp_path / "blobs")
    name = store.put(b"reply")
    assert name == hashlib.sha256(b"reply").hexdigest() == store.put(b"reply")
    assert store.get(name) == b"reply"
    assert name in store
    assert "0" * 64 not in store
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1, "nothing temporary is left"


def test_a_changed_missing_or_foreign_blob_is_an_error(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    name = store.put(b"reply")
    next(path for path in tmp_path.rglob(name)).write_bytes(b"other")
    with pytest.raises(BlobError, match="changed"):
        store.get(name)
    for wrong in ("0" * 64, "../../etc/passwd", ""):
        with pytest.raises(BlobError):
            store.get(wrong)


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        BlobStore(tmp_path).put(b"reply")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


LEAVES = st.none() | st.booleans() | st.integers() | st.text()
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


@given(JSON)
def test_documents_survive_and_equal_ones_have_one_name(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    store = BlobStore(tmp_path_factory.mktemp("blobs"))
    assert store.get_json(store.put_json(value)) == value  # type: ignore[arg-type]


def test_canonical_text_ignores_order_and_lone_surrogates() -> None:
    assert canonical({"b": 1, "a": [1, 2]}) == canonical({"a": [1, 2], "b": 1}) == '{"a":[1,2],"b":1}'
    assert canonical("\ud800") == '"?"'
