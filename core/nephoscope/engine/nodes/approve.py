"""Approve: nothing but the interrupt. A resumed node starts at its first line, so nothing may happen before."""

from __future__ import annotations

from langgraph.types import interrupt

from nephoscope.engine.context import Context
from nephoscope.engine.ending import end_step
from nephoscope.engine.state import State, Update


def approve(state: State, context: Context) -> Update:
    """Ask whether these very bytes may run. The answer is tied to their hash."""
    attempt = context.store.attempts(state["step"])[-1]
    answer = interrupt({"kind": "approval", "step": state["step"], "attempt": attempt.number, "hash": attempt.script})
    approved = answer == {"approved": True, "hash": attempt.script}
    context.store.approve(attempt.step, attempt.number, approved)
    if not approved:
        context.emit(
            "notice", text=f"the script of step {state['step']} by {attempt.author} was not approved and does not run (--ask never would let it)"
        )
    return {"outcome": "run"} if approved else end_step(context, state["step"], "gap")
