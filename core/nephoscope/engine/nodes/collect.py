"""Collect: what the run of a script gave, and whether it wants repair."""

from __future__ import annotations

from nephoscope.engine.context import Context
from nephoscope.engine.dossier import dossier
from nephoscope.engine.ending import end_step
from nephoscope.engine.keeping import tabled
from nephoscope.engine.rounds import tries_left
from nephoscope.engine.state import State, Update

REPAIRABLE = frozenset({"syntax", "import", "api_error", "crash", "empty", "refused"})


def collect(state: State, context: Context) -> Update:
    """Facts need no collecting: they are read from the ledger. A failed script by a generator is sent back to it.

    A skill that told nothing gives way to a generator.
    """
    attempt = context.store.attempts(state["step"])[-1]
    result = attempt.result
    if attempt.author.startswith("skill:") and tries_left(context.store, attempt.step) and not tabled(attempt, dossier(context)):
        return {"attempt": attempt.number + 1, "outcome": "repair"}
    if result is None or result.status == "ok":
        return end_step(context, state["step"], "done")
    failure = result.failure
    fixable = failure is not None and failure.kind in REPAIRABLE and not attempt.author.startswith("template:")
    if fixable and tries_left(context.store, attempt.step):
        return {"attempt": attempt.number + 1, "outcome": "repair"}
    return end_step(context, state["step"], "failed")
