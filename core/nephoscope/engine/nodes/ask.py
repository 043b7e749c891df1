"""Ask: nothing but the interrupt for a question to a person."""

from __future__ import annotations

from langgraph.types import interrupt

from nephoscope.engine.context import Context
from nephoscope.engine.state import State, Update
from nephoscope.knowledge.reading import answered, first_reading
from nephoscope.knowledge.statement import CONFIRM
from nephoscope.models import Problem, Question


def ask(state: State, context: Context) -> Update:
    """Put the pending question; the answer becomes part of the problem."""
    question = context.store.load("pending_question", Question)
    problem = context.store.load("problem", Problem)
    if question is None or problem is None:
        return {"outcome": "done"}
    answer = interrupt({"kind": "question", **question.model_dump(mode="json")})
    context.store.answer(question, str(answer["answer"]), assumed=bool(answer["assumed"]))
    if question == CONFIRM:
        return _confirmed(problem, str(answer["answer"]), context)
    context.store.put("problem", answered(problem, question, str(answer["answer"]), assumed=bool(answer["assumed"])))
    return {"outcome": "done"}


def _confirmed(problem: Problem, said: str, context: Context) -> Update:
    """Said otherwise, the problem is read anew, with the old words and the new ones."""
    if said.strip().lower() not in ("yes", "y", ""):
        context.store.put_all({"problem": first_reading(f"{problem.text}\n{said}", problem.now), "entities_read": False})
    return {"outcome": "done"}
