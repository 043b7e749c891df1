"""Recommend: what to do about what was proven, and whether that mends it."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.engine.advice import advise
from nephoscope.engine.board import title
from nephoscope.engine.context import Context
from nephoscope.engine.dossier import dossier
from nephoscope.engine.history import look_back
from nephoscope.engine.keeping import keep_skills
from nephoscope.engine.proving import prove
from nephoscope.engine.remembering import remember
from nephoscope.engine.state import State, Update
from nephoscope.models import Diagnosis, Finding, Recommendation


def recommend(state: State, context: Context) -> Update:
    """One recommendation per cause, from its card. The verdict is told first: to try fixes takes a while."""
    diagnosis = context.store.load("diagnosis", Diagnosis)
    if diagnosis is None:
        raise LookupError("nothing was diagnosed")
    advice = [(cause, one) for cause in diagnosis.causes if (one := advise(cause, context))]
    _keep(context, [one for _, one in advice])
    context.emit("concluded", verdict=diagnosis.verdict, title=title(context, diagnosis.causes[0]) if diagnosis.causes else "")
    look_back(context, diagnosis)
    if context.was_proven is not None:
        _keep(context, [_as_recorded(cause, one, context) for cause, one in advice])
    elif context.provers and any(one.changes for _, one in advice):
        _keep(context, _proved(advice, context))
    remember(context)
    for skill in keep_skills(context):
        context.emit("notice", text=f"kept for the next time as skill {skill.name}: {skill.intent}")
    return {"outcome": "done"}


def _keep(context: Context, advice: Sequence[Recommendation]) -> None:
    context.store.put("recommendations", [one.model_dump(mode="json") for one in advice])


def _proved(advice: Sequence[tuple[Finding, Recommendation]], context: Context) -> list[Recommendation]:
    """Each tried on an emulator; what a killed session had tried stands."""
    view, done = dossier(context), []
    for number, (cause, one) in enumerate(advice, 1):
        known = context.store.proof(cause.key)
        if known is None:
            context.emit("proving", title=one.title, number=number, of=len(advice))
            tried = prove(cause, one, view, context)
            known = {"proof": tried.proof, "proof_note": tried.proof_note}
            context.store.proved(cause.key, known)
            context.emit("proved", title=one.title, proof=tried.proof, note=tried.proof_note)
        done.append(one.model_copy(update=known))
    return done


def _as_recorded(cause: Finding, one: Recommendation, context: Context) -> Recommendation:
    known = context.was_proven(cause.key) if context.was_proven else None
    return one.model_copy(update=known or {})
