"""``nephoscope resume``: go on with an investigation that waits or was interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from nephoscope.cli import options

if TYPE_CHECKING:
    from nephoscope.cli.application import Application

_RunId = Annotated[str | None, typer.Argument(metavar="[ID]", help="The investigation; without it, your newest that did not conclude.")]


def resume(
    *,
    context: typer.Context,
    run_id: _RunId = None,
    model: options.Model = None,
    model_base_url: options.ModelBaseUrl = None,
    model_key: options.ModelKey = None,
    mask: options.Mask = None,
    executor: options.ExecutorName = None,
    ask: options.Ask = None,
    prove: options.Prove = None,
    memory: options.Memory = None,
    answer: options.Answer = None,
    max_steps: options.MaxSteps = None,
    max_seconds: options.MaxSeconds = None,
    max_calls: options.MaxCalls = None,
    max_tokens: options.MaxTokens = None,
    max_usd: options.MaxUsd = None,
    as_json: options.AsJson = False,
    out: options.Out = None,
    quiet: options.Quiet = False,
    plain: options.Plain = False,
) -> None:
    """Go on with an investigation; nothing that was answered is asked again."""
    from nephoscope.cli.output import Output
    from nephoscope.cli.session import conduct, open_session

    with Output(as_json=as_json, quiet=quiet, plain=plain) as output:
        session = open_session(options.flags(context))
        chosen = output.run_id = run_id or _newest(session.application())
        raise conduct(session, output, lambda app, callbacks: app.resume(chosen, **callbacks), out=out, answers=answer or ())


def _newest(app: Application) -> str:
    from nephoscope.interfaces.errors import UsageError

    for run in app.runs():
        if run.mine and run.kind == "investigation" and run.status not in ("concluded", "running"):
            return run.id
    raise UsageError("There is no investigation to go on with.", "nephoscope runs lists all of them")
