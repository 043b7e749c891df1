"""Observe: read the problem against the account, and see what is known by now."""

from __future__ import annotations

from nephoscope.engine.board import show_board
from nephoscope.engine.context import Context
from nephoscope.engine.dossier import dossier, gather
from nephoscope.engine.state import State, Update
from nephoscope.knowledge.reading import read, types_to_list
from nephoscope.knowledge.view import Evidence
from nephoscope.models import JsonValue, Problem, Read


def observe(state: State, context: Context) -> Update:
    """First time: names in the words are matched against inventories. Every time: facts, findings, the board."""
    if context.store.get("entities_read") is not True:
        _read_problem(context)
    view = dossier(context)
    context.store.put_facts(view.all_facts())
    show_board(context, view)
    return {"step": len([one for one in context.store.steps() if one.status != "planned"]), "attempt": 0, "outcome": ""}


def _read_problem(context: Context) -> None:
    problem = context.store.load("problem", Problem)
    if problem is None:
        raise LookupError("the run has no problem")
    for estate in context.estates.values():
        identities = [one for one in context.identities if one.cloud == estate.cloud]
        wanted = types_to_list(estate.mentions(problem.text))
        if wanted is None:
            continue
        reads: dict[str, Read] = {}
        for identity in identities:
            for region in identity.regions:
                reads |= {one.model_dump_json(): one for one in estate.listings(wanted, identity, region)}
        if reads:
            context.boundary.inventory(list(reads.values()))
    evidence = Evidence(problem, gather(context).harvest.facts.values(), identities=context.identities)
    problem = read(problem, evidence, context.estates.values(), context.identities)
    context.store.put("problem", problem)
    context.store.put("entities_read", True)
    shown: list[JsonValue] = [{"text": one.text, "matches": [ref.label for ref in one.matches]} for one in problem.entities]
    context.emit("entities", entities=shown)
