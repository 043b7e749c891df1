"""``nephoscope compare``: which model, for what, at what price; measured on seeded accounts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nephoscope.cli import exits, options

if TYPE_CHECKING:
    from nephoscope.cli.output import Output
    from nephoscope.cli.session import Session
    from nephoscope.comparing import Wish
    from nephoscope.comparison.document import Comparison
    from nephoscope.comparison.measure import Measure
    from nephoscope.comparison.running import Progress
    from nephoscope.settings import Settings

_LOCAL = "local"
_WHO = "Who is compared"
_ON = "On what"
_KEPT = "What is kept"
_Models = Annotated[str, typer.Option(metavar="A,B", help="Models, PROVIDER:NAME[@URL], separated by commas.", rich_help_panel=_WHO)]
_Prompts = Annotated[str, typer.Option(metavar="P,Q", help="Sets of prompts: 'shipped', or folders of prompt files.", rich_help_panel=_WHO)]
_Planner = Annotated[
    str, typer.Option(metavar="X,Y", help="Planners; default: llm where models are named, and always playbook.", rich_help_panel=_WHO)
]
_Judge = Annotated[
    str, typer.Option(metavar="MODEL", help="A model that marks prose, heard only where it agrees with people's labels.", rich_help_panel=_WHO)
]
_Suite = Annotated[str, typer.Option(metavar="NAME", help="Scenarios: 'all', or a tag, a family, an id.", rich_help_panel=_ON)]
_Variant = Annotated[list[str] | None, typer.Option(help="Only these variants: fault, twin, near_miss. May be repeated.", rich_help_panel=_ON)]
_Repeats = Annotated[int, typer.Option(min=1, max=100, help="How often each model tries each.", rich_help_panel=_ON)]
_Budget = Annotated[
    float | None, typer.Option(metavar="USD", min=0, help="For all models together; then it stops, and can go on.", rich_help_panel=_ON)
]
_Engine = Annotated[str, typer.Option(metavar="NAME", help="Where cells run: local, or what a pack brings, such as ray.", rich_help_panel=_ON)]
_Address = Annotated[str, typer.Option(metavar="HOST:PORT", help="Where the engine is; default: one of its own, here.", rich_help_panel=_ON)]
_Jobs = Annotated[int | None, typer.Option(min=1, max=4096, help="Cells at a time; default: 2 here, elsewhere one per CPU.", rich_help_panel=_ON)]
_Fresh = Annotated[bool, typer.Option("--fresh", help="Begin anew instead of going on.", rich_help_panel=_KEPT)]
_Record = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Keep replies of models in it; those it has are not paid for.", rich_help_panel=_KEPT)
]
_Replay = Annotated[Path | None, typer.Option(metavar="FILE", help="Take replies of models from it, and from nowhere else.", rich_help_panel=_KEPT)]
_Folder = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Write report.html, report.md, results.csv and results.json.", rich_help_panel=_KEPT)
]
_Baseline = Annotated[Path | None, typer.Option(metavar="FILE", help="The results.json of an earlier comparison.", rich_help_panel=_KEPT)]
_FailIf = Annotated[str | None, typer.Option(metavar="worse", help="Exit 1 when somebody is worse than in the baseline.", rich_help_panel=_KEPT)]


def compare(
    *,
    context: typer.Context,
    models: _Models = "",
    prompts: _Prompts = "",
    planner: _Planner = "",
    judge: _Judge = "",
    suite: _Suite = "smoke",
    variant: _Variant = None,
    repeats: _Repeats = 1,
    budget: _Budget = None,
    engine: _Engine = _LOCAL,
    address: _Address = "",
    jobs: _Jobs = None,
    fresh: _Fresh = False,
    record: _Record = None,
    replay: _Replay = None,
    output: _Folder = None,
    baseline: _Baseline = None,
    fail_if: _FailIf = None,
    model_base_url: options.ModelBaseUrl = None,
    model_key: options.ModelKey = None,
    mask: options.Mask = None,
    max_seconds: options.MaxSeconds = None,
    max_tokens: options.MaxTokens = None,
    max_usd: options.MaxUsd = None,
    as_json: options.AsJson = False,
) -> None:
    """Compare language models on seeded accounts: a table with intervals, tiers, costs; goes on where it was cut off."""
    from nephoscope.cli.output import Output

    with Output(as_json=as_json) as shown:
        _check(fail_if, baseline)
        given = {key: value for key, value in options.flags(context).items() if key != "planner"}
        from nephoscope.comparing import Wish

        wish = Wish(
            models=_listed(models),
            prompts=_listed(prompts),
            planners=_listed(planner),
            suite=suite,
            variants=tuple(variant or ()),
            repeats=repeats,
            budget=budget,
            jobs=jobs or 0,
            engine=engine,
            address=address,
            fresh=fresh,
            record=record,
            replay=replay,
            judge=judge.strip(),
        )
        found = _compared(wish, given, shown, baseline)
        _show(found, shown, output)
        raise typer.Exit(_exit(found, fail_if))


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _check(fail_if: str | None, baseline: Path | None) -> None:
    """What cannot be meant is said before anything is loaded or spent. Raises ``UsageError``."""
    from nephoscope.interfaces import UsageError

    if fail_if not in (None, "worse"):
        raise UsageError(f"--fail-if knows no {fail_if!r}", "write --fail-if worse")
    if fail_if and not baseline:
        raise UsageError("--fail-if worse needs something to be worse than", "give --baseline FILE, the results.json of an earlier comparison")


def _compared(wish: Wish, given: Mapping[str, Any], shown: Output, baseline: Path | None) -> Comparison:
    from nephoscope.cli.interruption import Interruption
    from nephoscope.cli.session import open_session
    from nephoscope.comparing import Comparing, stored
    from nephoscope.comparison.summing import changes

    before = stored(baseline) if baseline else None
    session = open_session(given)
    comparing = Comparing(_settings(session, asked=bool(wish.models)), session.plugins, _Lines(shown), shown.note)
    with Interruption(comparing.request_stop, shown.note):
        found = comparing.compare(wish)
    return found.model_copy(update={"baseline": changes(found, before)}) if before else found


def _settings(session: Session, *, asked: bool) -> Settings:
    """The settings of the person, with the time that models take."""
    from nephoscope.settings.load import SECONDS_WITH_MODEL

    settings = session.loaded.settings
    if asked and "budget.seconds" not in session.loaded.origins:
        return settings.model_copy(update={"budget": settings.budget.model_copy(update={"seconds": SECONDS_WITH_MODEL})})
    return settings


class _Lines:
    """One line per cell on standard error: what came out, what it cost, how much is to come."""

    def __init__(self, shown: Output) -> None:
        self._shown = shown

    def __call__(self, measure: Measure, progress: Progress) -> None:
        from nephoscope.reporting.telling import duration, money

        cell = measure.cell
        times = f" try {cell.repeat + 1}" if cell.repeat else ""
        spent = f"  {money(measure.asking.usd)}" if cell.contestant.model else ""
        left = [money(progress.usd) + " so far"] if cell.contestant.model or progress.usd else []
        if progress.left and progress.usd_left:
            left.append(f"about {money(progress.usd_left)} more")
        if progress.left and progress.seconds_left is not None:
            left.append(f"about {duration(progress.seconds_left)} to go")
        why = f"  {measure.error}" if measure.error else ""
        self._shown.note(
            f"{progress.done:>{len(str(progress.planned))}}/{progress.planned} {measure.outcome:10} {cell.contestant.label}  {cell.unit}{times}"
            f"  {measure.calls} calls  {duration(measure.seconds)}{spent}{why}" + (f"  ({', '.join(left)})" if left else "")
        )


def _show(found: Comparison, shown: Output, output: Path | None) -> None:
    if output is not None:
        from nephoscope.comparison.rendering import write
        from nephoscope.reporting import render_markdown

        for path in write(found, output, render_markdown):
            shown.note(f"written: {path}")
    if shown.as_json:
        shown.write(found.model_dump_json(by_alias=True, indent=2) + "\n")
        return
    from nephoscope.comparison.rendering.table import render

    render(found, shown.results)


def _exit(found: Comparison, fail_if: str | None) -> int:
    from nephoscope.comparing import INTERRUPTED

    if found.why_not_whole == INTERRUPTED:
        return exits.INTERRUPTED
    failed = fail_if == "worse" and (bool(found.why_not_whole) or any(change.worse for change in found.baseline))
    return 1 if failed else exits.OK
