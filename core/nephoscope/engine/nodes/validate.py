"""Validate: rewrite the script, then judge the bytes that would run."""

from __future__ import annotations

from nephoscope.engine.approving import must_ask
from nephoscope.engine.context import Context
from nephoscope.engine.nodes.rehearse import wanted
from nephoscope.engine.state import State, Update
from nephoscope.models import ScriptEnvironment
from nephoscope.validation import validate as run_validators


def validate(state: State, context: Context) -> Update:
    """Accepted scripts go on to their rehearsal, or to approval; rejected ones back for repair. A verdict in the record stands."""
    step = context.store.step(state["step"])
    attempt = context.store.attempts(state["step"])[-1]
    if step is None:
        raise LookupError(f"step {state['step']} was not planned")
    violations = attempt.violations
    if violations is None:
        estate = context.estates.get(step.check.cloud)
        environment = estate.environment() if estate else ScriptEnvironment()
        judged = run_validators(context.store.script(attempt, step.check), environment, context.rewriters, context.judges)
        context.store.judge(step.index, attempt.number, judged.script, judged.violations)
        violations = judged.violations
    if any(one.severity == "error" for one in violations):
        if attempt.author == "person":  # they see at once what is wrong with it
            return {"attempt": attempt.number, "outcome": "approve"}
        return {"attempt": attempt.number + 1, "outcome": "repair"}
    if wanted(attempt):
        return {"outcome": "rehearse"}
    return {"outcome": "approve" if must_ask(context, attempt) else "run"}
