"""``nephoscope investigate``: from words to a verdict with evidence."""

from __future__ import annotations

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
    planner: options.PlannerName = None,
    model: options.Model = None,
    model_base_url: options.ModelBaseUrl = None,
    model_key: options.ModelKey = None,
    mask: options.Mask = None,
    executor: options.ExecutorName = None,
    ask: options.Ask = None,
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
    """Find out what is wrong, read-only, and prove it.

    Cloud packs add options of their own, such as a profile: `nephoscope plugins` lists them.
    """
    from nephoscope.cli.output import Output
    from nephoscope.cli.problem import read_problem
    from nephoscope.cli.session import conduct, open_session

    with Output(as_json=as_json, quiet=quiet, plain=plain) as output:
        session = open_session(options.flags(context), text or (), known=options.names(context))
        problem = read_problem(session.words)
        raise conduct(session, output, lambda app, callbacks: app.investigate(problem, **callbacks), out=out, answers=answer or ())
