"""``nephoscope policy``: what the gate allows and why, and the least that has to be allowed upstream."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from typer.core import TyperGroup

from nephoscope.cli import options

if TYPE_CHECKING:
    from nephoscope.permitting import Permits


class PolicyGroup(TyperGroup):
    """``policy ID`` is ``policy show ID``."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        known = self.get_command(ctx, args[0]) is not None
        return super().resolve_command(ctx, args if known or not _ID.fullmatch(args[0]) else ["show", *args])


_ID: Final = re.compile(r"r-[0-9a-z]{2,20}")
app = typer.Typer(no_args_is_help=True, cls=PolicyGroup)


class Form(StrEnum):
    """Forms of a policy."""

    json = "json"
    terraform = "terraform"
    cloudformation = "cloudformation"


_Form = Annotated[Form, typer.Option("--as", metavar="FORM", help="json, terraform or cloudformation.")]


@app.callback()
def policy() -> None:
    """What may be read and why, and least-privilege policies."""


@app.command()
def explain(
    context: typer.Context,
    operation: Annotated[str, typer.Argument(metavar="SERVICE:OPERATION", help="An operation as the SDK names it.")],
    cloud: options.Cloud = None,
    as_json: options.AsJson = False,
) -> None:
    """Say what kind of access an operation is, who says so, and which parameters change it."""
    from nephoscope.cli.output import Output

    with Output(as_json=as_json) as output:
        permits = _permits(context)
        access = permits.explain(operation)
        allowed = permits.allowed(access)
        if as_json:
            output.document({"schema": "nephoscope.access/1", **access.model_dump(mode="json"), "allowed": allowed})
            return
        output.write(f"{access.operation}  {access.tier}: {allowed}\n")
        output.write(f"  why      {access.reason} ({_SOURCES[access.judged]})\n")
        output.write(f"  needs    {', '.join(access.needs)}{'' if access.verified else ' (unverified action)'}\n")
        for number, change in enumerate(access.changes):
            output.write(f"  {'unless   ' if number == 0 else '         '}{change}\n")


_SOURCES = {
    "reviewed": "reviewed by hand",
    "rule": "reviewed by hand",
    "data": "proposed by public data",
    "unknown": "not known, therefore refused",
}


@app.command()
def coverage(
    context: typer.Context,
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Only this service.")] = "",
    *,
    cloud: options.Cloud = None,
    as_json: options.AsJson = False,
) -> None:
    """Say per service how many operations are reviewed, proposed by data, or refused as unknown."""
    from nephoscope.cli.output import Output
    from nephoscope.reporting.listing import coverage_table

    with Output(as_json=as_json) as output:
        rows = _permits(context).coverage(service)
        if as_json:
            output.document({"schema": "nephoscope.coverage/1", "services": [row.model_dump(mode="json") for row in rows]})
        else:
            output.results.print(coverage_table(rows))


@app.command()
def show(run_id: options.RunId, form: _Form = Form.json, as_json: options.AsJson = False) -> None:
    """Print the least privilege of an investigation, from its ledger. `nephoscope policy ID` is short for it."""
    from nephoscope.cli.output import Output
    from nephoscope.cli.session import open_session

    with Output(as_json=as_json) as output:
        found = open_session({}).application().permits().of_run(run_id, form.value)
        if as_json:
            output.document({"schema": "nephoscope.policies/1", "policies": [each.model_dump(mode="json") for each in found]})
            return
        for each in found:
            output.write(each.text)
            for remark in each.remarks:
                output.note(remark)


@app.command()
def diff(
    first: Annotated[str, typer.Argument(metavar="ID", help="An investigation, as 'nephoscope runs' lists it.")],
    second: Annotated[str, typer.Argument(metavar="ID", help="Another.")],
    as_json: options.AsJson = False,
) -> None:
    """Say which permissions each of two investigations needs and the other does not."""
    from nephoscope.cli.output import Output
    from nephoscope.cli.session import open_session

    with Output(as_json=as_json) as output:
        found = open_session({}).application().permits().difference(first, second)
        if as_json:
            output.document({"schema": "nephoscope.policy-difference/1", "clouds": [each.model_dump(mode="json") for each in found]})
            return
        for each in found:
            for name, only in ((first, each.only_first), (second, each.only_second)):
                output.write("".join(f"only {name}  {permission}\n" for permission in only))
        if not any(each.only_first or each.only_second for each in found):
            output.note("both need the same")


@app.command()
def session(context: typer.Context, cloud: options.Cloud = None, grant: options.Grant = None, telemetry: options.Telemetry = None) -> None:
    """Print what narrows upstream credentials to the kinds of access in force, as JSON."""
    from nephoscope.cli.output import Output

    with Output(as_json=True) as output:
        output.document({"schema": "nephoscope.session/1", "sessions": dict(_permits(context).session())})


@app.command()
def baseline(
    context: typer.Context,
    cloud: options.Cloud = None,
    grant: options.Grant = None,
    telemetry: options.Telemetry = None,
    form: _Form = Form.cloudformation,
) -> None:
    """Print a role to inspect an account with."""
    from nephoscope.cli.output import Output

    with Output() as output:
        output.write(_permits(context).baseline(form.value))


def _permits(context: typer.Context) -> Permits:
    from nephoscope.cli.session import open_session

    return open_session(options.flags(context)).application().permits()
