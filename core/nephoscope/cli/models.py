"""``nephoscope models``: the language models that are known: list, explain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from nephoscope.cli import options

if TYPE_CHECKING:
    from nephoscope.cli.session import Session
    from nephoscope.llm.card import ModelCard
    from nephoscope.llm.catalog import ModelCatalog

app = typer.Typer(no_args_is_help=False)

_Provider = Annotated[str | None, typer.Option("--provider", metavar="NAME", help="Only those of this provider.")]
_Capability = Annotated[list[str] | None, typer.Option("--capability", metavar="NAME", help="Only those that can do this. Repeatable.")]
_Role = Annotated[str | None, typer.Option("--role", metavar="NAME", help="Only those the catalog names for this role.")]


@app.callback(invoke_without_command=True)
def models(
    *, context: typer.Context, provider: _Provider = None, capability: _Capability = None, role: _Role = None, as_json: options.AsJson = False
) -> None:
    """List the language models that are known, what they can do and what they cost. None is used unless it is named."""
    from nephoscope.cli.output import Output
    from nephoscope.reporting.listing import model_table

    if context.invoked_subcommand is not None:
        return
    with Output(as_json=as_json) as output:
        session, known = _known()
        _check(capability or (), role)
        cards = [
            card
            for card in known.cards.values()
            if provider in (None, card.provider) and set(capability or ()) <= set(card.capabilities) and (role is None or role in card.roles)
        ]
        rows = [_row(card, session) for card in cards]
        if as_json:
            output.document({"schema": "nephoscope.models/1", "models": rows, "faults": list(known.faults)})
            return
        for fault in known.faults:
            output.note(fault)
        if rows:
            output.results.print(model_table(rows))
        else:
            output.note(
                "no such model" if known.cards else "no catalog is installed: packs of model providers bring them, see the README's table of packs"
            )


@app.command()
def explain(*, role: Annotated[str, typer.Argument(metavar="ROLE", help="Such as planner or coder.")], as_json: options.AsJson = False) -> None:
    """Say which models fit a role, and why, the best first; and which is chosen."""
    from nephoscope.cli.output import Output
    from nephoscope.llm.selection import ranked

    with Output(as_json=as_json) as output:
        session, known = _known()
        _check((), role)
        chosen = [model for named, model in _chosen(session) if named in ("", role)]
        fits = ranked(known.cards.values(), role)
        if as_json:
            rows = [{"id": one.card.id, "score": one.score, "usd": one.usd, "why": list(one.why)} for one in fits]
            output.document({"schema": "nephoscope.fit/1", "role": role, "chosen": chosen, "models": rows})
            return
        output.note(f"chosen: {', '.join(chosen)}" if chosen else f"chosen: none; choose one with --model {role}=PROVIDER:NAME")
        for number, one in enumerate(fits, 1):
            output.write(f"{number}. {one.card.id}: {'; '.join(one.why)}\n")


def _known() -> tuple[Session, ModelCatalog]:
    from nephoscope.cli.session import open_session
    from nephoscope.llm.naming import catalog

    session = open_session({})
    return session, catalog(session.loaded.settings, session.plugins.catalogs)


def _chosen(session: Session) -> list[tuple[str, str]]:
    from nephoscope.llm.naming import parse

    return [parse(text) for text in session.loaded.settings.models]


def _check(capabilities: Any, role: str | None) -> None:
    from typing import get_args

    from nephoscope.interfaces.errors import UsageError
    from nephoscope.llm.card import ROLES, Capability

    for word in capabilities:
        if word not in get_args(Capability):
            raise UsageError(f"There is no capability {word!r}.", f"use one of {', '.join(get_args(Capability))}")
    if role is not None and role not in ROLES:
        raise UsageError(f"There is no role {role!r}.", f"use one of {', '.join(ROLES)}")


def _row(card: ModelCard, session: Session) -> dict[str, Any]:
    from nephoscope.llm.prices import per_million

    price = per_million(card)
    return {
        "id": card.id,
        "provider": card.provider,
        "description": card.description,
        "capabilities": list(card.capabilities),
        "roles": list(card.roles),
        "context": card.context,
        "output": card.output,
        "usd_per_million": None if price is None else {"input": price[0], "output": price[1], "source": price[2]},
        "installed": card.provider in session.plugins.backends,
        "chosen": [role or "any" for role, model in _chosen(session) if model == card.id],
        "source": card.source,
    }
