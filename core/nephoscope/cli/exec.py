"""``nephoscope exec``: a command of one's own behind the boundary."""

from __future__ import annotations

from typing import Annotated

import typer

from nephoscope.cli import options


def exec_(
    *,
    context: typer.Context,
    command: Annotated[list[str], typer.Argument(metavar="-- COMMAND...", help="What to run, such as: python anything.py")],
    cloud: options.Cloud = None,
    region: options.Region = None,
    endpoint_url: options.EndpointUrl = None,
    allow_resource: options.AllowResource = None,
    grant: options.Grant = None,
    telemetry: options.Telemetry = None,
    executor: options.ExecutorName = None,
    max_seconds: options.MaxSeconds = None,
    max_calls: options.MaxCalls = None,
    max_usd: options.MaxUsd = None,
) -> None:
    """Run a command of yours in the sandbox: it reads the cloud, and can change nothing.

    Ends with the command's own status, 125 when the boundary refused to run it. Options of a cloud's pack go last, before `--`.
    """
    from nephoscope.cli.output import Output
    from nephoscope.cli.session import open_session
    from nephoscope.interfaces.errors import UsageError

    with Output():
        words = command if any(word.startswith("-") for word in command[:1]) else ["--", *command]
        session = open_session(options.flags(context), words, known=options.names(context), leading=True)
        if not session.words:
            raise UsageError("There is no command to run.", "nephoscope exec -- python anything.py")
        raise typer.Exit(session.application().execute(session.words))
