"""``nephoscope doctor``: what holds on this machine."""

from __future__ import annotations

import typer

from nephoscope.cli import exits, options


def doctor(context: typer.Context, cloud: options.Cloud = None, executor: options.ExecutorName = None, as_json: options.AsJson = False) -> None:
    """Check isolation, packs and folders, and say what would help. Exit 2 when something is broken."""
    from nephoscope.cli.output import Output
    from nephoscope.cli.session import open_session
    from nephoscope.reporting.listing import ailment_table

    with Output(as_json=as_json) as output:
        ailments = open_session(options.flags(context)).application().doctor()
        if as_json:
            output.document({"schema": "nephoscope.doctor/1", "checks": [ailment.model_dump(mode="json") for ailment in ailments]})
        else:
            output.results.print(ailment_table(ailments))
        raise typer.Exit(exits.USAGE if any(ailment.state == "broken" for ailment in ailments) else exits.OK)
