"""Runs scenarios, two at a time on two cores, and yields trials as they end."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

from nephoscope.comparison.scenario import Scenario
from nephoscope.comparison.trial import Trial, run_trial
from nephoscope.interfaces import Emulator, UsageError
from nephoscope.models import Json, Scope
from nephoscope.models.report import Report
from nephoscope.plugin.manager import Plugins
from nephoscope.settings import Settings

Replay = Callable[[Settings, str], Report]
"""Goes through a bundle again, under settings."""
Rehearse = Callable[[Settings, str, Scope], Report]
"""Investigates words in an emulator's scope, under settings."""


class Suite:
    """Trials with fresh emulators and run directories. ``keep``: where the runs stay; else they are thrown away."""

    def __init__(self, settings: Settings, plugins: Plugins, investigate: Rehearse, keep: Path | None = None, replay: Replay | None = None) -> None:
        self._replay = replay
        self._settings = settings
        self._investigate = investigate
        self._plugins = plugins
        self._keep = keep

    def run(
        self, scenarios: Sequence[Scenario], variants: Sequence[str] = (), *, wordings: bool = False, jobs: int = 2, repeats: int = 1
    ) -> Iterator[Trial]:
        """Every chosen variant of every scenario; with ``wordings`` also in other words. All of that ``repeats`` times, one round after the other."""
        work = repeats * [
            (one, variant, words)
            for one in scenarios
            for variant in one.variants
            if not variants or variant in variants
            for words in _words(one, variant, wordings)
        ]
        with ThreadPoolExecutor(jobs) as pool:
            pending: list[Future[Trial]] = [pool.submit(self._trial, *item) for item in work]
            for done in as_completed(pending):
                yield done.result()

    def _trial(self, scenario: Scenario, variant: str, words: str) -> Trial:
        with tempfile.TemporaryDirectory(prefix="nephoscope-suite-") as temporary:
            settings = self._settings.model_copy(update={"home": self._keep or Path(temporary)})
            if scenario.cassette and self._replay is not None:
                again, tape = self._replay, scenario.cassette
                return run_trial(scenario, variant, Tape(scenario.cloud), lambda _, __: again(settings, tape), words)
            return run_trial(scenario, variant, self._emulator(scenario), lambda text, scope: self._investigate(settings, text, scope), words)

    def _emulator(self, scenario: Scenario) -> Emulator:
        """An emulator of its own: leases are never shared."""
        emulators = self._plugins.emulators
        found = emulators.get(scenario.cloud) if scenario.cloud else next(iter(emulators.values()), None)
        if found is None:
            raise UsageError(f"no emulator is installed for scenario {scenario.id}", "see: nephoscope plugins")
        return type(found)()


class Tape:
    """Stands where an emulator would, for a recorded run: there is nothing to start."""

    def __init__(self, cloud: str) -> None:
        self.cloud = cloud

    def start(self, seed: Mapping[str, Json]) -> str:
        return ""

    def reset(self) -> None: ...
    def stop(self) -> None: ...

    def scope(self) -> Scope:
        return Scope(cloud=self.cloud)


def _words(scenario: Scenario, variant: str, wordings: bool) -> list[str]:
    own = scenario.words(variant)
    return [own, *scenario.wordings] if wordings and not scenario.variants[variant].text else [own]
