"""Goes through the cells of a comparison, a few at a time, within its budget; what is done already is not done again."""

from __future__ import annotations

import contextlib
import json
import math
import queue
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pydantic import ValidationError

from nephoscope.comparison.cell import Cell, Contestant, Plan
from nephoscope.comparison.measure import Asking, Measure, measured, spent
from nephoscope.comparison.scenario import Scenario
from nephoscope.comparison.store import ComparisonStore
from nephoscope.comparison.trial import run_trial
from nephoscope.interfaces import Emulator, UsageError
from nephoscope.models import Json, Scope
from nephoscope.models.report import Report
from nephoscope.settings import Settings
from nephoscope.store.run import RunStore

REPORT = "report.json"
_UNFINISHED = ("interrupted", "waiting")


class Troubleshoot(Protocol):
    """Investigates words in an emulator's scope and leaves its record in a folder; where that holds a beginning, it goes on with it."""

    def __call__(self, settings: Settings, run_dir: Path, words: str, scope: Scope, cell: Cell) -> Report: ...


@dataclass
class Progress:
    """How far a comparison is. ``usd`` is what was spent on models, ``lost`` what may have been besides, on requests a kill cut off."""

    planned: int
    done: int = 0
    usd: float = 0.0
    lost: float = 0.0
    begun: float = field(default_factory=time.monotonic)
    here: int = 0
    """Cells done by this process."""

    @property
    def left(self) -> int:
        return self.planned - self.done

    @property
    def seconds_left(self) -> float | None:
        """About so long it takes to finish; ``None`` while nobody can tell."""
        return (time.monotonic() - self.begun) / self.here * self.left if self.here else None

    @property
    def usd_left(self) -> float | None:
        """About so many dollars it takes to finish."""
        return self.usd / self.done * self.left if self.done else None


