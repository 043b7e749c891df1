"""``nephoscope runs``: investigations of this machine: list, show, take away, statistics."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nephoscope.cli import options
from nephoscope.cli.choice import Period, Status

if TYPE_CHECKING:
    from nephoscope.cli.output import Output
    from nephoscope.models.record import Leaving

app = typer.Typer(no_args_is_help=False)

_Status = Annotated[
    Status | None, typer.Option(metavar="STATUS", help="Only those that ended so: concluded, waiting, budget_exhausted, interrupted, failed.")
]
_Cloud = Annotated[str | None, typer.Option(metavar="NAME", help="Only those that looked at this cloud.")]
_Text = Annotated[str | None, typer.Option(metavar="WORDS", help="Only those with this in problem, id or causes.")]
_Since = Annotated[str | None, typer.Option(metavar="WHEN", help="Only those started since: 2026-11-20, 30d, 12h.")]
_Until = Annotated[str | None, typer.Option(metavar="WHEN", help="Only those started before.")]


@app.callback(invoke_without_command=True)
def runs(context: typer.Context) -> None:
    """Past investigations."""
    if context.invoked_subcommand is None:
        list_()


@app.command("list")
def list_(
    *,
    status: _Status = None,
    cloud: _Cloud = None,
    text: _Text = None,
    since: _Since = None,
    until: _Until = None,
    as_json: options.AsJson = False,
) -> None:
    """List them, newest first."""
    from nephoscope.cli.output import Output
    from nephoscope.cli.session import open_session
    from nephoscope.reporting.listing import run_table, select

    with Output(as_json=as_json) as output:
        every = open_session({}).application().runs()
        chosen = select(every, status=status, cloud=cloud, text=text, since=since, until=until)
        if as_json:
            output.document({"schema": "nephoscope.runs/1", "runs": [run.model_dump(mode="json") for run in chosen]})
        elif chosen:
            output.results.print(run_table(chosen))
        else:
            output.note("no such investigation" if every else 'no investigation yet; begin with: nephoscope investigate "what is wrong"')


@app.command()
def show(
    *,
    run_id: options.RunId,
    md: Annotated[bool, typer.Option("--md", help="Markdown, to hand over.")] = False,
    summary: Annotated[bool, typer.Option("--summary", help="Five lines for a chat.")] = False,
    egress: Annotated[bool, typer.Option("--egress", help="What it sent away from this machine, instead.")] = False,
    canonical: Annotated[bool, typer.Option("--canonical", help="JSON without what changes from run to run, to compare.")] = False,
    as_json: options.AsJson = False,
    out: options.Out = None,
) -> None:
    """Show a report again."""
    from nephoscope.cli.output import Output
    from nephoscope.cli.session import open_session
    from nephoscope.interfaces.errors import UsageError
    from nephoscope.reporting import render_markdown
    from nephoscope.reporting import summary as five_lines
    from nephoscope.reporting.canonical import canonical as canonical_bytes

    with Output(as_json=as_json) as output:
        if md + summary + canonical + as_json > 1 or (egress and (md or summary or canonical)):
            raise UsageError("--md, --summary, --canonical and --json exclude one another, --egress all but --json.", "choose one")
        if egress:
            _show_egress(output, open_session({}).application().leavings(run_id))
            return
        report = open_session({}).application().report(run_id)
        if canonical:
            output.write(canonical_bytes(report).decode())
        elif md or summary:
            output.save(report, out)
            output.write(render_markdown(report) if md else five_lines(report))
        else:
            output.report(report, out)


def _show_egress(output: Output, rows: Sequence[Leaving]) -> None:
    from nephoscope.reporting.listing import leaving_table

    if output.as_json:
        output.document({"schema": "nephoscope.egress/1", "sent": [row.model_dump(mode="json") for row in rows]})
    elif rows:
        output.results.print(leaving_table(rows))
    else:
        output.note("nothing left this machine")


@app.command()
def purge(
    *,
    run_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="These, as 'nephoscope runs' lists them.")] = None,
    before: Annotated[str | None, typer.Option("--before", metavar="WHEN", help="Those of yours started before: 2026-11-20, 30d, 12h.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Take investigations away for good: record, replies, report."""
    from nephoscope.cli.output import Output
    from nephoscope.cli.session import open_session
    from nephoscope.interfaces.errors import UsageError
    from nephoscope.reporting.listing import select

    with Output(as_json=as_json) as output:
        if bool(run_ids) == bool(before):
            raise UsageError("Say which: ids, or --before WHEN.", "see them: nephoscope runs")
        application = open_session({}).application()
        chosen = list(run_ids or [run.id for run in select(application.runs(), until=before) if run.mine and run.status != "running"])
        if chosen and not yes and not _agreed(output, chosen):
            raise UsageError("Nothing was taken away.", "say yes, or give --yes")
        gone = application.purge(chosen) if chosen else ()
        if as_json:
            output.document({"schema": "nephoscope.purged/1", "runs": list(gone)})
        else:
            output.note(f"taken away: {', '.join(gone)}" if gone else "no such investigation")


def _agreed(output: Output, chosen: Sequence[str]) -> bool:
    """Asks on standard error. Where nobody can answer the answer is no."""
    import sys

    if not sys.stdin.isatty():
        return False
    output.note(f"{len(chosen)} to take away for good: {', '.join(chosen[:10])}{' ...' if len(chosen) > 10 else ''}")
    return typer.confirm("Take them away?", err=True)


@app.command()
def export(
    run_id: options.RunId,
    bundle: Annotated[Path, typer.Argument(metavar="FILE", help="The bundle to write, a zip.")],
) -> None:
    """Write one as a bundle: report, record and redacted replies, without what belongs to this machine."""
    from nephoscope.cli.output import Output
    from nephoscope.cli.session import open_session

    with Output() as output:
        open_session({}).application().export(run_id, bundle)
        output.note(f"written: {bundle}; go through it again with: nephoscope replay {bundle}")


@app.command("import")
def import_(bundle: Annotated[Path, typer.Argument(metavar="FILE", help="A bundle that 'nephoscope runs export' wrote.")]) -> None:
    """Take a bundle in, to look at it with show, why and replay."""
    from nephoscope.cli.output import Output
    from nephoscope.cli.session import open_session

    with Output() as output:
        run_id = open_session({}).application().take_in(bundle)
        output.write(f"{run_id}\n")
        output.note(f"see it: nephoscope runs show {run_id}")


@app.command()
def stats(
    *,
    by: Annotated[Period, typer.Option(metavar="day|week|month", help="Group by.")] = Period.day,
    since: _Since = None,
    until: _Until = None,
    cloud: _Cloud = None,
    as_json: options.AsJson = False,
) -> None:
    """Seconds per phase, calls, repairs and dollars over time."""
    from nephoscope.cli.output import Output
    from nephoscope.cli.session import open_session
    from nephoscope.reporting.listing import select
    from nephoscope.reporting.statistics import statistics, statistics_table

    with Output(as_json=as_json) as output:
        rows = statistics(select(open_session({}).application().runs(), cloud=cloud, since=since, until=until), by.value)
        if as_json:
            output.document({"schema": "nephoscope.statistics/1", "periods": [row.model_dump(mode="json") for row in rows]})
        elif rows:
            output.results.print(statistics_table(rows))
        else:
            output.note("no investigation in that time")
