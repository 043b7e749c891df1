"""Rehearse: what no installed pack wrote is run on mock data before it touches the account."""

from __future__ import annotations

import time

from nephoscope.engine.approving import must_ask
from nephoscope.engine.context import Context
from nephoscope.engine.rehearsing import rehearse as run_through
from nephoscope.engine.state import State, Update
from nephoscope.models import Rehearsal, Script
from nephoscope.store.run import Attempt

OFF = "rehearsals are switched off (setting rehearsal)"
UNRECORDED = "it was not rehearsed when this was recorded"


def rehearse(state: State, context: Context) -> Update:
    """A script that surely fails goes back to whoever wrote it; a person's own only warns them. A rehearsal in the record stands."""
    step = context.store.step(state["step"])
    attempt = context.store.attempts(state["step"])[-1]
    if step is None:
        raise LookupError(f"step {state['step']} was not planned")
    found = context.store.rehearsal(attempt.script)
    if found is None:
        found = _rehearsed(context.store.script(attempt, step.check), context)
        context.store.rehearsed(found)
        context.emit(
            "rehearsed", step.index, outcome=found.outcome, reason=found.reason, unsure=found.unsure, facts=len(found.tested), author=attempt.author
        )
    if found.outcome == "failed" and attempt.author != "person":
        return {"attempt": attempt.number + 1, "outcome": "repair"}
    return {"outcome": "approve" if must_ask(context, attempt) else "run"}


def wanted(attempt: Attempt) -> bool:
    """Whether a script is rehearsed at all: those that packs bring were, when they were made."""
    return not attempt.author.startswith("template:")


def _rehearsed(script: Script, context: Context) -> Rehearsal:
    if context.was_rehearsed is not None:
        return context.was_rehearsed(script.hash) or Rehearsal(script=script.hash, outcome="skipped", reason=UNRECORDED)
    estate = context.estates.get(script.cloud)
    if context.stage is None or estate is None:
        return Rehearsal(script=script.hash, outcome="skipped", reason=OFF)
    begun = time.monotonic()
    return run_through(script, estate, context.stage).model_copy(update={"seconds": round(time.monotonic() - begun, 3)})
