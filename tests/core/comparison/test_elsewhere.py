"""Cells that run out of reach of the store, by workers that are lost: the record is told before anything is paid, and nothing counts twice."""

from __future__ import annotations

import math
import pickle
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from nephoscope.comparison.carrying import Carrier
from nephoscope.comparison.cell import Contestant, Plan
from nephoscope.comparison.local import LocalEngine
from nephoscope.comparison.measure import Measure
from nephoscope.comparison.office import Office
from nephoscope.comparison.running import Runner
from nephoscope.comparison.store import opened
from nephoscope.interfaces import Crew, Do, Ended, Stopped, UsageError, WorkLost
from nephoscope.models import Budget
from nephoscope.settings import Settings
from nephoscope.store.mirrored import Copying, put
from nephoscope.store.run import RunStore
from nephoscope.testing.conformance import EngineSuite

sys.path.insert(0, str(Path(__file__).parent))
from staged import Pretend, emulators, scenarios

USD = 0.001
PLAN = Plan(
    suite="all", contestants=(Contestant(model="a:good", planner="llm"), Contestant(planner="playbook")), scenarios=tuple(scenarios(3))
)  # fmt: skip


class TestLocal(EngineSuite):
    subject = LocalEngine()


class Killed(BaseException):
    """A worker is gone in the middle of a request."""


class Mortal(Pretend):
    """Dies on the second request of each cell: before the provider hears of it or after, the first so many times."""

    def __init__(self, log: Path, *, heard: bool, deaths: int = 1) -> None:
        super().__init__(log, USD)
        self.heard, self.deaths, self.died = heard, deaths, Counter[str]()

    def _ask(self, record: RunStore, name: str) -> None:
        if name.endswith(".1") and self.died[name] < self.deaths:
            self.died[name] += 1
            self._seconds = 0.0
            keep, record.model_ended = record.model_ended, self._die  # type: ignore[method-assign]
            log, self._log = self._log, self._log if self.heard else Path("/dev/null")
            try:
                super()._ask(record, name)
            finally:
                record.model_ended, self._log = keep, log  # type: ignore[method-assign]
        super()._ask(record, name)

    def _die(self, *_: Any) -> None:
        raise Killed


class Elsewhere:
    """Out of reach: what is shared was pickled on its way. Whoever was lost is replaced twice."""

    name, here = "elsewhere", False

    def opened(self, shared: object, *, jobs: int, address: str) -> AbstractContextManager[Crew]:
        return nullcontext(_Workers(pickle.loads(pickle.dumps(shared))))


class _Workers:
    def __init__(self, shared: Any) -> None:
        self.shared = shared

    def run(self, do: Do, work: Mapping[str, Any]) -> Iterator[Ended]:
        for name, piece in work.items():
            yield self._once(do, name, pickle.loads(pickle.dumps(piece)))

    def _once(self, do: Do, name: str, piece: Any) -> Ended:
        for lost in range(3):
            try:
                return Ended(name, do(piece, _Gone(self.shared)), lost=lost)
            except Killed:
                continue
        return Ended(name, error=WorkLost("its worker was lost 3 times"), lost=3)


