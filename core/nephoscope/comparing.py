"""Conducts a comparison: looks everything up before anything is spent, runs what is left of the matrix, and tells what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from nephoscope import enlisting, sharing, watching
from nephoscope.comparison import statistics, summing
from nephoscope.comparison.carrying import addressed
from nephoscope.comparison.cell import PLAYBOOK, Contestant, Plan, chosen, contestants, spelt
from nephoscope.comparison.document import Comparison, Spending
from nephoscope.comparison.measure import Measure
from nephoscope.comparison.running import Progress, Runner
from nephoscope.comparison.scenario import load_scenarios
from nephoscope.comparison.store import ComparisonStore, opened
from nephoscope.interfaces import Engine, UsageError
from nephoscope.judging import Bench
from nephoscope.llm.prices import per_million
from nephoscope.llm.tape import Tape
from nephoscope.models import JsonValue
from nephoscope.plugin.manager import Plugins
from nephoscope.publishing import publish
from nephoscope.settings import Settings
from nephoscope.trying import Trying, elsewhere

COMPARISONS = "comparisons"
LOCAL = "local"
"""The engine where none is named."""
WITH_MODEL = "llm"
"""The planner that shows most of a model, where none is named."""
INTERRUPTED = "it was interrupted"
SHORT = "the budget is used up"


@dataclass(frozen=True)
class Wish:
    """What is to be compared. ``budget``: dollars for all models together."""

    models: Sequence[str] = ()
    prompts: Sequence[str] = ()
    planners: Sequence[str] = ()
    suite: str = "smoke"
    variants: tuple[str, ...] = ()
    repeats: int = 1
    budget: float | None = None
    jobs: int = 0
    """At a time; 0: as many as the engine thinks fit."""
    engine: str = LOCAL
    address: str = ""
    fresh: bool = False
    record: Path | None = None
    """A file that replies of models are taken from, and put into."""
    replay: Path | None = None
    """A file that replies of models are taken from; nothing else answers."""
    judge: str = ""
    """A model that marks prose."""


@dataclass
class Comparing:
    """One comparison at a time. ``told`` hears of each cell that has ended, ``noted`` of what a person should know before."""

    settings: Settings
    plugins: Plugins
    told: Callable[[Measure, Progress], None] = lambda _, __: None
    noted: Callable[[str], None] = lambda _: None
    _runner: Runner | None = None
    _stopped: bool = False
    _tape: JsonValue = None

    def request_stop(self) -> None:
        """Begin nothing more, end what runs; all of it can be gone on with. Safe in a signal handler."""
        self._stopped = True
        if self._runner:
            self._runner.request_stop()

    def compare(self, wish: Wish) -> Comparison:
        """The comparison, as far as it got. Raises ``UsageError`` before anything is spent."""
        engine = self._engine(wish.engine)
        statistics.need()
        plan = self.plan(wish)
        tape = _tape(wish)
        self._tape = {"path": str(tape[0]), "only": tape[1]} if tape else None
        folders = {one.prompt_folder for one in plan.contestants}
        carry = Trying(self.plugins, self._tape) if engine.here else elsewhere(self.plugins, folders, self._tape)
        name = plan.fingerprint(self.plugins.versions)
        folder = self.settings.home / COMPARISONS / name
        with sharing.opened(self.settings, self.plugins) as team, opened(folder, fresh=wish.fresh, team=team) as store:
            store.begin(plan)
            runner = self._runner = Runner(
                store, plan, self.settings, carry, budget=wish.budget, jobs=wish.jobs, engine=engine, address=wish.address, tape=tape,
                noted=self.noted,
            )  # fmt: skip
            if runner.progress.done:
                self.noted(f"{runner.progress.done} of {runner.progress.planned} cells were done before; --fresh does them again")
            for measure in runner.run():
                self.told(measure, runner.progress)
            if store.shelf:
                store.shelf.bring(store.done())
            found = self._judged(self._summed(plan, store, runner, wish, name), wish)
            shown = "" if self._stopped else publish(found, plan, self.settings, self.plugins, self.noted)
            return found.model_copy(update={"experiments": shown})

    def plan(self, wish: Wish) -> Plan:
        """Everything looked up, and every model found. Raises ``UsageError`` for what is not there."""
        planners = list(wish.planners or ([WITH_MODEL] if wish.models else [PLAYBOOK]))
        needs = {name: bool(getattr(one, "needs_model", False)) for name, one in self.plugins.planners.items()}
        who = contestants(wish.models, wish.prompts, planners, needs)
        if PLAYBOOK in needs and Contestant() not in who:
            who = (*who, Contestant())  # what a model adds can only be told against what is written down
        scenarios = chosen(load_scenarios(self.plugins.suites).values(), wish.suite)
        if wish.judge:
            self._bench().seats(spelt(wish.judge))
        watching.tracer(self.settings, self.plugins)
        for note in dict.fromkeys(note for one in who for note in self._unseen(one, wish)):
            self.noted(note)
        plan = Plan(suite=wish.suite, contestants=who, scenarios=scenarios, variants=wish.variants, repeats=wish.repeats)
        if not plan.cells():
            raise UsageError(f"no scenario of {wish.suite!r} has a variant {', '.join(wish.variants)}", "variants: fault, twin, near_miss")
        return plan

    def _unseen(self, who: Contestant, wish: Wish) -> Iterator[str]:
        """What a budget cannot see of a contestant. Raises ``UsageError`` when its model cannot be had."""
        for seats in enlisting.seats(addressed(self.settings, who), self.plugins).values():
            for seat in seats:
                if wish.budget is not None and per_million(seat.card) is None:
                    yield f"the price of {seat.name} is not known: the budget does not hold it; describe it in models.yaml"

    def _engine(self, name: str) -> Engine:
        """Raises ``UsageError`` for one that is not installed, saying what to install."""
        if name in self.plugins.engines:
            return self.plugins.engines[name]
        known = ", ".join(self.plugins.engines)
        raise UsageError(f"there is no engine {name!r} here", f"engines: {known}; packs bring others: pip install 'nephoscope[ray]' brings ray")

    def _bench(self, budget: float | None = None) -> Bench:
        return Bench(self.settings, self.plugins, budget, self._tape, lambda: self._stopped, self.noted)

    def _judged(self, found: Comparison, wish: Wish) -> Comparison:
        """With the judge's marks, where one is named. What the contestants left of the budget is the judge's; nothing that was counted changes."""
        if not wish.judge or self._stopped:
            return found
        left = None if wish.budget is None else max(0.0, wish.budget - found.spending.usd - found.spending.lost_usd)
        return found.model_copy(update={"judge": self._bench(left).judged(found, spelt(wish.judge))})

    def _summed(self, plan: Plan, store: ComparisonStore, runner: Runner, wish: Wish, name: str) -> Comparison:
        left = f"{runner.progress.left} cells could not be begun: {runner.trouble}" if runner.progress.left else ""
        why = INTERRUPTED if self._stopped else SHORT if runner.short else left
        spending = Spending(lost_usd=runner.progress.lost, budget=wish.budget)
        comparison = summing.summed(plan, store.done().values(), name, spending)
        return summing.dated(comparison, store, self.plugins.versions).model_copy(update={"why_not_whole": why})


def _tape(wish: Wish) -> tuple[Path, bool] | None:
    """The file of recorded replies, and whether nothing else answers. Raises ``UsageError`` when it cannot be used."""
    path = wish.replay or wish.record
    if path is None:
        return None
    Tape(path.absolute(), only=path == wish.replay).close()
    return path.absolute(), path == wish.replay


def stored(path: Path) -> Comparison:
    """A comparison that ``--output`` or ``--json`` wrote. Raises ``UsageError``."""
    try:
        return Comparison.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the baseline {path} cannot be read: {error}", "give the results.json that --output DIR wrote") from None
    except ValidationError:
        raise UsageError(f"{path} is no nephoscope.comparison/1", "give the results.json that --output DIR wrote") from None
