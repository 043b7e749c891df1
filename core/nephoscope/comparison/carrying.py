"""Carries out one cell, wherever that is: its account, its investigation, what is measured."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pydantic import ValidationError

from nephoscope.comparison.cell import Cell, Contestant
from nephoscope.comparison.measure import Measure, measured
from nephoscope.comparison.office import Start, run_dir
from nephoscope.comparison.scenario import Scenario
from nephoscope.comparison.trial import run_trial
from nephoscope.interfaces import Emulator, UsageError
from nephoscope.models import Json, Scope
from nephoscope.models.report import Report
from nephoscope.settings import Settings
from nephoscope.store.mirrored import Copying, MirroredStore
from nephoscope.store.run import FILE, RunStore

REPORT = "report.json"
PAUSE_SECONDS = 0.2
_UNFINISHED = ("interrupted", "waiting")
Open = Callable[[Path], RunStore]
"""Opens the record of a run."""


@dataclass(frozen=True)
class Errand:
    """A cell with all that is needed to do it. ``home``: where its run is kept; ``None`` where that is out of reach, and the office has it.
    ``shared``: other machines may go on with it, and the office tells them.
    """

    cell: Cell
    scenario: Scenario
    settings: Settings
    home: Path | None = None
    shared: bool = False


@dataclass(frozen=True)
class Tried:
    """``measure``: ``None`` when the cell did not come to its end. ``trouble``: why it could not even be begun, no fault of its contestant.
    ``elsewhere``: another machine does it now.
    """

    measure: Measure | None = None
    trouble: str = ""
    elsewhere: bool = False


class Troubleshoot(Protocol):
    """Investigates words in an emulator's scope and leaves its record in a folder; where that holds a beginning, it goes on with it."""

    def __call__(self, settings: Settings, run_dir: Path, words: str, scope: Scope, cell: Cell, *, opened: Open) -> Report: ...


@dataclass(frozen=True)
class Carrier:
    """Carries out cells with these emulators and this way to investigate."""

    emulators: Mapping[str, Emulator]
    troubleshoot: Troubleshoot

    def __call__(self, errand: Errand, office: Any) -> Tried:
        """``office``: an :class:`Office`, or what reaches one."""
        key = errand.cell.key
        start = _begun(key, bool(errand.cell.contestant.model), office)
        if start is None or start.elsewhere:
            return Tried(elsewhere=start is not None)
        try:
            with _place(errand, office, start) as (home, opened):
                return self._tried(errand, home, opened, start.usd, office)
        finally:
            office.ended(key, start.turn)

    def _tried(self, errand: Errand, home: Path, opened: Open, cap: float, office: Any) -> Tried:
        cell, scenario = errand.cell, errand.scenario
        settings = configured(errand.settings, cell, home, cap)
        folder = run_dir(home)
        reports: list[Report] = []

        def investigate(words: str, scope: Scope) -> Report:
            reports.append(known_report(folder) or self.troubleshoot(settings, folder, words, scope, cell, opened=opened))
            return reports[0]

        trial = run_trial(scenario, cell.variant, _Seeded(self._emulator(scenario), cell.seed), investigate)
        report = reports[0] if reports else None
        cut = report is not None and _cut_short(report, cap, errand.settings)
        if cut:
            office.cut_short()
        if report and (report.status in _UNFINISHED or cut):
            (folder / REPORT).unlink(missing_ok=True)
            return Tried()
        if not (folder / FILE).exists():
            return Tried(trouble=trial.error)
        with closing(RunStore(folder, readonly=True)) as record:
            return Tried(measured(cell, trial, scenario.tags, report, record))

    def _emulator(self, scenario: Scenario) -> Emulator:
        """An emulator of its own: leases are never shared."""
        found = self.emulators.get(scenario.cloud) if scenario.cloud else next(iter(self.emulators.values()), None)
        if found is None:
            raise UsageError(f"no emulator is installed for scenario {scenario.id}", "see: nephoscope plugins")
        return type(found)()


def _begun(key: str, paid: bool, office: Any) -> Start | None:
    """Leave to begin, once there is money that no other cell has set aside; ``None``: no more is begun."""
    while True:
        start: Start | None = office.begin(key, paid)
        if start is None or not start.later:
            return start
        time.sleep(PAUSE_SECONDS)


@contextlib.contextmanager
def _place(errand: Errand, office: Any, start: Start) -> Iterator[tuple[Path, Open]]:
    """The home of a cell, and how its record is opened. Out of reach it is a copy, and what is paid for is told to the office first."""
    key = errand.cell.key
    if errand.home is not None:
        yield errand.home, (lambda run: MirroredStore(run, lambda: office.told(key))) if errand.shared else RunStore
        return
    with tempfile.TemporaryDirectory(prefix="nephoscope-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / key
        copying = Copying(home)
        copying.restore(office.record(key))
        copying.changed()

        def told() -> None:
            if changed := copying.changed():
                office.keep(key, start.turn, changed)

        yield home, lambda run: MirroredStore(run, told)
        told()


def _cut_short(report: Report, cap: float, settings: Settings) -> bool:
    """Whether it was the end of the comparison's budget that ended the run, and not its own."""
    return report.status == "budget_exhausted" and cap < settings.budget.usd and report.llm.usd + report.ledger.usd > cap * 0.5


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
