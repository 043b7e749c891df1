"""``nephoscope why``: the recorded reply behind a line of a report."""

from __future__ import annotations

from typing import Annotated

import typer

from nephoscope.cli import options


def why(
    run_id: options.RunId,
    number: Annotated[int, typer.Argument(metavar="N", min=1, help="The number of the line, or in brackets after it.")],
    as_json: options.AsJson = False,
) -> None:
    """Show the recorded reply behind a line of a report."""
    from nephoscope.cli.output import Output
    from nephoscope.cli.session import open_session
    from nephoscope.reporting import render_explanation

    with Output(as_json=as_json) as output:
        explanation = open_session({}).application().why(run_id, number)
        if as_json:
            output.document({"schema": "nephoscope.explanation/1", **explanation.model_dump(mode="json")})
        else:
            render_explanation(explanation, output.results)
