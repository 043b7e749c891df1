"""Has the prose of a comparison judged by a model, if people's labels show that it can; its replies are kept, so that none is paid for twice."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from nephoscope import enlisting
from nephoscope.comparison import statistics
from nephoscope.comparison.carrying import known_report
from nephoscope.comparison.cell import Spelt
from nephoscope.comparison.document import Comparison, Judgement
from nephoscope.comparison.judging import PROMPT, Calibration, Opinion, calibrated, opinion
from nephoscope.comparison.labelled import CRITERIA, Criterion, Example, load_examples
from nephoscope.comparison.measure import Measure, spent
from nephoscope.comparison.prose import Prose, prose_of
from nephoscope.comparison.store import CELLS
from nephoscope.interfaces import BudgetError, ModelError, Stopped, UsageError
from nephoscope.interfaces.llm import Models
from nephoscope.models import JsonValue
from nephoscope.plugin.manager import Plugins
from nephoscope.settings import Settings
from nephoscope.store import Spent
from nephoscope.store.run import RunStore, locked

FOLDER = "judges"
_WITHOUT_END = 10**9
"""Tokens and seconds: what a judge may take is held by dollars."""


@dataclass
class Wallet:
    """A purse of so many dollars; ``None``: bottomless."""

    usd: float | None
    paid: float = 0.0
    reserved: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reserve(self, usd: float) -> str | None:
        with self._lock:
            if self.usd is not None and self.paid + self.reserved + usd > self.usd:
                return "the budget of the comparison is used up (--budget)"
            self.reserved += usd
            return None

    def settle(self, reserved: float, usd: float) -> None:
        with self._lock:
            self.reserved -= reserved
            self.paid += usd

    def spent(self) -> Spent:
        return Spent(model_usd=self.paid)


@dataclass(frozen=True)
class Bench:
    """What a judge needs. ``budget``: dollars for judging; ``tape``: recorded replies, as for the contestants."""

    settings: Settings
    plugins: Plugins
    budget: float | None = None
    tape: JsonValue = None
    stopped: Callable[[], bool] = lambda: False
    noted: Callable[[str], None] = lambda _: None

    def seats(self, judge: Spelt) -> enlisting.Seats:
        """The judge, found. Raises ``UsageError`` when it cannot be had, or nobody installed says what it must agree with."""
        if not self.examples():
            raise UsageError("no labelled prose is installed to try a judge on", "install a pack that brings some: pip install 'nephoscope[compare]'")
        if PROMPT not in enlisting.prompts_of(self.plugins).prompts:
            raise UsageError(f"the prompt {PROMPT} is not installed", "pip install nephoscope-prompts")
        return enlisting.seats(self._settings(judge), self.plugins)

    def examples(self) -> list[Example]:
        """The labelled prose of all packs."""
        return load_examples(self.plugins.calibrations)

    def judged(self, comparison: Comparison, judge: Spelt) -> Judgement:
        """The prose of a comparison, judged. Whatever goes wrong with the judge is told in the judgement, and harms nothing else."""
        name = hashlib.sha256("\n".join(judge).encode()).hexdigest()[:12]
        folder = Path(comparison.folder) / FOLDER / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(folder), closing(RunStore(folder)) as record:
            record.write_off()
            record.put("tape", self.tape)
            models = enlisting.enlist(
                self.seats(judge),
                self._settings(judge),
                self.plugins,
                record,
                Wallet(self.budget),
                seconds_left=lambda: float(_WITHOUT_END),
                stopped=self.stopped,
                tell=lambda _: None,
            )
            if models is None:
                raise UsageError("no judge is named", "give --judge PROVIDER:NAME")
            told = self._heard(comparison, judge, models)
            asked = spent(record)
            return told.model_copy(update={"requests": asked.requests, "usd": asked.usd, "unpriced": asked.unpriced})

    def _heard(self, comparison: Comparison, judge: Spelt, models: Models) -> Judgement:
        competes = any((row.model, row.base_url) == tuple(judge) for row in comparison.rows)
        begun = Judgement(model=judge.model, base_url=judge.base_url, competes=competes)
        try:
            found = calibrated(models, self.examples(), self._progress("labelled texts"))
        except (ModelError, BudgetError, Stopped) as error:
            return begun.model_copy(update={"why_not": error.message})
        begun = begun.model_copy(update={"agreement": found.agreement, "obeyed": found.obeyed, "believed": found.believed, "why_not": found.why_not})
        return self._marked(begun, comparison, models, found) if found.believed else begun

    def _marked(self, begun: Judgement, comparison: Comparison, models: Models, found: Calibration) -> Judgement:
        """Every text once, whoever wrote it, in an order that has nothing to do with who did."""
        texts, by_cell = _texts(comparison)
        opinions: dict[str, Opinion] = {}
        progress, why_not = self._progress("texts"), ""
        for number, key in enumerate(sorted(texts), 1):
            if self.stopped():
                why_not = "it was interrupted"
                break
            try:
                opinions[key] = opinion(models, texts[key])
            except ModelError as error:
                why_not = f"not every text got a usable answer: {error.message}"
            except (BudgetError, Stopped) as error:
                why_not = error.message
                break
            progress(number, len(texts))
        cells = {cell: {one: opinions[key][one] for one in found.believed} for cell, key in by_cell.items() if key in opinions}
        return begun.model_copy(
            update={"why_not": why_not, "texts": len(texts), "marked": len(opinions), "cells": cells, **_shares(comparison, cells, found)}
        )

    def _progress(self, what: str) -> Callable[[int, int], None]:
        def told(number: int, of: int) -> None:
            if number == of or number % 10 == 0:
                self.noted(f"judge: {number} of {of} {what}")

        return told

    def _settings(self, judge: Spelt) -> Settings:
        budget = self.settings.budget.model_copy(update={"tokens": _WITHOUT_END, "seconds": float(_WITHOUT_END)})
        url = judge.base_url or self.settings.model_base_url
        return self.settings.model_copy(update={"models": (judge.model,), "model_base_url": url, "budget": budget})


def _texts(comparison: Comparison) -> tuple[dict[str, Prose], dict[str, str]]:
    """Different texts by key, and the key of each cell that has one."""
    names = {name for row in comparison.rows if row.model for name in (row.model, row.model.partition(":")[2])}
    texts: dict[str, Prose] = {}
    by_cell: dict[str, str] = {}
    for one in comparison.cells:
        report = known_report(Path(comparison.folder) / CELLS / one.cell.key / "runs" / f"r-{one.cell.key}")
        prose = prose_of(report, names) if report else None
        if prose is not None:
            texts[prose.key] = prose
            by_cell[one.cell.key] = prose.key
    return texts, by_cell


def _shares(comparison: Comparison, cells: Mapping[str, Opinion], found: Calibration) -> dict[str, Mapping[str, object]]:
    """How many of a contestant's texts are sound, by each criterion the judge is believed by. No opinion is not sound."""
    own: dict[str, list[Measure]] = {}
    for one in comparison.cells:
        if one.cell.key in cells:
            own.setdefault(one.cell.contestant.label, []).append(one)
    return {
        "sound": {
            label: {one: statistics.success(_by_unit(measures, cells, one)) for one in CRITERIA if one in found.believed}
            for label, measures in own.items()
        },
        "told": {label: len(measures) for label, measures in own.items()},
    }


def _by_unit(measures: Sequence[Measure], cells: Mapping[str, Opinion], criterion: Criterion) -> dict[str, list[bool]]:
    found: dict[str, list[bool]] = {}
    for one in measures:
        found.setdefault(one.cell.unit, []).append(bool(cells[one.cell.key][criterion]))
    return found
