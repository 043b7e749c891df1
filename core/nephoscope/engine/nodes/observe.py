"""Observe: read the problem against the account, and see what is known by now."""

from __future__ import annotations

from nephoscope.engine.board import show_board
from nephoscope.engine.context import Context
from nephoscope.engine.dossier import dossier
from nephoscope.engine.interpreting import interpreted
from nephoscope.engine.locating import locate
from nephoscope.engine.state import State, Update
from nephoscope.knowledge.statement import statement
from nephoscope.models import JsonValue, Problem


def observe(state: State, context: Context) -> Update:
    """First time: names in the words are matched against inventories. Every time: facts, findings, the board."""
    if context.store.get("entities_read") is not True or context.store.get("inventory_cut") is True:
        _read_problem(context)
    view = dossier(context)
    context.store.put_facts(view.all_facts())
    show_board(context, view)
    return {"step": len([one for one in context.store.steps() if one.status != "planned"]), "attempt": 0, "outcome": ""}


def _read_problem(context: Context) -> None:
    problem = context.store.load("problem", Problem)
    if problem is None:
        raise LookupError("the run has no problem")
    before = _refused(context)
    looked = context.identities
    problem = interpreted(context, locate(context, problem), looked)
    context.store.put("inventory_cut", _refused(context) > before)
    context.store.put("problem", problem)
    context.store.put("entities_read", True)
    shown: list[JsonValue] = [{"text": one.text, "matches": [ref.label for ref in one.matches]} for one in problem.entities]
    context.emit("entities", entities=shown)
    told: list[JsonValue] = [{"label": label, "text": text} for label, text in statement(problem)]
    context.emit("understood", statement=told)


def _refused(context: Context) -> int:
    """How many listings the budget did not allow: a run that goes on with a larger one makes them then."""
    return sum(one.code == "budget" for one in context.ledger.refused(0))
