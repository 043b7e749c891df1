"""Execute: run the approved bytes behind the boundary."""

from __future__ import annotations

from nephoscope.engine.context import Context
from nephoscope.engine.state import State, Update


def execute(state: State, context: Context) -> Update:
    """A result in the record stands. One that is missing after a kill is run again, and answered from its own ledger rows."""
    attempt = context.store.attempts(state["step"])[-1]
    if attempt.result is None:
        step = context.store.step(attempt.step)
        params = dict(step.check.params) if step else {}
        result = context.boundary.execute(attempt.step, attempt.number, attempt.script, attempt.author, params)
        context.store.executed(attempt.step, attempt.number, result)
    return {"attempt": attempt.number, "outcome": "done"}
