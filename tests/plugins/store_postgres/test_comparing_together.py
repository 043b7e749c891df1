"""One comparison on several machines, over a file and over a real server: each cell once, nothing paid for twice, one budget."""

from __future__ import annotations

import math
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from server import PASSWORD, Server
from teamwork import PLAN, compare, team

from nephoscope.comparison.running import Runner
from nephoscope.comparison.store import opened
from nephoscope.interfaces import Do, Ended, StoreLost, UsageError

CELLS = len(PLAN.cells())


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite://{tmp_path}/team.db"
    return str(request.getfixturevalue("server").database())


def machine(folder: Path, name: str) -> Path:
    home = folder / name
    home.mkdir()
    return home


def billed(*logs: Path) -> Counter[str]:
    return Counter(word for log in logs if log.exists() for word in log.read_text().split())


def test_two_machines_share_the_cells(url: str, tmp_path: Path) -> None:
    homes = [machine(tmp_path, name) for name in ("ann", "bob")]
    found: dict[str, tuple[int, int, float]] = {}

    def work(home: Path) -> None:
        told, runner = compare(url, home, tmp_path / f"{home.name}.paid", seconds=0.05)
        before = runner.progress.planned - len({one.cell.key for one in told})  # the other may have begun first
        found[home.name] = runner.progress.done, runner.progress.here, runner.progress.usd
        assert runner.progress.left == 0
        assert before or runner.progress.usd == pytest.approx(math.fsum(one.asking.usd for one in told))

    threads = [threading.Thread(target=work, args=(home,)) for home in homes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert {name: done for name, (done, _, _) in found.items()} == {"ann": CELLS, "bob": CELLS}, "both see the whole"
    assert found["ann"][2] == pytest.approx(found["bob"][2]), "and the same bill"
    assert sum(here for _, here, _ in found.values()) == CELLS, "each cell was done by one of them"
    assert all(here for _, here, _ in found.values())
    bill = billed(tmp_path / "ann.paid", tmp_path / "bob.paid")
    assert set(bill.values()) == {1}
    assert len(bill) == 3 * sum(bool(cell.contestant.model) for cell in PLAN.cells())


def test_what_one_did_is_there_for_the_other(url: str, tmp_path: Path) -> None:
    ann, bob = machine(tmp_path, "ann"), machine(tmp_path, "bob")
    compare(url, ann, tmp_path / "paid")
    told, runner = compare(url, bob, tmp_path / "paid")
    assert (told, runner.progress.done) == ([], CELLS)
    assert set(billed(tmp_path / "paid").values()) == {1}
    with team(url, "bob") as shared, opened(bob / "c", team=shared) as store:
        assert store.shelf
        store.shelf.bring(store.done())
        reports = list(bob.glob("c/cells/*/runs/*/report.json"))
        assert len(reports) == CELLS
        assert sorted(path.read_text() for path in reports) == sorted(path.read_text() for path in ann.glob("c/cells/*/runs/*/report.json"))


def test_one_budget_for_all(url: str, tmp_path: Path) -> None:
    """Each cell of a model costs 0.003: of eight, so much money pays for four, whoever does them."""
    ann, bob = machine(tmp_path, "ann"), machine(tmp_path, "bob")
    _, first = compare(url, ann, tmp_path / "paid", budget=0.006)
    spent = first.progress.usd
    _, second = compare(url, bob, tmp_path / "paid", budget=0.012)
    assert first.short and second.short
    assert spent <= 0.006 + 0.003
    assert second.progress.usd <= 0.012 + 0.003
    assert second.progress.usd > spent
    assert set(billed(tmp_path / "paid").values()) == {1}


def test_begun_anew_nothing_old_counts(url: str, tmp_path: Path) -> None:
    """Nor what another machine still has of it."""
    ann, bob, log = machine(tmp_path, "ann"), machine(tmp_path, "bob"), tmp_path / "paid"
    compare(url, ann, log)
    with team(url, "ann") as mine, opened(ann / "c", fresh=True, team=mine):
        pass
    compare(url, bob, log)
    with team(url, "bob") as yours, opened(bob / "c", fresh=True, team=yours):
        pass
    _, runner = compare(url, ann, log, budget=0.006)
    assert runner.short
    compare(url, bob, log)
    assert set(billed(log).values()) == {3}


def test_fresh_waits_for_whoever_is_at_it(url: str, tmp_path: Path) -> None:
    ann, bob = machine(tmp_path, "ann"), machine(tmp_path, "bob")
    with team(url, "ann") as mine, opened(ann / "c", team=mine) as store, team(url, "bob") as yours:
        store.begin(PLAN)
        assert store.shelf
        assert store.shelf.claim(PLAN.cells()[0].key)
        with pytest.raises(UsageError, match="ann"), opened(bob / "c", fresh=True, team=yours):
            pass
        store.shelf.leave(PLAN.cells()[0].key)
        with opened(bob / "c", fresh=True, team=yours) as anew:
            assert anew.done() == {}
            assert anew.started_at == ""


def test_a_machine_that_is_killed_loses_no_cell(url: str, tmp_path: Path) -> None:
    """Killed anywhere, and finished by another machine: the same as if nothing had been. Only what was under way may be asked once more."""
    chance = random.Random(7)
    killed = machine(tmp_path, "ann")
    log = tmp_path / "paid"
    for _ in range(3):
        (killed / "begun").unlink(missing_ok=True)
        process = subprocess.Popen([sys.executable, str(Path(__file__).parent / "teamwork.py"), url, str(killed), str(log)], start_new_session=True)
        deadline = time.monotonic() + 60
        while not (killed / "begun").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(chance.uniform(0.05, 0.4))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)
    _, runner = compare(url, machine(tmp_path, "bob"), log)
    assert runner.progress.done == CELLS
    _, undisturbed = compare(f"sqlite://{tmp_path}/other.db", machine(tmp_path, "eve"), tmp_path / "other")
    bill = billed(log)
    assert set(bill) == set(billed(tmp_path / "other"))
    assert sum(bill.values()) - len(bill) <= 3 * 2, "two cells at a time, three kills"
    assert undisturbed.progress.usd + 1e-9 >= runner.progress.usd
    assert runner.progress.usd + runner.progress.lost >= undisturbed.progress.usd - 1e-9


