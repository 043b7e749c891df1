"""``nephoscope facts``: what is remembered of accounts from earlier runs: list, show, forget."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from nephoscope.cli import options

if TYPE_CHECKING:
    from nephoscope.models import JsonValue, Remembered
    from nephoscope.store.memory import Memory, Which

app = typer.Typer(no_args_is_help=False)

_Account = Annotated[str | None, typer.Option(metavar="ID", help="Only of this account.")]
_Resource = Annotated[str | None, typer.Option(metavar="TEXT", help="Only of things whose name or identifier contains this.")]
_Kind = Annotated[str | None, typer.Option(metavar="KIND", help="Only of this kind, such as compute.function, or the cloud's own type.")]
_Older = Annotated[str | None, typer.Option(metavar="AGE", help="Only what was last seen so long ago, such as 30d or 12h.")]
_Newer = Annotated[str | None, typer.Option(metavar="AGE", help="Only what was seen since, such as 7d.")]
_SHOWN = 60
_DAYS = {"d": 1.0, "h": 1 / 24, "m": 1 / 1440}


@app.callback(invoke_without_command=True)
def facts(context: typer.Context) -> None:
    """What is remembered of accounts. It finds names and ranks hypotheses; it never proves."""
    if context.invoked_subcommand is None:
        list_()


@app.command("list")
def list_(
    *,
    account: _Account = None,
    resource: _Resource = None,
    kind: _Kind = None,
    older_than: _Older = None,
    newer_than: _Newer = None,
    as_json: options.AsJson = False,
) -> None:
    """List facts, the newest first."""
    from nephoscope.cli.output import Output
    from nephoscope.reporting.listing import fact_table

    with Output(as_json=as_json) as output, _memory() as memory:
        found = memory.facts(_which(account, resource, kind, older_than, newer_than))
        if as_json:
            output.document({"schema": "nephoscope.facts/1", "facts": [_row(whose, one) for whose, one in found]})
        elif found:
            output.results.print(fact_table([(whose, one, _value(one)) for whose, one in found]))
        else:
            output.note("nothing is remembered that fits; runs remember what they read, unless the setting memory is off")


@app.command()
def show(
    *,
    resource: Annotated[str, typer.Argument(metavar="RESOURCE", help="A name or an identifier, or a part of one.")],
    account: _Account = None,
    as_json: options.AsJson = False,
) -> None:
    """Show all that is remembered of one thing, and what it names and is named by."""
    from nephoscope.cli.output import Output
    from nephoscope.interfaces import UsageError
    from nephoscope.reporting.text import clean

    with Output(as_json=as_json) as output, _memory() as memory:
        found = memory.facts(_which(account, resource, None, None, None))
        exact = [(whose, one) for whose, one in found if resource in (one.subject.name, one.subject.native_id)]
        chosen = exact or found
        things = list(dict.fromkeys(one.subject.key for _, one in chosen))
        if not things:
            raise UsageError(f"nothing is remembered of {resource!r}", "see what is: nephoscope facts list")
        if len(things) > 1:
            raise UsageError(f"{resource!r} fits {len(things)} things", f"say which: {', '.join(key.split('|')[-1] for key in things[:5])}")
        edges = memory.edges(things[0])
        if as_json:
            rows: list[JsonValue] = [edge.model_dump(mode="json") for edge in edges]
            output.document({"schema": "nephoscope.facts/1", "facts": [_row(whose, one) for whose, one in chosen], "edges": rows})
            return
        subject = chosen[0][1].subject
        output.write(f"{clean(subject.native_id)} ({subject.native_type}) in account {chosen[0][0]}\n")
        for _, one in sorted(chosen, key=lambda pair: pair[1].attribute):
            output.write(f"  {clean(one.attribute)}: {clean(_value(one))}  (seen {one.observed_at[:16]}, {one.run})\n")
        for edge in edges:
            out, other = edge.source == things[0], edge.target if edge.source == things[0] else edge.source
            output.write(f"  {'names' if out else 'is named by'} {clean(other.split('|')[-1])} ({clean(edge.relation)})\n")


@app.command()
def forget(
    *,
    account: _Account = None,
    resource: _Resource = None,
    kind: _Kind = None,
    older_than: _Older = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is remembered.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Forget facts. Records of runs stay: `nephoscope runs purge` takes those away."""
    from nephoscope.cli.output import Output
    from nephoscope.interfaces import UsageError

    with Output(as_json=as_json) as output:
        if not everything and not any((account, resource, kind, older_than)):
            raise UsageError("nothing was said of what to forget", "give --account, --resource, --kind or --older-than; or --all")
        which = _which(account, resource, kind, older_than, None)
        with _memory() as memory:
            count = len(memory.facts(which))
            if count and not yes and not _agreed(count):
                output.note("nothing was forgotten")
                raise typer.Exit(1)
            gone = memory.forget(which) if count else 0
        if as_json:
            output.document({"schema": "nephoscope.forgotten/1", "facts": gone})
        else:
            output.note(f"forgotten: {gone} fact{'s' if gone != 1 else ''}")


def _agreed(count: int) -> bool:
    """Ask whoever is there. Raises ``UsageError`` where nobody is."""
    from nephoscope.interfaces import UsageError

    if not sys.stdin.isatty():
        raise UsageError(f"{count} facts would be forgotten, and nobody is there to be asked", "say --yes")
    return typer.confirm(f"Forget {count} facts?", err=True)


def _which(account: str | None, resource: str | None, kind: str | None, older: str | None, newer: str | None) -> Which:
    from nephoscope.store.memory import Which

    return Which(account=account or "", resource=resource or "", kind=kind or "", older=_days(older), newer=_days(newer))


def _days(age: str | None) -> float | None:
    from nephoscope.interfaces import UsageError

    if age is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([dhm])", age.strip())
    if match is None:
        raise UsageError(f"{age!r} is no age", "give a number of days, hours or minutes, such as 30d, 12h or 90m")
    return float(match[1]) * _DAYS[match[2]]


def _value(one: Remembered) -> str:
    from nephoscope.store import canonical

    text = "not there" if one.absent else one.value if isinstance(one.value, str) else canonical(one.value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _row(account: str, one: Remembered) -> dict[str, JsonValue]:
    ref = one.subject
    return {
        "account": account,
        "principal": one.principal,
        "cloud": ref.cloud,
        "type": ref.native_type,
        "kind": ref.kind,
        "resource": ref.native_id,
        "name": ref.name,
        "region": ref.region,
        "attribute": one.attribute,
        "value": one.value,
        "absent": one.absent,
        "seen_at": one.observed_at,
        "run": one.run,
    }


@contextlib.contextmanager
def _memory() -> Iterator[Memory]:
    from nephoscope import sharing
    from nephoscope.cli.session import open_session
    from nephoscope.store.memory import Memory

    session = open_session({})
    settings = session.loaded.settings
    with sharing.opened(settings, session.plugins) as team:
        yield Memory(settings.home, settings.memory_days, team.database if team else None)
