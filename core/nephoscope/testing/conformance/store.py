"""Suite for stores: databases that several machines share, and what core keeps in them."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from nephoscope.interfaces import Address, Database, NephoscopeError, Statement, Stopped, Store, UsageError
from nephoscope.models import Edge, Identity, Remembered, ResourceRef
from nephoscope.store import schema
from nephoscope.store.memory import Lesson, Memory, Which
from nephoscope.store.rows import Content
from nephoscope.store.schema import STEPS, version_of
from nephoscope.store.team import Team
from nephoscope.testing.conformance.base import Suite

_TABLE = "CREATE TABLE things (name TEXT PRIMARY KEY, size BIGINT, data BYTEA, weight DOUBLE PRECISION)"
_PUT = "INSERT INTO things VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET size = excluded.size"


class StoreSuite(Suite):
    """``address``: of an empty database; override the fixture. ``nowhere``: addresses that are none, each with the error that is raised."""

    interface = Store
    subject: Store
    nowhere: tuple[tuple[Address, type[NephoscopeError]], ...] = ()

    @pytest.fixture
    def address(self) -> Address:
        """Where an empty database is."""
        raise NotImplementedError

    @pytest.fixture
    def database(self, address: Address) -> Iterator[Database]:
        """It, open."""
        with closing(self.subject.open(address)) as found:
            yield found

    @pytest.fixture
    def other(self, address: Address) -> Iterator[Database]:
        """The same, open a second time, as by another machine."""
        with closing(self.subject.open(address)) as found:
            yield found

    def test_values_come_back_as_they_were(self, database: Database, other: Database) -> None:
        """Text, whole numbers, fractions, bytes and nothing; whoever looks."""
        odd = 'ünder "quotes" \\ % ? \u2028 \U0001f300'
        assert not database.has("things")
        rows = (("a", 2**40, bytes(range(256)), 0.1), (odd, None, None, None))
        assert database.write([Statement(_TABLE), Statement(_PUT, rows), Statement(_PUT, (("a", -1, b"", 0.0),))])
        assert database.has("things")
        found = other.rows("SELECT * FROM things WHERE name <> ? ORDER BY name", ("z",))
        assert {row["name"]: (row["size"], row["data"] and bytes(row["data"]), row["weight"]) for row in found} == {
            "a": (-1, bytes(range(256)), 0.1),
            odd: (None, None, None),
        }

    def test_what_is_written_together_is_there_whole_or_not_at_all(self, database: Database) -> None:
        """Also where a guard says no."""
        database.write([Statement(_TABLE)])
        with pytest.raises(UsageError):
            database.write([Statement(_PUT, (("a", 1, None, None),)), Statement("INSERT INTO nothing VALUES (1)")])
        no = Statement("UPDATE things SET size = 2 WHERE name = ?", (("missing",),))
        assert not database.write([Statement(_PUT, (("b", 1, None, None),))], guard=no)
        assert list(database.rows("SELECT * FROM things")) == []
        assert database.write([Statement(_PUT, (("b", 1, None, None),))])
        assert database.write([], guard=Statement("UPDATE things SET size = 2 WHERE name = ?", (("b",),)))

    def test_a_name_is_held_by_one(self, database: Database, other: Database) -> None:
        """Until it lets go, or its connection is gone."""
        assert database.hold("one")
        assert not database.hold("one")
        assert not other.hold("one")
        assert other.held(["one", "two"]) == {"one"}
        database.let_go("one")
        assert other.hold("one")
        database.let_go("one")
        assert not database.hold("one")
        other.close()
        assert database.hold("one")

    def test_it_can_be_sent_to_another_process(self, database: Database, other: Database) -> None:
        """An address, not a connection, and nothing that is held."""
        database.write([Statement(_TABLE), Statement(_PUT, (("a", 1, None, None),))])
        assert database.hold("one")
        with closing(pickle.loads(pickle.dumps(database))) as copy:  # noqa: S301 - our own
            assert copy.rows("SELECT size FROM things")[0]["size"] == 1
            assert not copy.hold("one")

    def test_checkpoints_are_langgraphs_own(self, database: Database, other: Database) -> None:
        """Made by its saver, each after what must come before it, and seen by whoever goes on elsewhere."""
        from langgraph.graph import END, START, StateGraph

        def count(state: dict[str, int]) -> dict[str, int]:
            return {"n": state["n"] + 1}

        graph: Any = StateGraph(dict)
        graph.add_node("count", count)
        graph.add_edge(START, "count")
        graph.add_edge("count", END)
        told: list[int] = []
        config = {"configurable": {"thread_id": "r-1/1"}}
        with database.checkpointer(lambda: told.append(1)) as saver:
            graph.compile(checkpointer=saver).invoke({"n": 1}, config, durability="sync")
        assert told
        with other.checkpointer(lambda: None) as saver:
            assert graph.compile(checkpointer=saver).get_state(config).values == {"n": 2}

    def test_tables_are_made_once_and_a_newer_version_is_refused(self, database: Database, other: Database) -> None:
        """Whoever comes first makes them."""
        Team(database), Team(other)
        assert version_of(other) == len(STEPS)
        database.write([Statement("UPDATE schema_version SET version = ?", ((99,),))])
        with pytest.raises(UsageError, match="newer version"):
            Team(other)

    def test_later_versions_add_to_what_is_there(self, database: Database, other: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        """A step is done whole or not at all, and what was kept is kept."""
        Team(database).cells("c").keep("a", "kept")
        monkeypatch.setattr(schema, "STEPS", (*STEPS, ("ALTER TABLE cells ADD COLUMN note TEXT", "CREATE TABLE cells (key TEXT)")))
        with pytest.raises(UsageError):
            Team(other)
        monkeypatch.setattr(schema, "STEPS", (*STEPS, ("ALTER TABLE cells ADD COLUMN note TEXT",)))
        assert Team(other).cells("c").done() == {"a": "kept"}
        assert version_of(database) == len(STEPS) + 1
        assert [row["note"] for row in database.rows("SELECT note FROM cells")] == [None]

    def test_whoever_comes_first_makes_the_tables(self, address: Address) -> None:
        """However many come at once."""

        def come(_: int) -> int:
            with closing(self.subject.open(address)) as mine:
                return version_of(Team(mine).database)

        with ThreadPoolExecutor(6) as pool:
            assert list(pool.map(come, range(6))) == [len(STEPS)] * 6

    def test_a_cell_is_done_once(self, database: Database, other: Database) -> None:
        """The first word holds, in each comparison for itself."""
        mine, yours, another = Team(database).cells("c1"), Team(other).cells("c1"), Team(other).cells("c2")
        assert (mine.started_at, mine.ended_at, mine.done()) == ("", "", {})
        mine.begin("plan")
        begun = mine.started_at
        yours.begin("another plan")
        mine.keep("a", "first")
        yours.keep("a", "second")
        yours.keep("b", "third")
        assert mine.done() == {"a": "first", "b": "third"}
        assert mine.started_at == begun == yours.started_at
        assert yours.ended_at >= begun
        assert another.done() == {}
        another.begin("plan")
        mine.forget()
        assert (mine.done(), mine.started_at) == ({}, "")
        assert another.started_at

    def test_a_run_has_one_writer_at_a_time(self, database: Database, other: Database) -> None:
        """Whoever has had a turn and comes back after somebody else writes nothing any more."""
        mine, yours = Team(database, "ann").records, Team(other, "bob").records
        assert mine.hold("r-1")
        first = mine.begin("r-1").turn
        mine.put("r-1", first, _content("planned"), "begun")
        assert not yours.hold("r-1")
        [entry] = yours.listed("r-")
        assert (entry.id, entry.owner, entry.turn, entry.summary, entry.running) == ("r-1", "ann", first, "begun", True)
        mine.let_go("r-1")
        assert yours.hold("r-1")
        second = yours.begin("r-1").turn
        yours.put("r-1", second, _content("done"))
        with pytest.raises(Stopped):
            mine.put("r-1", first, _content("late"))
        assert second > first
        found = mine.get("r-1")
        assert [row["status"] for row in found.tables["run_steps"]] == ["done"]
        assert found.blobs == {"0" * 64: b"\x00\xff"}
        assert found.documents == {"report.json": "{}"}
        entry = mine.listed("r-")[0]
        assert (entry.owner, entry.summary) == ("ann", "begun")

    def test_what_is_taken_away_is_gone(self, database: Database, other: Database) -> None:
        """But not what somebody works on."""
        mine, yours = Team(database, "ann").records, Team(other, "bob").records
        mine.hold("r-1")
        turn = mine.begin("r-1").turn
        mine.put("r-1", turn, _content("planned"))
        with pytest.raises(UsageError, match="ann"):
            yours.remove(["r-1"])
        mine.let_go("r-1")
        yours.remove(["r-1", "r-2"])
        assert yours.listed() == []
        assert not any(yours.get("r-1").tables.values())
        with pytest.raises(Stopped):
            mine.put("r-1", turn, _content("late"))

    def test_money_of_others_counts_while_they_have_it(self, database: Database, other: Database) -> None:
        """What they spent, what was written off, and what they set aside as long as they are there."""
        mine, yours = Team(database).records, Team(other).records
        for name, records in (("c/a", mine), ("c/b", yours), ("d/a", yours)):
            records.hold(name)
            turn = records.begin(name, reserved=1.0).turn
            records.put(name, turn, _paid(0.25, "a price"))
            records.put(name, turn, _paid(0.5, "free", seq=2))
        assert mine.committed("c/", ["c/a"], "free", "lost_usd") == pytest.approx(0.25 + 0.125 + 1.0)
        other.close()
        assert mine.committed("c/", ["c/a"], "free", "lost_usd") == pytest.approx(0.25 + 0.125)
        assert mine.committed("c/", [], "free", "lost_usd") == pytest.approx(2 * (0.25 + 0.125) + 1.0)
        mine.reserve("c/a", 0.0)
        assert mine.committed("c/", [], "free", "lost_usd") == pytest.approx(2 * (0.25 + 0.125))

    def test_what_runs_remember_is_each_identitys_own(self, database: Database, other: Database, tmp_path: Path) -> None:
        """What was seen last counts, whoever writes last; names are found whatever is in them."""
        Team(database), Team(other)
        mine, yours = Memory(tmp_path / "a", 30, database), Memory(tmp_path / "b", 1, other)
        ann, bob = _who("ann"), _who("bob")
        mine.keep(ann, "r-1", Lesson([_seen("Deep_100%", 2), _seen("deepx100y", 2)], [Edge(source="a", relation="feeds", target="b")], (), ["word"]))
        yours.keep(ann, "r-2", Lesson([_seen("Deep_100%", 1, days=2), _seen("flat", 3, days=0.1)]))
        yours.keep(bob, "r-3", Lesson([_seen("deeper", 4)]))
        assert {(one.subject.name, one.value, one.run) for one in mine.things(ann)} == {
            ("Deep_100%", 2, "r-1"), ("deepx100y", 2, "r-1"), ("flat", 3, "r-2"),
        }  # fmt: skip
        assert [one.subject.name for one in mine.things(bob)] == ["deeper"]
        assert mine.strangers(ann) == ["word"]
        assert {one.subject.name for _, one in yours.facts(Which(resource="EEP_100%"))} == {"Deep_100%"}
        assert {one.subject.name for _, one in yours.facts(Which(kind="ponds:pond", account="4711", newer=0.05))} == {
            "Deep_100%",
            "deepx100y",
            "deeper",
        }
        assert mine.forget(Which(resource="eep_100%")) == 1
        assert mine.forget_runs(["r-1", "r-9"]) == 1
        assert {one.subject.name for _, one in yours.facts(Which())} == {"flat", "deeper"}
        assert not (tmp_path / "a").exists()

    def test_an_address_where_nobody_is_is_said(self) -> None:
        """With what to do, and without a password."""
        for address, kind in self.nowhere:
            with pytest.raises(kind) as raised:
                self.subject.open(address)
            told = raised.value.message + raised.value.hint + repr(address)
            assert raised.value.hint
            assert "s3cret" not in told, told


def _who(principal: str) -> Identity:
    return Identity(cloud="brook", account="4711", principal=principal, regions=())


def _seen(name: str, value: int, days: float = 0.0) -> Remembered:
    ref = ResourceRef(cloud="brook", kind="storage.object_store", native_type="ponds:pond", native_id=f"pond/{name}", account="4711", name=name)
    at = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Remembered(principal="", subject=ref, attribute="depth", value=value, observed_at=at, run={2: "r-1", 4: "r-3"}.get(value, "r-2"))


def _content(status: str) -> Content:
    step: dict[str, str | int | float | None] = {"step": 1, "body": "{}", "status": status, "planned_at": "t", "seconds": 0.5}
    return Content({"run_steps": [step]}, {"0" * 64: b"\x00\xff"}, {"report.json": "{}"})


def _paid(usd: float, price: str, seq: int = 1) -> Content:
    call: dict[str, Any] = dict.fromkeys(("request", "role", "prompt", "model", "error", "usage", "sent_at"), "x")
    row = {"seq": seq, **call, "reply": None, "estimated": 0, "usd": usd, "price": price, "seconds": 0.0}
    return Content({"run_model_calls": [row], "run_meta": [{"key": "lost_usd", "value": "0.125"}]})
