"""``nephoscope doctor``: what holds on this machine."""

from __future__ import annotations

import typer

from nephoscope.cli import exits, options


def doctor(
    *,
    context: typer.Context,
    cloud: options.Cloud = None,
    region: options.Region = None,
    endpoint_url: options.EndpointUrl = None,
    executor: options.ExecutorName = None,
    as_json: options.AsJson = False,
) -> None:
    """Check isolation, packs and folders, and say what would help. Exit 2 when something is broken.

    With a cloud, a region, an endpoint or an option of a cloud's pack it also tries the credentials; exit 3 when only they are refused.
    """
    from nephoscope.cli.output import Output
    from nephoscope.cli.session import open_session
    from nephoscope.interfaces.errors import UsageError
    from nephoscope.reporting.listing import ailment_table

    with Output(as_json=as_json) as output:
        session = open_session(options.flags(context), context.args, known=options.names(context))
        if session.words:
            raise UsageError(f"doctor takes no words: {' '.join(session.words)}", "nephoscope doctor --help")
        ailments = session.application().doctor(connect=bool(cloud or region or endpoint_url or context.args))
        if as_json:
            output.document({"schema": "nephoscope.doctor/1", "checks": [ailment.model_dump(mode="json") for ailment in ailments]})
        else:
            output.results.print(ailment_table(ailments))
        broken = {ailment.name for ailment in ailments if ailment.state == "broken"}
        raise typer.Exit(exits.CREDENTIALS if broken == {"credentials"} else exits.USAGE if broken else exits.OK)
