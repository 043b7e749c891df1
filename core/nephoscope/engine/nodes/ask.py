"""Ask: nothing but the interrupt for a question to a person."""

from __future__ import annotations

from langgraph.types import interrupt

from nephoscope.engine.context import Context
from nephoscope.engine.state import State, Update
from nephoscope.knowledge.reading import answered
from nephoscope.models import Problem, Question


def ask(state: State, context: Context) -> Update:
    """Put the pending question; the answer becomes part of the problem."""
    question = context.store.load("pending_question", Question)
    problem = context.store.load("problem", Problem)
    if question is None or problem is None:
        return {"outcome": "done"}
    answer = interrupt({"kind": "question", **question.model_dump(mode="json")})
    context.store.answer(question, str(answer["answer"]), assumed=bool(answer["assumed"]))
    context.store.put("problem", answered(problem, question, str(answer["answer"]), assumed=bool(answer["assumed"])))
    return {"outcome": "done"}
