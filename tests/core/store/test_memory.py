"""What is remembered is kept whole, found by whose it is, and forgotten when told, or in time."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nephoscope.interfaces import UsageError
from nephoscope.models import Edge, Identity, Outcome, Remembered, ResourceRef
from nephoscope.store.memory import FILE, Lesson, Memory, Which

ANN = Identity(cloud="brook", account="1", principal="ann", regions=())
BOB = Identity(cloud="brook", account="1", principal="bob", regions=())


def ref(name: str) -> ResourceRef:
    return ResourceRef(cloud="brook", kind="storage.object_store", native_type="ponds:pond", native_id=f"pond/{name}", account="1", name=name)


def seen(name: str, attribute: str = "exists", value: object = True, days: float = 0.0, run: str = "r-1", absent: bool = False) -> Remembered:
    at = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    return Remembered(principal="ann", subject=ref(name), attribute=attribute, value=value, absent=absent, observed_at=at, run=run)


def test_each_identity_has_its_own(tmp_path: Path) -> None:
    memory = Memory(tmp_path, days=30)
    memory.keep(
        ANN, "r-1", Lesson([seen("deep"), seen("deep", "weir", "shut")], (), [Outcome(cause="c", subject=ref("deep").key, run="r-1", at="x")])
    )
    assert [one.subject.name for one in memory.things(ANN)] == ["deep"]
    assert memory.things(BOB) == [] == memory.outcomes(BOB)
    assert [one.cause for one in memory.outcomes(ANN)] == ["c"]
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_what_is_gone_or_old_is_not_proposed(tmp_path: Path) -> None:
    memory = Memory(tmp_path, days=30)
    memory.keep(ANN, "r-1", Lesson([seen("gone", value=None, absent=True), seen("gone", "weir", "shut"), seen("deep", days=29)]))
    assert [one.subject.name for one in memory.things(ANN)] == ["deep"]
    assert Memory(tmp_path, days=28).things(ANN) == []
    Memory(tmp_path, days=28).keep(ANN, "r-2", Lesson([seen("new")]))
    assert {one.subject.name for _, one in memory.facts(Which())} == {"gone", "new"}


def test_filters_and_forgetting(tmp_path: Path) -> None:
    memory = Memory(tmp_path, days=30)
    edge = Edge(source=ref("deep").key, relation="feeds", target=ref("flat").key)
    memory.keep(ANN, "r-1", Lesson([seen("deep"), seen("flat", days=5), seen("deep", "weir", "shut", run="r-2")], [edge], (), ["stranger"]))
    assert len(memory.facts(Which(resource="DEEP"))) == 2
    assert [one.subject.name for _, one in memory.facts(Which(older=4.0))] == ["flat"]
    assert len(memory.facts(Which(newer=4.0, kind="storage.object_store", account="1"))) == 2
    assert memory.facts(Which(account="2")) == [] == memory.facts(Which(kind="ponds:fish"))
    assert memory.edges(ref("flat").key) == [edge]
    assert memory.strangers(ANN) == ["stranger"]
    assert memory.forget_runs(["r-2", "r-9"]) == 1
    assert memory.forget(Which(resource="deep")) == 1
    assert memory.forget(Which()) == 1
    assert memory.edges(ref("flat").key) == [] == memory.facts(Which())


def test_nothing_is_half_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up, or a kill, in the middle of it: what was there before is there after."""
    memory = Memory(tmp_path, days=30)
    memory.keep(ANN, "r-1", Lesson([seen("deep")]))
    broken = Edge(source="a", relation="b", target="c").model_copy(update={"target": None})
    with pytest.raises((UsageError, sqlite3.Error)):
        memory.keep(ANN, "r-2", Lesson([seen("other")], [broken]))
    assert [one.subject.name for one in memory.things(ANN)] == ["deep"]
    (tmp_path / FILE).write_bytes(b"this is no database, and it is long enough to be seen as none" * 100)
    with pytest.raises(UsageError):
        memory.things(ANN)
