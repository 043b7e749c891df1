"""``nephoscope replay``: a recorded run once more, offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nephoscope.cli import options

if TYPE_CHECKING:
    from nephoscope.cli.output import Output
    from nephoscope.models.record import Replay

_MOST = 20


def replay(
    *,
    source: Annotated[str, typer.Argument(metavar="BUNDLE", help="A bundle, or the id of a run that is here.")],
    canonical: Annotated[
        bool, typer.Option("--canonical", help="Print the report as JSON without what changes from run to run: the same bytes each time.")
    ] = False,
    as_scenario: Annotated[
        Path | None,
        typer.Option("--as-scenario", metavar="DIR", help="Keep it in this folder as a case that bench runs: nephoscope bench --cases DIR."),
    ] = None,
    executor: options.ExecutorName = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    plain: options.Plain = False,
    context: typer.Context,
) -> None:
    """Go through a recorded investigation again: the same loop, answered from the record alone. Exit 1 when it goes another way."""
    from nephoscope.cli.output import Output
    from nephoscope.cli.session import open_session
    from nephoscope.interfaces.errors import UsageError
    from nephoscope.reporting.canonical import canonical as canonical_bytes

    with Output(as_json=as_json, quiet=quiet or canonical or as_json, plain=plain) as output:
        if canonical and as_json:
            raise UsageError("--canonical and --json exclude one another.", "choose one")
        app = open_session(options.flags(context)).application()
        with output.view() as view:
            found = app.replay(source, on_event=view.on_event)
        if as_scenario is not None:
            output.note(f"kept: {app.keep_case(source, found, as_scenario)}; run it with: nephoscope bench --cases {as_scenario}")
        if canonical:
            output.write(canonical_bytes(found.after).decode())
        elif as_json:
            output.document({"schema": "nephoscope.replay/1", **found.model_dump(mode="json", by_alias=True), "same": found.same})
        else:
            output.report(found.after)
        _tell(found, output)
        raise typer.Exit(0 if found.same else 1)


def _tell(found: Replay, output: Output) -> None:
    from nephoscope.reporting.text import compact

    for one in found.differences[:_MOST]:
        values = f": {compact(one.before, 120)} → {compact(one.after, 120)}" if (one.before, one.after) != (None, None) else ""
        output.note(f"{one.kind.replace('_', ' ')}: {one.what}{values}")
    if len(found.differences) > _MOST:
        output.note(f"and {len(found.differences) - _MOST} more differences (--json lists them)")
    how = "as before" if found.same else "not as before"
    output.note(f"replayed {found.id}: {how}, {found.answered} calls answered from the record")
