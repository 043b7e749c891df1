"""Addresses of a shared database: a file, and a real server. Run as a program it compares in one, so that it can be killed."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "core" / "comparison"))
from staged import Pretend, emulators, scenarios

from nephoscope.comparison.carrying import Carrier
from nephoscope.comparison.cell import Contestant, Plan
from nephoscope.comparison.measure import Measure
from nephoscope.comparison.running import Runner
from nephoscope.comparison.store import opened
from nephoscope.interfaces import Address, Database
from nephoscope.models import Budget
from nephoscope.settings import Settings
from nephoscope.store.file import FileStore
from nephoscope.store.team import Team

WHO = (Contestant(model="a:good", planner="llm"), Contestant(model="a:bad", planner="llm"), Contestant(planner="playbook"))
PLAN = Plan(suite="all", contestants=WHO, scenarios=tuple(scenarios(4)))


def open_database(url: str) -> Database:
    from nephoscope_store_postgres.store import PostgresStore

    return (FileStore() if url.startswith("sqlite") else PostgresStore()).open(Address(url))


@contextlib.contextmanager
def team(url: str, owner: str) -> Iterator[Team]:
    with contextlib.closing(open_database(url)) as database:
        yield Team(database, owner)


def compare(url: str, home: Path, log: Path, *, seconds: float = 0.0, budget: float | None = None, **more: Any) -> tuple[list[Measure], Runner]:
    """One machine's comparison: what was told as done, and who did it."""
    with team(url, home.name) as shared, opened(home / "c", team=shared) as store:
        store.begin(PLAN)
        (home / "begun").touch()
        settings = Settings(budget=Budget(usd=1.0))
        runner = Runner(store, PLAN, settings, Carrier(emulators(), Pretend(log, seconds=seconds)), budget=budget, **more)
        told = list(runner.run())
        assert len(store.done()) >= len(told)
        return told, runner


if __name__ == "__main__":
    compare(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), seconds=0.03)
