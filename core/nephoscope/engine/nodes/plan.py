"""Plan: what to find out next, or whether to stop."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.engine.board import show_hypotheses
from nephoscope.engine.context import Context
from nephoscope.engine.dossier import Dossier, dossier
from nephoscope.engine.guard import circling
from nephoscope.engine.merging import merged
from nephoscope.engine.peel import holding
from nephoscope.engine.state import State, Update
from nephoscope.interfaces import BudgetError, NephoscopeError
from nephoscope.knowledge.statement import CONFIRM
from nephoscope.models import Budget, Check, Conclusion, Decision, JsonValue, Question

MOST_QUESTIONS = 8
"""So many questions may be put to a person in one investigation."""


def plan(state: State, context: Context) -> Update:
    """A step that was planned and not finished is taken up again; else the planner is asked, inside the budget."""
    unfinished = next((one for one in context.store.steps() if one.status == "planned"), None)
    if unfinished:
        attempts = context.store.attempts(unfinished.index)
        return {"step": unfinished.index, "attempt": attempts[-1].number if attempts else 1, "outcome": "checks"}
    if context.ask_policy == "always" and not any(one.question == CONFIRM for one in context.store.questions()):
        return _question(context, CONFIRM)
    view = dossier(context)
    _expect_proof(context, view)
    view.budget = _left_at_first(context, view)
    decision = _decided(context, view)
    exhausted = spent_up(view)
    if isinstance(decision, Conclusion):
        if exhausted and not decision.claims and view.outlook().verdict == "inconclusive":
            context.store.put("exhausted", exhausted)
        context.store.put("conclusion", decision)
        return {"outcome": "conclude"}
    if exhausted:
        context.store.put("exhausted", exhausted)
        return _conclude(context, exhausted)
    if isinstance(decision, Question):
        return _question(context, decision)
    return _step(context, view, merged(list(decision)), state) if decision else _conclude(context, "the planner knows nothing more to ask")


def _expect_proof(context: Context, view: Dossier) -> None:
    """With a cause in sight that has a fix to try, the emulator is begun: it loads while the account is still being read."""
    for one in holding(view.findings):
        book, prover = context.playbooks.get(one.cause), context.provers.get(one.subject.cloud)
        who = next((each for each in context.identities if each.cloud == one.subject.cloud), None)
        if book and book.card.changes and prover and who:
            prover.warm(who)


def _left_at_first(context: Context, view: Dossier) -> Budget:
    """What was left when this round was planned first.

    A round that is planned again, because it was killed, says the very same to a model, and so finds what that answered and what was paid for.
    What is really left is still kept by whoever asks.
    """
    key = f"spent_before_{len(context.store.steps())}_{sum(one.answer is not None for one in context.store.questions())}"
    total, now = context.budget, view.budget
    spent = context.store.load(key, Budget)
    if spent is None:
        spent = Budget(steps=0, seconds=0.0, calls=0, tokens=total.tokens - now.tokens, usd=total.usd - now.usd)
        context.store.put(key, spent)
    return now.model_copy(update={"tokens": max(0, total.tokens - spent.tokens), "usd": max(0.0, total.usd - spent.usd)})


def _question(context: Context, question: Question) -> Update:
    if len(context.store.questions()) >= MOST_QUESTIONS:
        return _conclude(context, "the planner has asked enough")
    asked = context.store.ask(question)
    context.store.put("pending_question", question)
    return {"outcome": "question"} if asked.answer is None else _conclude(context, "the planner asks what was answered before")


def _decided(context: Context, view: Dossier) -> Sequence[Check] | Question | Conclusion:
    try:
        decided = context.planner.plan(view)
    except BudgetError as error:
        context.store.put("exhausted", error.message)
        return Conclusion(stop=error.message)
    except NephoscopeError:
        raise
    except Exception as error:
        raise NephoscopeError(f"planner {context.planner.name} failed: {type(error).__name__}: {error}", "choose another with --planner") from error
    if not isinstance(decided, Decision):
        decided = _signed(decided, context.planner.name)
    _remember(context, decided)
    choice = decided.choice
    return [one.model_copy(update={"decided_by": decided.decided_by}) for one in choice] if isinstance(choice, tuple) else choice


def _signed(choice: Sequence[Check] | Question | Conclusion, name: str) -> Decision:
    by = f"planner:{name}"
    if isinstance(choice, Question):
        return Decision(question=choice, decided_by=by)
    return Decision(conclusion=choice, decided_by=by) if isinstance(choice, Conclusion) else Decision(checks=tuple(choice), decided_by=by)


def _remember(context: Context, decided: Decision) -> None:
    """Hypotheses and what was not accepted are kept and told; they decide nothing."""
    if decided.hypotheses:
        context.store.put("hypotheses", [one.model_dump(mode="json") for one in decided.hypotheses])
        show_hypotheses(context, decided.hypotheses)
    for text in (*decided.refused, *([decided.note] if decided.note else ())):
        context.emit("notice", text=text)
    if decided.note:
        notes = context.store.get("planner_notes", [])
        kept: list[JsonValue] = [*(notes if isinstance(notes, list) else []), decided.note]
        context.store.put("planner_notes", list(dict.fromkeys(map(str, kept))))
    if decided.conclusion:
        context.store.put("concluded_by", decided.decided_by)


def spent_up(view: Dossier) -> str:
    """Which budget is used up; empty when none is."""
    left = view.budget
    amounts = (("steps", left.steps), ("seconds", left.seconds), ("calls", left.calls), ("tokens", left.tokens), ("usd", left.usd))
    for name, amount in amounts:
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
