"""Approve: nothing but the interrupt. A resumed node starts at its first line, so nothing may happen before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langgraph.types import interrupt

from nephoscope.engine.approving import MOST_EDITS, rejected
from nephoscope.engine.context import Context
from nephoscope.engine.ending import end_step
from nephoscope.engine.state import State, Update
from nephoscope.models import Problem, Question, Script
from nephoscope.store.run import Attempt, Step


def approve(state: State, context: Context) -> Update:
    """Ask whether these very bytes may run. The answer is tied to their hash: yes, no, a version of the person's own, or another way to go."""
    step = context.store.step(state["step"])
    attempt = context.store.attempts(state["step"])[-1]
    if step is None:
        raise LookupError(f"step {state['step']} was not planned")
    if attempt.violations is None:  # written by a person, and the run was killed before it was judged
        return {"attempt": attempt.number, "outcome": "edit"}
    answer = interrupt({"kind": "approval", "step": state["step"], "attempt": attempt.number, "hash": attempt.script})
    if answer.get("source"):
        return _edited(step, attempt, str(answer["source"]), context)
    if answer.get("steer"):
        return _steered(step, attempt, str(answer["steer"]), context)
    return _settled(attempt, answer, context)


def _settled(attempt: Attempt, answer: Mapping[str, Any], context: Context) -> Update:
    wished = answer.get("approved") is True and answer.get("hash") == attempt.script
    approved = wished and not rejected(attempt)
    context.store.approve(attempt.step, attempt.number, approved)
    if not approved:
        why = "is rejected by the validators" if wished else "was not approved"
        context.emit("notice", text=f"the script of step {attempt.step} by {attempt.author} {why} and does not run (--ask never would not ask)")
    return {"outcome": "run"} if approved else end_step(context, attempt.step, "gap")


def _edited(step: Step, attempt: Attempt, source: str, context: Context) -> Update:
    """The person's version is one more attempt: judged, rehearsed, and shown to them again with what they changed."""
    if sum(one.author == "person" for one in context.store.attempts(step.index)) >= MOST_EDITS:
        context.emit("notice", text=f"step {step.index} was edited {MOST_EDITS} times and is left")
        return end_step(context, step.index, "gap")
    script = Script(source=source, check=step.check, cloud=step.check.cloud, author="person")
    number = attempt.number + 1
    context.store.intend(step.index, number, script)
    context.emit("script", step.index, author="person", hash=script.hash, lines=source.count("\n"), path="")
    return {"attempt": number, "outcome": "edit"}


def _steered(step: Step, attempt: Attempt, words: str, context: Context) -> Update:
    """The person's sentence becomes part of the problem, for whoever plans next; the script does not run."""
    question = Question(text=f"Instead of step {step.index} ({step.check.intent[:120]}):", about=f"script:{attempt.script}")
    context.store.ask(question)
    context.store.answer(question, words, assumed=False)
    context.store.approve(attempt.step, attempt.number, approved=False)
    problem = context.store.load("problem", Problem)
    if problem is not None:
        context.store.put_all({"problem": problem.model_copy(update={"text": f"{problem.text}\n{words}"}), "entities_read": False})
    return end_step(context, step.index, "gap")