class Elsewhere:
    """Out of reach: what is shared was pickled on its way, as to an actor of a cluster."""

    name, here = "elsewhere", False

    def opened(self, shared: object, *, jobs: int, address: str) -> Any:
        return nullcontext(_Workers(pickle.loads(pickle.dumps(shared))))


class _Workers:
    def __init__(self, shared: Any) -> None:
        self.shared = shared

    def run(self, do: Do, work: Mapping[str, Any]) -> Iterator[Ended]:
        for name, piece in work.items():
            yield Ended(name, do(pickle.loads(pickle.dumps(piece)), self.shared))


def test_workers_of_a_cluster_share_as_well(url: str, tmp_path: Path) -> None:
    """What is paid for out of reach is in the database before it leaves, through the machine that asked."""
    ann, bob = machine(tmp_path, "ann"), machine(tmp_path, "bob")
    told, runner = compare(url, ann, tmp_path / "paid", engine=Elsewhere())
    assert len(told) == CELLS
    with team(url, "bob") as shared:
        entries = shared.records.listed("c/")
        assert len(entries) == CELLS
        assert not any(entry.running for entry in entries)
        paid = shared.database.rows("SELECT count(*) AS number FROM run_model_calls WHERE reply IS NOT NULL")[0]["number"]
        assert paid == sum(billed(tmp_path / "paid").values())
    again, other = compare(url, bob, tmp_path / "paid", engine=Elsewhere())
    assert (again, other.progress.usd) == ([], pytest.approx(runner.progress.usd))


def test_a_server_that_restarts_costs_nothing(server: Server, tmp_path: Path) -> None:
    """What is under way waits for it, holds what it held, and asks nobody twice."""
    found: list[Runner] = []
    url = server.database()
    home = machine(tmp_path, "ann")
    thread = threading.Thread(target=lambda: found.append(compare(url, home, tmp_path / "paid", seconds=0.05)[1]))
    thread.start()
    wait_for(lambda: sum(billed(tmp_path / "paid").values()) > 3)
    server.stop()
    time.sleep(1.0)
    server.start()
    thread.join(120)
    assert [(one.progress.here, one.progress.left) for one in found] == [(CELLS, 0)]
    assert set(billed(tmp_path / "paid").values()) == {1}


def test_without_its_database_a_comparison_stops_and_goes_on_later(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nephoscope_store_postgres.database.PATIENCE", 1.0)
    url = server.database()
    home = machine(tmp_path, "ann")
    errors: list[BaseException] = []

    def work() -> None:
        try:
            compare(url, home, tmp_path / "paid", seconds=0.05)
        except StoreLost as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_for(lambda: sum(billed(tmp_path / "paid").values()) > 3)
    server.stop()
    thread.join(120)
    bill = billed(tmp_path / "paid")
    server.start()
    assert len(errors) == 1
    assert "does not answer" in str(errors[0])
    assert PASSWORD not in f"{errors[0]!r} {errors[0].__cause__!r}"
    assert sum(bill.values()) < 24, "it stopped"
    _, runner = compare(url, home, tmp_path / "paid")
    assert runner.progress.left == 0
    assert set(billed(tmp_path / "paid").values()) == {1}, "the replies that could not be told were kept here"


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)