class _Gone:
    """Whoever is killed says nothing more."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def __getattr__(self, name: str) -> Any:
        return (lambda *_: None) if name == "ended" and isinstance(sys.exc_info()[1], Killed) else getattr(self._office, name)


def run(folder: Path, pretend: Pretend, **more: Any) -> tuple[list[Measure], Runner]:
    with opened(folder) as store:
        store.begin(PLAN)
        runner = Runner(store, PLAN, Settings(budget=Budget(usd=1.0)), Carrier(emulators(), pretend), **more)
        return list(runner.run()), runner


def plain(one: Measure) -> dict[str, Any]:
    return {**one.model_dump(exclude={"seconds", "run"}), "asking": one.asking.model_dump(exclude={"seconds", "lost_usd"})}


@pytest.mark.parametrize("heard", [True, False])
def test_a_lost_worker_is_replaced_and_answers_are_not_paid_twice(tmp_path: Path, heard: bool) -> None:
    pretend = Mortal(tmp_path / "paid", heard=heard)
    found, runner = run(tmp_path / "c", pretend, engine=Elsewhere(), budget=1.0)
    whole, _ = run(tmp_path / "whole", Pretend(tmp_path / "paid2", USD))
    assert {one.cell.key: plain(one) for one in found} == {one.cell.key: plain(one) for one in whole}
    paid = Counter(pretend.paid())
    assert {name: count for name, count in paid.items() if count > 1} == ({name: 2 for name in paid if name.endswith(".1")} if heard else {})
    assert runner.progress.usd == round(18 * USD, 9)
    assert runner.progress.lost == round(6 * USD, 9), "whether the provider heard of it, nobody knows: written off"
    assert round(math.fsum(one.asking.lost_usd for one in found), 9) == runner.progress.lost
    with opened(tmp_path / "c") as store, RunStoreOf(store.run_dir(found[0].cell)) as record:
        assert len(record.model_calls()) == 4, "the whole record is here"


def test_a_cell_whose_workers_are_always_lost_is_left_over_and_goes_on(tmp_path: Path) -> None:
    pretend = Mortal(tmp_path / "paid", heard=True, deaths=3)
    found, runner = run(tmp_path / "c", pretend, engine=Elsewhere(), budget=1.0)
    assert {one.cell.contestant.planner for one in found} == {"playbook"}
    assert (runner.progress.left, runner.trouble) == (6, "its worker was lost 3 times")
    assert (runner.progress.usd, runner.progress.lost) == (round(6 * USD, 9), round(18 * USD, 9))
    rest, runner = run(tmp_path / "c", pretend, budget=1.0)
    assert (len(rest), runner.progress.left) == (6, 0), "the other engine goes on with it"
    assert Counter(pretend.paid())[f"{rest[0].cell.key}.0"] == 1


class RunStoreOf:
    """A record, closed again."""

    def __init__(self, folder: Path) -> None:
        self._store = RunStore(folder, readonly=True)

    def __enter__(self) -> RunStore:
        return self._store

    def __exit__(self, *_: object) -> None:
        self._store.close()


def test_whoever_was_given_up_counts_no_more(tmp_path: Path) -> None:
    office = Office(tmp_path, budget=1.0, most=0.6)
    first = office.begin("k", True)
    assert first
    assert (first.turn, first.usd) == (1, 0.6)
    other = office.begin("other", True)
    assert other
    assert other.usd == pytest.approx(0.4), "what another has set aside is not given twice"
    third = office.begin("third", True)
    assert third
    assert third.later, "some of it may come back"
    second = office.begin("k", True)
    assert second
    assert (second.turn, second.usd) == (2, 0.6), "the first turn's money is free again"
    with pytest.raises(Stopped, match="another worker"):
        office.keep("k", first.turn, {"x": b"1"})
    office.keep("k", second.turn, {"x": b"2"})
    office.ended("k", first.turn)
    assert office.record("k") == {"x": b"2"}
    waiting = office.begin("third", True)
    assert waiting
    assert waiting.later, "who was given up sets nothing free"
    office.ended("k", second.turn)
    third = office.begin("third", True)
    assert third
    assert not third.later
    assert not office.spending().short
    office.request_stop()
    assert office.begin("fourth", False) is None
    office.close()


def test_a_folder_is_copied_as_it_is_at_one_moment(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    database = sqlite3.connect(here / "run.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE t (x)")
    database.execute("INSERT INTO t VALUES (1)")
    (here / "lock").touch()
    (here / "blobs").mkdir()
    (here / "blobs" / "a").write_bytes(b"a")
    copying = Copying(here)
    first = copying.changed()
    assert sorted(first) == ["blobs/a", "run.db"], "no lock, and what is in the write-ahead log is in the copy"
    put(there, first)
    assert copying.changed() == {}
    database.execute("INSERT INTO t VALUES (2)")
    second = copying.changed()
    assert list(second) == ["run.db"]
    reader = sqlite3.connect(there / "run.db")
    assert reader.execute("SELECT count(*) FROM t").fetchone() == (1,)
    reader.close()
    put(there, second)
    assert sqlite3.connect(there / "run.db").execute("SELECT count(*) FROM t").fetchone() == (2,)
    with pytest.raises(ValueError, match="leads out"):
        put(there, {"../out": b""})


def test_an_engine_that_is_not_installed_is_said_with_what_to_install(tmp_path: Path) -> None:
    from nephoscope.comparing import Comparing, Wish
    from nephoscope.plugin.manager import load_plugins

    with pytest.raises(UsageError, match="no engine 'ray'") as error:
        Comparing(Settings(home=tmp_path), load_plugins(allowed=())).compare(Wish(engine="ray"))
    assert "engines: local" in error.value.hint
    assert "nephoscope[ray]" in error.value.hint
