"""Recommend: what to do about what was proven."""

from __future__ import annotations

from nephoscope.engine.advice import advise
from nephoscope.engine.board import title
from nephoscope.engine.context import Context
from nephoscope.engine.keeping import keep_skills
from nephoscope.engine.state import State, Update
from nephoscope.models import Diagnosis


def recommend(state: State, context: Context) -> Update:
    """One recommendation per cause, from its card."""
    diagnosis = context.store.load("diagnosis", Diagnosis)
    if diagnosis is None:
        raise LookupError("nothing was diagnosed")
    advice = [one for cause in diagnosis.causes if (one := advise(cause, context))]
    context.store.put("recommendations", [one.model_dump(mode="json") for one in advice])
    context.emit("concluded", verdict=diagnosis.verdict, title=title(context, diagnosis.causes[0]) if diagnosis.causes else "")
    for skill in keep_skills(context):
        context.emit("notice", text=f"kept for the next time as skill {skill.name}: {skill.intent}")
    return {"outcome": "done"}
