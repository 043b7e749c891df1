"""Goes through the cells of a comparison, a few at a time, within its budget; what is done already is not done again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nephoscope.comparison.carrying import Errand, Tried
from nephoscope.comparison.cell import Cell, Plan
from nephoscope.comparison.local import LocalEngine
from nephoscope.comparison.measure import Measure
from nephoscope.comparison.office import Office, Spending, weighed
from nephoscope.comparison.store import ComparisonStore
from nephoscope.interfaces import Crew, Do, Engine, StoreLost, WorkLost
from nephoscope.settings import Settings

LOOK_SECONDS = 0.5
"""So often it is looked whether another machine is done with a cell."""


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
    """``carry``: does one :class:`Errand`, given what all share. ``budget``: dollars for all models of the comparison together; ``None``: only what
    each run may spend is limited. ``tape``: recorded replies, and whether nothing else answers.
    """

    def __init__(
        self,
        store: ComparisonStore,
        plan: Plan,
        settings: Settings,
        carry: Do,
        *,
        budget: float | None = None,
        jobs: int = 0,
        engine: Engine | None = None,
        address: str = "",
        tape: tuple[Path, bool] | None = None,
        noted: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._carry = carry
        self._jobs = jobs
        self._engine = engine or LocalEngine()
        self._address = address
        self._scenarios = {one.id: one for one in plan.scenarios}
        self._crew: Crew | None = None
        self._elsewhere: list[Cell] = []
        self._noted = noted
        self._waited = False
        self._stop = False
        self.short = False
        """Whether the budget ended before the cells did."""
        self.trouble = ""
        """Why a cell could not even be begun, such as an account that did not start: no fault of its contestant."""
        cells = plan.cells()
        done = store.done()
        self._todo = [cell for cell in cells if cell.key not in done]
        asked = {cell.key: done[cell.key].asking if cell.key in done else weighed(store.run_dir(cell)) for cell in cells if cell.contestant.model}
        self._office = Office(
            store.homes, budget=budget, most=settings.budget.usd, spent={key: one for key, one in asked.items() if one}, tape=tape,
            shelf=store.shelf,
        )  # fmt: skip
        self.progress = Progress(planned=len(cells), done=len(cells) - len(self._todo))
        self._count(self._office.spending())

    def request_stop(self) -> None:
        """Begin no further cell. Safe in a signal handler: where the office is elsewhere, another thread tells it."""
        self._stop = True
        if self._crew:
            threading.Thread(target=self._crew.shared.request_stop, daemon=True).start()

    def run(self) -> Iterator[Measure]:
        """The cells that are left, each when it has ended and is kept. What is not yielded is not done and will be gone on with.

        Raises ``UsageError`` or ``EndpointError`` when the engine cannot begin.
        """
        if not self._todo:
            return
        with self._engine.opened(self._office, jobs=self._jobs, address=self._address) as crew:
            self._crew, office = crew, crew.shared
            try:
                if self._stop:
                    office.request_stop()
                while self._todo:
                    yield from self._gone_through(crew)
                    yield from self._done_elsewhere(office)
                    if not self._may_go_on(office):
                        break
            finally:
                self._crew = None
                office.request_stop()
                office.close()

    def _gone_through(self, crew: Crew) -> Iterator[Measure]:
        """Each cell that is left, once."""
        cells = {cell.key: cell for cell in self._todo}
        shared = self._store.shelf is not None
        work = {key: Errand(cell, self._scenarios[cell.scenario], self._settings, self._home(cell), shared) for key, cell in cells.items()}
        self._elsewhere = []
        for ended in crew.run(self._carry, work):
            measure = self._heard(ended.name, ended.result, ended.error, crew.shared)
            if measure is not None:
                yield measure
            elif isinstance(ended.result, Tried) and ended.result.elsewhere:
                self._elsewhere.append(cells[ended.name])

    def _done_elsewhere(self, office: Any) -> Iterator[Measure]:
        """Cells that other machines have done meanwhile."""
        if not self._elsewhere:
            return
        done = self._store.done()
        for cell in [one for one in self._elsewhere if one.key in done]:
            self._elsewhere.remove(cell)
            office.heard(cell.key, done[cell.key].asking)
            self._count(office.spending())
            self.progress.done += 1
            yield done[cell.key]

    def _may_go_on(self, office: Any) -> bool:
        """Whether other machines left something to do, once they are done with it or gone. Raises ``StoreLost``."""
        if why := office.lost():
            raise StoreLost(why, "what was done is kept; run the same command again, and it goes on")
        self._todo = self._elsewhere
        shelf = self._store.shelf
        while self._todo and shelf and not self._stop:
            taken = shelf.taken([cell.key for cell in self._todo])
            if len(taken) < len(self._todo):
                return True
            if taken and not self._waited:
                self._waited = True
                self._noted(f"{len(taken)} cells are under way on {', '.join(sorted(set(taken.values())))}: they are waited for")
            time.sleep(LOOK_SECONDS)
        return False

    def _heard(self, key: str, result: Any, error: BaseException | None, office: Any) -> Measure | None:
        if isinstance(error, WorkLost):
            office.ended(key)
            self.trouble = error.message
        elif error is not None:
            raise error
        self._count(office.spending())
        tried = result if isinstance(result, Tried) else Tried()
        self.trouble = tried.trouble or self.trouble
        if tried.measure is not None:
            self._store.keep(tried.measure)
            self.progress.done += 1
            self.progress.here += 1
        if self._store.shelf:
            office.leave(key)
        return tried.measure

    def _home(self, cell: Cell) -> Path | None:
        return self._store.home(cell) if self._engine.here else None

    def _count(self, spending: Spending) -> None:
        self.progress.usd, self.progress.lost, self.short = spending.usd, spending.lost, spending.short
