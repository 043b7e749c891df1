"""``nephoscope investigate``: from words to a verdict with evidence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from nephoscope.cli import options


def investigate(
    *,
    context: typer.Context,
    text: options.Words = None,
    cloud: options.Cloud = None,
    region: options.Region = None,
    endpoint_url: options.EndpointUrl = None,
    allow_resource: options.AllowResource = None,
    grant: options.Grant = None,
    telemetry: options.Telemetry = None,
    reuse: options.Reuse = None,
    planner: options.PlannerName = None,
    model: options.Model = None,
    model_base_url: options.ModelBaseUrl = None,
    model_key: options.ModelKey = None,
    mask: options.Mask = None,
    executor: options.ExecutorName = None,
    ask: options.Ask = None,
    answer: options.Answer = None,
    prove: options.Prove = None,
    memory: options.Memory = None,
    max_steps: options.MaxSteps = None,
    max_seconds: options.MaxSeconds = None,
    max_calls: options.MaxCalls = None,
    max_tokens: options.MaxTokens = None,
    max_usd: options.MaxUsd = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the run as a bundle too, for nephoscope replay.", rich_help_panel="Output")
    ] = None,
    as_json: options.AsJson = False,
    out: options.Out = None,
    quiet: options.Quiet = False,
    plain: options.Plain = False,
) -> None:
    """Find out what is wrong, read-only, and prove it.

    Cloud packs add options of their own, such as a profile: `nephoscope plugins` lists them.
    """
    from nephoscope.cli.output import Output
    from nephoscope.cli.problem import read_problem
    from nephoscope.cli.session import conduct, open_session

    with Output(as_json=as_json, quiet=quiet, plain=plain) as output:
        session = open_session(options.flags(context), text or (), known=options.names(context))
        problem = read_problem(session.words)
        room(record)
        ended = conduct(session, output, lambda app, callbacks: app.investigate(problem, **callbacks), out=out, answers=answer or ())
        if record and output.run_id:
            session.application().export(output.run_id, record)
            output.note(f"recorded: {record}")
        raise ended


def room(target: Path | None) -> None:
    """See that a file can be written before anything is spent on what will be in it. Raises ``UsageError``."""
    from nephoscope.interfaces.errors import UsageError

    if target is not None and (target.is_dir() or not os.access(target.parent, os.W_OK)):
        raise UsageError(f"{target} cannot be written.", "give a file in a folder you may write to")
