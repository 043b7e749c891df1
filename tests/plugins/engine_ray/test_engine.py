"""Cells on a real Ray cluster of several nodes, one of which is killed in mid-run: none is lost, none counts twice, nothing is paid twice."""

from __future__ import annotations

import math
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray", reason="Ray is not installed here: pip install 'nephoscope[ray]'; it has no wheels for every version of Python")

sys.path.insert(0, str(Path(__file__).parents[2] / "core" / "comparison"))
import staged
from staged import Pretend, emulators, scenarios

from nephoscope.comparison.carrying import Carrier
from nephoscope.comparison.cell import Contestant, Plan
from nephoscope.comparison.measure import Measure
from nephoscope.comparison.running import Runner
from nephoscope.comparison.store import opened
from nephoscope.interfaces import UsageError, WorkLost
from nephoscope.models import Budget
from nephoscope.settings import Settings
from nephoscope.testing.conformance import EngineSuite
from nephoscope.testing.conformance import engine as suite
from nephoscope_engine_ray.engine import RayEngine

GOOD, BAD, FLOOR = Contestant(model="a:good", planner="llm"), Contestant(model="a:bad", planner="llm"), Contestant(planner="playbook")
USD = 0.001

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module", autouse=True)
def _by_value() -> None:
    """Workers cannot import these tests."""
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(staged)
    cloudpickle.register_pickle_by_value(suite)
    cloudpickle.register_pickle_by_value(sys.modules[__name__])


@pytest.fixture(scope="module", autouse=True)
def worker(nodes: Any) -> Any:
    return nodes.add()


class TestRay(EngineSuite):
    subject = RayEngine()
    nowhere = "127.0.0.1:9"

    @pytest.fixture(autouse=True)
    def _on(self, nodes: Any) -> None:
        self.address = nodes.address


def run(folder: Path, pretend: Pretend, plan: Plan, **more: Any) -> tuple[list[Measure], Runner]:
    with opened(folder) as store:
        store.begin(plan)
        runner = Runner(store, plan, Settings(budget=Budget(usd=1.0)), Carrier(emulators(), pretend), **more)
        return list(runner.run()), runner


def plain(one: Measure) -> dict[str, Any]:
    return {**one.model_dump(exclude={"seconds", "run"}), "asking": one.asking.model_dump(exclude={"seconds", "lost_usd"})}


def test_a_node_that_is_killed_loses_no_cell_and_no_cell_counts_twice(nodes: Any, tmp_path: Path) -> None:
    plan = Plan(suite="all", contestants=(GOOD, BAD, FLOOR), scenarios=tuple(scenarios(6)))
    pretend = Pretend(tmp_path / "paid", usd=USD, seconds=0.15)
    doomed = nodes.add()

    def kill() -> None:
        while len(pretend.paid()) < 20:
            time.sleep(0.02)
        nodes.kill(doomed)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    found, runner = run(tmp_path / "c", pretend, plan, engine=RayEngine(), address=nodes.address, budget=10.0)
    killer.join(60)
    assert sorted(one.cell.key for one in found) == sorted(cell.key for cell in plan.cells())
    assert (runner.progress.left, runner.trouble, runner.short) == (0, "", False)
    whole, _ = run(tmp_path / "whole", Pretend(tmp_path / "paid2", usd=USD), plan)
    assert {one.cell.key: plain(one) for one in found} == {one.cell.key: plain(one) for one in whole}, "as on one machine, undisturbed"
    paid = Counter(pretend.paid())
    again = sum(paid.values()) - len(paid)
    assert len(paid) == 24 * 3
    assert again <= 2, "only what was on its way on the two CPUs of that node"
    usd = math.fsum(one.asking.usd for one in found)
    assert round(usd, 9) == round(72 * USD, 9) == runner.progress.usd
    assert again * USD - 1e-9 <= runner.progress.lost <= 2 * USD + 1e-9, "written off, and no more than that"
    assert round(math.fsum(one.asking.lost_usd for one in found), 9) == runner.progress.lost
    rest, _ = run(tmp_path / "c", pretend, plan, engine=RayEngine(), address=nodes.address)
    assert rest == [], "what is done is not done again"


@pytest.mark.soak
def test_the_budget_is_one_for_all_nodes_and_more_goes_on(nodes: Any, tmp_path: Path) -> None:
    plan = Plan(suite="all", contestants=(GOOD,), scenarios=tuple(scenarios(4)))
    pretend = Pretend(tmp_path / "paid", usd=USD)
    some, runner = run(tmp_path / "c", pretend, plan, engine=RayEngine(), address=nodes.address, budget=4 * USD, jobs=1)
    assert (len(some), runner.short) == (2, True), "3 requests a cell: the second begins with what is left, no third"
    rest, runner = run(tmp_path / "c", pretend, plan, engine=RayEngine(), address=nodes.address, budget=1.0)
    assert (len(some) + len(rest), runner.progress.left) == (8, 0)
    assert set(Counter(pretend.paid()).values()) == {1}


@pytest.mark.soak
def test_a_worker_that_is_lost_again_and_again_is_told(nodes: Any) -> None:
    class Dies:
        def __call__(self, piece: int, shared: Any) -> int:
            import os

            if piece == 1:
                os._exit(1)
            return piece

    with RayEngine().opened(suite.Counter(), jobs=2, address=nodes.address) as crew:
        ended = {one.name: one for one in crew.run(Dies(), {"a": 0, "b": 1, "c": 2})}
    assert isinstance(ended["b"].error, WorkLost)
    assert "6 times" in str(ended["b"].error)
    assert (ended["a"].result, ended["c"].result, ended["c"].lost) == (0, 2, 0)


def test_an_address_that_is_none_is_said() -> None:
    with pytest.raises(UsageError, match="is no address") as error, RayEngine().opened(object(), jobs=1, address="ray://somewhere:1"):
        pass
    assert "on a machine of the cluster" in error.value.hint
