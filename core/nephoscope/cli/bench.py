"""``nephoscope bench``: how often the verdict is right, measured on seeded accounts."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nephoscope.cli import options

if TYPE_CHECKING:
    from nephoscope.comparison.scenario import Scenario
    from nephoscope.comparison.score import Score
    from nephoscope.comparison.trial import Trial
    from nephoscope.models import JsonValue, Scope
    from nephoscope.models.report import Report
    from nephoscope.plugin.manager import Plugins
    from nephoscope.settings import Settings


def bench(
    *,
    context: typer.Context,
    only: Annotated[str, typer.Option(help="Only scenarios whose id or family contains this.")] = "",
    cases: Annotated[Path | None, typer.Option(metavar="DIR", help="The cases in this folder, such as replay --as-scenario keeps there.")] = None,
    variant: Annotated[list[str] | None, typer.Option(help="Only these variants: fault, twin, near_miss. May be repeated.")] = None,
    wordings: Annotated[bool, typer.Option(help="Also in every other wording; of half of them only totals are told.")] = False,
    seed: Annotated[int | None, typer.Option(help="Instead: known faults in accounts nobody has seen, composed from this number.")] = None,
    unknown: Annotated[
        int | None, typer.Option(help="Instead: faults nobody wrote a cause for, made from this number by changing one field.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=10_000, help="So many of these.")] = 20,
    repeats: Annotated[int, typer.Option(min=1, max=100, help="Ask everything so often, and tell what was not always answered the same.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, max=16, help="Trials at a time.")] = 2,
    keep: Annotated[Path | None, typer.Option(help="Keep the runs in this folder.")] = None,
    fail_under: Annotated[float, typer.Option(help="Exit 1 when less than this share is right.")] = 0.0,
    fail_on_false: Annotated[bool, typer.Option("--fail-on-false", help="Exit 1 when any cause is told that is none.")] = False,
    planner: options.PlannerName = None,
    model: options.Model = None,
    model_base_url: options.ModelBaseUrl = None,
    model_key: options.ModelKey = None,
    mask: options.Mask = None,
    prove: options.Prove = None,
    max_tokens: options.MaxTokens = None,
    max_usd: options.MaxUsd = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Run the suite of seeded accounts and print accuracy, false positives, grounding and calls."""
    from nephoscope.cli.output import Output

    with Output(as_json=as_json):
        flags = options.flags(context)
        made = _Made(seed=seed, unknown=unknown, count=count)
        how = _How(variants=variant or (), wordings=wordings, repeats=repeats, jobs=jobs, keep=keep)
        rows = _bench(flags, made, only, cases, how, as_json=as_json)
    if rows[-1].accuracy < fail_under or (fail_on_false and rows[-1].false_positives):
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Made:
    """Which scenarios are to be made instead of read."""

    seed: int | None
    unknown: int | None
    count: int


@dataclass(frozen=True)
class _How:
    """Which trials there are to be of the scenarios, and how they are made."""

    variants: Sequence[str]
    wordings: bool
    repeats: int
    jobs: int
    keep: Path | None


def _scenarios(made: _Made, cases: Path | None, plugins: Plugins) -> list[Scenario]:
    from nephoscope.comparison.scenario import load_scenarios, read_scenario
    from nephoscope.interfaces import UsageError

    if made.seed is None and made.unknown is None:
        return list(load_scenarios([cases] if cases else plugins.suites).values())
    if not plugins.composers:
        raise UsageError("no pack that composes scenarios is installed", "see: nephoscope plugins")
    documents: list[Mapping[str, JsonValue]] = []
    for composer in plugins.composers.values():
        documents += composer.compose(made.seed, made.count) if made.seed is not None else []
        documents += composer.mutate(made.unknown, made.count) if made.unknown is not None else []
    return [read_scenario(one) for one in documents]


def _bench(flags: Mapping[str, Any], made: _Made, only: str, cases: Path | None, how: _How, *, as_json: bool) -> list[Score]:
    from nephoscope.app import App
    from nephoscope.cli.scoreboard import show
    from nephoscope.cli.session import open_session
    from nephoscope.comparison.calibration import calibrated
    from nephoscope.comparison.score import outcomes, scores
    from nephoscope.comparison.steadiness import steadiness
    from nephoscope.comparison.suite import Suite
    from nephoscope.conducting import Conductor
    from nephoscope.interfaces import UsageError

    session = open_session(flags)
    chosen = [one for one in _scenarios(made, cases, session.plugins) if only in one.id or only in one.family]
    if not chosen:
        where = f" in {cases}" if cases else ""
        raise UsageError(f"no scenario{where} matches {only!r}", "list them: nephoscope demo --list")
    Conductor(session.loaded.settings, session.plugins).planner()  # what is misspelt is told once, not as a failure of every trial
    trials = []

    def rehearse(settings: Settings, words: str, scope: Scope) -> Report:
        return App(settings, session.plugins).rehearse(words, scope)

    def again(settings: Settings, bundle: str) -> Report:
        return App(settings, session.plugins).replay(bundle, on_event=lambda _: None).after

    suite = Suite(session.loaded.settings, session.plugins, rehearse, how.keep, again)
    for trial in suite.run(chosen, how.variants, wordings=how.wordings, jobs=how.jobs, repeats=how.repeats):
        trials.append(trial)
        if trial.split != "held" and (not as_json or sys.stderr.isatty()):
            sys.stderr.write(_line(trial) + "\n")
    rows, seed = scores(trials), made.unknown if made.seed is None else made.seed
    if as_json:
        document = {
            "seed": seed,
            "scores": [row.model_dump() for row in rows],
            "outcomes": outcomes(trials),
            "calibration": calibrated(trials).model_dump(),
            "steadiness": steadiness(trials).model_dump(),
            "trials": [trial.model_dump() for trial in trials if trial.split != "held"],
        }
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        show(rows, outcomes(trials), calibrated(trials), steadiness(trials), seed=seed)
    return rows


def _line(trial: Trial) -> str:
    if trial.truth.touches:
        found = ", ".join(trial.causes) or "-"
        return f"{trial.outcome or 'error':12} {trial.scenario} | {trial.words} | {found}  {trial.calls} calls {trial.seconds:.1f} s {trial.error}"
    mark = "ok " if trial.right else "BAD"
    found = ", ".join(trial.causes) or "-"
    expected = "" if trial.right else f"   expected {trial.truth.verdict}: {', '.join(trial.truth.causes) or '-'}"
    trouble = f"   error: {trial.error}" if trial.error else ""
    gaps = f"   gap not named: {', '.join(trial.missing_gaps)}" if trial.missing_gaps else ""
    return f"{mark} {trial.scenario}/{trial.variant}  {trial.verdict}: {found}  {trial.calls} calls {trial.seconds:.1f} s{expected}{gaps}{trouble}"
