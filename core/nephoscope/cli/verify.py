"""``nephoscope verify``: after a fix, make the deciding observations again."""

from __future__ import annotations

import typer

from nephoscope.cli import exits, options


def verify(run_id: options.RunId, as_json: options.AsJson = False) -> None:
    """After a fix: make the deciding observations again. Exit 0 when no cause holds any more, else 1."""
    from nephoscope.cli.output import Output
    from nephoscope.cli.session import open_session
    from nephoscope.reporting import render_verification

    with Output(as_json=as_json) as output:
        verification = open_session({}).application().verify(run_id)
        if as_json:
            output.document({"schema": "nephoscope.verification/1", **verification.model_dump(mode="json")})
        else:
            render_verification(verification, output.results)
        raise typer.Exit(exits.INCONCLUSIVE if verification.remaining else exits.OK)
