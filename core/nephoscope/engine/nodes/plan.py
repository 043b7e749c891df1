"""Plan: what to find out next, or whether to stop."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.engine.context import Context
from nephoscope.engine.dossier import Dossier, dossier
from nephoscope.engine.guard import circling
from nephoscope.engine.merging import merged
from nephoscope.engine.state import State, Update
from nephoscope.interfaces import NephoscopeError
from nephoscope.models import Check, Conclusion, Question

MOST_QUESTIONS = 8
"""So many questions may be put to a person in one investigation."""


def plan(state: State, context: Context) -> Update:
    """A step that was planned and not finished is taken up again; else the planner is asked, inside the budget."""
    unfinished = next((one for one in context.store.steps() if one.status == "planned"), None)
    if unfinished:
        attempts = context.store.attempts(unfinished.index)
        return {"step": unfinished.index, "attempt": attempts[-1].number if attempts else 1, "outcome": "checks"}
    view = dossier(context)
    decision = _decided(context, view)
    if isinstance(decision, Conclusion):
        context.store.put("conclusion", decision)
        return {"outcome": "conclude"}
    exhausted = spent_up(view)
    if exhausted:
        context.store.put("exhausted", exhausted)
        return _conclude(context, exhausted)
    if isinstance(decision, Question):
        if len(context.store.questions()) >= MOST_QUESTIONS:
            return _conclude(context, "the planner has asked enough")
        asked = context.store.ask(decision)
        context.store.put("pending_question", decision)
        return {"outcome": "question"} if asked.answer is None else _conclude(context, "the planner asks what was answered before")
    return _step(context, view, merged(list(decision)), state) if decision else _conclude(context, "the planner knows nothing more to ask")


def _decided(context: Context, view: Dossier) -> Sequence[Check] | Question | Conclusion:
    try:
        return context.planner.plan(view)
    except NephoscopeError:
        raise
    except Exception as error:
        raise NephoscopeError(f"planner {context.planner.name} failed: {type(error).__name__}: {error}", "choose another with --planner") from error


def spent_up(view: Dossier) -> str:
    """Which budget is used up; empty when none is."""
    left = view.budget
    for name, amount in (("steps", left.steps), ("seconds", left.seconds), ("calls", left.calls), ("usd", left.usd)):
        if amount <= 0:
            return f"the budget of {name} is used up (--max-{name})"
    return ""


def _step(context: Context, view: Dossier, check: Check, state: State) -> Update:
    circles = circling([done for done, _ in view.steps], check)
    if circles:
        return _conclude(context, circles)
    step = state["step"] + 1
    context.store.plan_step(step, check)
    context.emit("step_started", step, intent=check.intent, operations=list(check.operations))
    return {"step": step, "attempt": 1, "outcome": "checks"}


def _conclude(context: Context, why: str) -> Update:
    context.store.put("conclusion", Conclusion(stop=why))
    return {"outcome": "conclude"}