class Runner:
    """``budget``: dollars for all models of the comparison together; ``None``: only what each run may spend is limited."""

    def __init__(
        self,
        store: ComparisonStore,
        plan: Plan,
        settings: Settings,
        emulators: Mapping[str, Emulator],
        troubleshoot: Troubleshoot,
        *,
        budget: float | None = None,
        jobs: int = 2,
    ) -> None:
        self._store = store
        self._plan = plan
        self._settings = settings
        self._emulators = emulators
        self._troubleshoot = troubleshoot
        self._budget = budget
        self._jobs = jobs
        self._scenarios = {one.id: one for one in plan.scenarios}
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._reserved = 0.0
        self._spent: dict[str, Asking] = {}
        self.short = False
        """Whether the budget ended before the cells did."""
        self.trouble = ""
        """Why a cell could not even be begun, such as an account that did not start: no fault of its contestant."""
        cells = plan.cells()
        done = store.done()
        self.progress = Progress(planned=len(cells), done=sum(cell.key in done for cell in cells))
        for cell in cells:
            if cell.key in done:
                self._count(cell, done[cell.key].asking)
            else:
                self._weigh(cell)
        self._todo = [cell for cell in cells if cell.key not in done]

    def request_stop(self) -> None:
        """Begin no further cell."""
        self._stop.set()

    def run(self) -> Iterator[Measure]:
        """The cells that are left, each when it has ended and is kept. What is not yielded is not done and will be gone on with."""
        ended: queue.SimpleQueue[tuple[Measure | None, BaseException | None]] = queue.SimpleQueue()
        with ThreadPoolExecutor(self._jobs) as pool:
            try:
                for cell in self._todo:
                    pool.submit(self._safely, cell, ended)
                for _ in self._todo:
                    measure, error = ended.get()
                    if error is not None:
                        raise error
                    if measure is not None:
                        self._store.keep(measure)
                        self.progress.done += 1
                        self.progress.here += 1
                        yield measure
            finally:
                self._stop.set()

    def _safely(self, cell: Cell, ended: queue.SimpleQueue[tuple[Measure | None, BaseException | None]]) -> None:
        try:
            ended.put((self._cell(cell), None))
        except BaseException as error:
            ended.put((None, error))

    def _cell(self, cell: Cell) -> Measure | None:
        """One cell; ``None`` when it could not be brought to its end."""
        if self._stop.is_set():
            return None
        cap = self._reserve(cell)
        if cap is None:
            self.short = True
            return None
        try:
            return self._tried(cell, cap)
        finally:
            self._weigh(cell)
            with self._lock:
                self._reserved -= cap if cell.contestant.model and self._budget is not None else 0.0

    def _tried(self, cell: Cell, cap: float) -> Measure | None:
        scenario = self._scenarios[cell.scenario]
        settings = configured(self._settings, cell, self._store.home(cell), cap)
        run_dir = self._store.run_dir(cell)
        reports: list[Report] = []

        def investigate(words: str, scope: Scope) -> Report:
            reports.append(known_report(run_dir) or self._troubleshoot(settings, run_dir, words, scope, cell))
            return reports[0]

        trial = run_trial(scenario, cell.variant, _Seeded(self._emulator(scenario), cell.seed), investigate)
        report = reports[0] if reports else None
        if report and (report.status in _UNFINISHED or self._cut_short(report, cap)):
            (run_dir / REPORT).unlink(missing_ok=True)
            return None
        if not (run_dir / "run.db").exists():
            self.trouble = trial.error
            return None
        with closing(RunStore(run_dir, readonly=True)) as record:
            return measured(cell, trial, scenario.tags, report, record)

    def _cut_short(self, report: Report, cap: float) -> bool:
        """Whether it was the end of the comparison's budget that ended the run, and not its own."""
        cut = report.status == "budget_exhausted" and cap < self._settings.budget.usd and report.llm.usd + report.ledger.usd > cap * 0.5
        self.short = self.short or cut
        return cut

    def _reserve(self, cell: Cell) -> float | None:
        """Dollars that the run may spend; ``None``: nothing is left."""
        most = self._settings.budget.usd
        if not cell.contestant.model or self._budget is None:
            return most
        with self._lock:
            left = self._budget - self.progress.usd - self.progress.lost - self._reserved
            if left <= 0:
                return None
            cap = min(most, left)
            self._reserved += cap
            return cap

    def _weigh(self, cell: Cell) -> None:
        """What a cell has spent by its record counts, whether it came to its end or was cut off."""
        if not cell.contestant.model or not (self._store.run_dir(cell) / "run.db").exists():
            return
        with contextlib.suppress(UsageError, sqlite3.Error, OSError), closing(RunStore(self._store.run_dir(cell), readonly=True)) as record:
            self._count(cell, spent(record))

    def _count(self, cell: Cell, asked: Asking) -> None:
        with self._lock:
            self._spent[cell.key] = asked
            self.progress.usd = round(math.fsum(one.usd for one in self._spent.values()), 9)
            self.progress.lost = round(math.fsum(one.lost_usd for one in self._spent.values()), 9)

    def _emulator(self, scenario: Scenario) -> Emulator:
        """An emulator of its own: leases are never shared."""
        found = self._emulators.get(scenario.cloud) if scenario.cloud else next(iter(self._emulators.values()), None)
        if found is None:
            raise UsageError(f"no emulator is installed for scenario {scenario.id}", "see: nephoscope plugins")
        return type(found)()


def addressed(settings: Settings, who: Contestant) -> Settings:
    """The settings with the planner and the model of a contestant."""
    models = (who.model,) if who.model else ()
    return settings.model_copy(update={"planner": who.planner, "models": models, "model_base_url": who.base_url or settings.model_base_url})


def configured(settings: Settings, cell: Cell, home: Path, usd: float) -> Settings:
    """The settings of one cell: its contestant, a home of its own (nothing learnt elsewhere helps), nobody to ask."""
    budget = settings.budget.model_copy(update={"usd": usd})
    return addressed(settings, cell.contestant).model_copy(update={"home": home, "ask": "never", "budget": budget})


def known_report(run_dir: Path) -> Report | None:
    """The report of a run that had ended before its cell could be written down."""
    try:
        report = Report.model_validate(json.loads((run_dir / REPORT).read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError):
        return None
    return None if report.status in _UNFINISHED else report


class _Seeded:
    """An emulator that makes up the same identifiers each time."""

    def __init__(self, emulator: Emulator, number: int) -> None:
        self._emulator = emulator
        self._number = number
        self.cloud = emulator.cloud

    def start(self, seed: Mapping[str, Json]) -> str:
        return self._emulator.start({**seed, "random": self._number})

    def reset(self) -> None:
        self._emulator.reset()

    def stop(self) -> None:
        self._emulator.stop()

    def scope(self) -> Scope:
        return self._emulator.scope()

    @property
    def made(self) -> Mapping[str, Sequence[str]]:
        """What the seed's steps made, where the emulator tells."""
        found: Mapping[str, Sequence[str]] = getattr(self._emulator, "made", {})
        return found
