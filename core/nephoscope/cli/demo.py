"""``nephoscope demo``: an investigation of an emulated account, with no account and no key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nephoscope.cli import options

if TYPE_CHECKING:
    from nephoscope.cli.application import Application
    from nephoscope.cli.output import Output

_Scenario = Annotated[str | None, typer.Argument(metavar="[SCENARIO]", help="Which broken account; --list names them.")]
_List = Annotated[bool, typer.Option("--list", help="List the scenarios.")]
_Keep = Annotated[bool, typer.Option("--keep", help="Leave the emulator up, and print how to point at it.")]
_AskText = Annotated[str | None, typer.Option(metavar="TEXT", help="Describe the problem in your own words.")]


def demo(
    *,
    context: typer.Context,
    scenario: _Scenario = None,
    list_: _List = False,
    keep: _Keep = False,
    ask_text: _AskText = None,
    planner: options.PlannerName = None,
    model: options.Model = None,
    model_base_url: options.ModelBaseUrl = None,
    model_key: options.ModelKey = None,
    mask: options.Mask = None,
    executor: options.ExecutorName = None,
    unsafe_local: options.UnsafeLocal = None,
    ask: options.Ask = None,
    prove: options.Prove = None,
    memory: options.Memory = None,
    max_tokens: options.MaxTokens = None,
    max_usd: options.MaxUsd = None,
    as_json: options.AsJson = False,
    out: options.Out = None,
    quiet: options.Quiet = False,
    plain: options.Plain = False,
) -> None:
    """Watch an investigation of an emulated, broken account."""
    from nephoscope.cli.output import Output
    from nephoscope.cli.session import conduct, open_session

    with Output(as_json=as_json, quiet=quiet, plain=plain) as output:
        session = open_session(options.flags(context))
        if list_:
            _show(session.application(), output)
            return
        raise conduct(session, output, lambda app, callbacks: app.demo(scenario, ask_text, keep, **callbacks), out=out)


def _show(app: Application, output: Output) -> None:
    from nephoscope.reporting.listing import scenario_table

    scenarios = app.scenarios()
    if output.as_json:
        rows = [{"id": scenario.id, "family": scenario.family, "text": scenario.text} for scenario in scenarios]
        output.document({"schema": "nephoscope.scenarios/1", "scenarios": rows})
    else:
        output.results.print(scenario_table([(scenario.id, scenario.family, scenario.text) for scenario in scenarios]))
