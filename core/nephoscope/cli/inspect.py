"""``nephoscope inspect``: an account against a set of checks."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from nephoscope.cli import exits, options
from nephoscope.cli.choice import InspectionFormat, SeverityLevel

if TYPE_CHECKING:
    from nephoscope.cli.output import Output
    from nephoscope.cli.session import Session
    from nephoscope.models.inspection import Inspection, InspectionOrder, TakenFindings


ROOM: Final = {"calls": 20_000, "seconds": 3600.0}
"""A whole account takes more than one problem in it: so much may be spent where nobody said otherwise."""
_WHAT: Final = "What to check"
_OUTPUT: Final = "Output"

Framework = Annotated[
    list[str] | None, typer.Option("--framework", metavar="NAME", help="Checks of this framework. Repeatable.", rich_help_panel=_WHAT)
]
Check = Annotated[list[str] | None, typer.Option("--check", metavar="ID", help="This check. Repeatable.", rich_help_panel=_WHAT)]
Service = Annotated[list[str] | None, typer.Option("--service", metavar="NAME", help="Checks of this service. Repeatable.", rich_help_panel=_WHAT)]
Severity = Annotated[SeverityLevel | None, typer.Option("--severity", metavar="LEVEL", help="Checks at least so serious.", rich_help_panel=_WHAT)]
Import = Annotated[
    list[Path] | None,
    typer.Option(
        "--import",
        metavar="FILE",
        help="Show what another tool found; asks a cloud only beside options that choose checks or a place. Repeatable.",
        rich_help_panel=_WHAT,
    ),
]
Format = Annotated[
    InspectionFormat | None,
    typer.Option("--format", metavar="table|json|sarif|ocsf|html", help="How the result is written.", rich_help_panel=_OUTPUT),
]
File = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the result to a file.", rich_help_panel=_OUTPUT)]
FailOn = Annotated[
    SeverityLevel | None,
    typer.Option("--fail-on", metavar="LEVEL", help="Exit 1 when something at least so serious is found.", rich_help_panel=_OUTPUT),
]


def inspect(
    *,
    context: typer.Context,
    framework: Framework = None,
    check: Check = None,
    service: Service = None,
    severity: Severity = None,
    import_: Import = None,
    list_: Annotated[bool, typer.Option("--list", help="List the checks; asks no cloud.", rich_help_panel=_WHAT)] = False,
    format_: Format = None,
    output_: File = None,
    fail_on: FailOn = None,
    cloud: options.Cloud = None,
    region: options.Region = None,
    endpoint_url: options.EndpointUrl = None,
    telemetry: options.Telemetry = None,
    reuse: options.Reuse = None,
    executor: options.ExecutorName = None,
    max_seconds: options.MaxSeconds = None,
    max_calls: options.MaxCalls = None,
    max_usd: options.MaxUsd = None,
    as_json: options.AsJson = False,
    quiet: options.Quiet = False,
    plain: options.Plain = False,
) -> None:
    """Check an account against best practices, read-only, each finding with its evidence.

    What could not be seen is told as not evaluated, with the permission it takes; it never counts as passed.
    """
    from nephoscope.cli.investigate import room
    from nephoscope.cli.output import Output
    from nephoscope.cli.session import open_session

    with Output(as_json=as_json or format_ is InspectionFormat.json, quiet=quiet, plain=plain) as output:
        form = InspectionFormat.json if as_json else format_ or InspectionFormat.table
        session = _roomy(open_session(options.flags(context), context.args, known=options.names(context)))
        _no_words(session)
        order = _order(framework, check, service, severity)
        if list_:
            _show(session, order, output)
            return
        room(output_)
        taken = session.application().take_findings(import_) if import_ else None
        asked = not import_ or any((framework, check, service, severity, cloud, region, endpoint_url, context.args))
        done = _watched(session, order, output) if asked else None
        done = _with(done, taken)
        _write(done, form, output_, output)
        raise typer.Exit(_exit_code(done, fail_on))


def _roomy(session: Session) -> Session:
    """With more room than an investigation has, where nothing was set."""
    given = session.loaded.origins
    more = {name: amount for name, amount in ROOM.items() if f"budget.{name}" not in given}
    settings = session.loaded.settings
    settings = settings.model_copy(update={"budget": settings.budget.model_copy(update=more)})
    return dataclasses.replace(session, loaded=dataclasses.replace(session.loaded, settings=settings))


def _no_words(session: Session) -> None:
    from nephoscope.interfaces.errors import UsageError

    if session.words:
        raise UsageError(f"inspect takes no words: {' '.join(session.words)}", 'a problem in words is for: nephoscope investigate "..."')


def _order(framework: list[str] | None, check: list[str] | None, service: list[str] | None, severity: SeverityLevel | None) -> InspectionOrder:
    from nephoscope.models.inspection import InspectionOrder

    given: dict[str, Any] = {"frameworks": framework or (), "checks": check or (), "services": service or ()}
    return InspectionOrder.model_validate({**given, "severity": severity.value if severity else None})


def _show(session: Session, order: InspectionOrder, output: Output) -> None:
    from nephoscope.reporting.inspection import control_table

    cards = [one.card for one in session.application().controls(order)]
    if output.as_json:
        output.document({"schema": "nephoscope.controls/1", "checks": [card.model_dump(mode="json") for card in cards]})
    else:
        output.results.print(control_table(cards))


def _watched(session: Session, order: InspectionOrder, output: Output) -> Inspection:
    from nephoscope.cli.interruption import Interruption

    settings = session.loaded.settings
    output.quiet, output.plain = output.quiet or settings.quiet, output.plain or settings.plain
    app, view = session.application(), output.view()
    with Interruption(app.request_stop, view.note), view:
        return app.inspect(order, on_event=view.on_event)


def _with(done: Inspection | None, taken: TakenFindings | None) -> Inspection:
    """The inspection with what other tools found beside it; by itself where no account was inspected."""
    from nephoscope.models.inspection import Inspection
    from nephoscope.store.ledger import now

    if done is None:
        done = Inspection(started_at=now(), ended_at=now())
    if taken is None:
        return done
    summary = done.summary.model_copy(update={"imported": sum(one.status == "failed" for one in taken.findings)})
    return done.model_copy(update={"imported": taken.findings, "notes": (*done.notes, *taken.troubles), "summary": summary})


def _write(done: Inspection, form: InspectionFormat, target: Path | None, output: Output) -> None:
    """The result in the form wished, to a file or to standard output."""
    from nephoscope.interfaces.errors import UsageError
    from nephoscope.reporting.inspection import render_inspection, written

    if form is InspectionFormat.table and target is None:
        render_inspection(done, output.results)
        return
    text = written(done, form.value)
    if target is None:
        output.write(text)
        return
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"The result could not be written to {target}: {error.strerror}.", "give a file in a folder you may write") from None
    if not output.quiet:
        output.note(f"written: {target}")


def _exit_code(done: Inspection, fail_on: SeverityLevel | None) -> int:
    from nephoscope.models.inspection import SEVERITIES

    if done.status == "interrupted":
        return exits.INTERRUPTED
    if done.trouble is not None:
        return done.trouble.exit_code
    worst = SEVERITIES[: SEVERITIES.index(fail_on.value) + 1] if fail_on else ()
    imported = [one.severity for one in done.imported if one.status == "failed"]
    return exits.INCONCLUSIVE if any(one in worst for one in [*(found.severity for found in done.findings), *imported]) else exits.OK
