"""What was changed before it began: asked where the words tell of a beginning, about what was found to be wrong. Never evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nephoscope.engine.context import Context
from nephoscope.interfaces import Historian, NephoscopeError
from nephoscope.models import Diagnosis, Problem, Read, Reply, ResourceRef
from nephoscope.models.report import TimelineEntry

MOST_THINGS = 3
MOST_TOLD = 12


def look_back(context: Context, diagnosis: Diagnosis) -> None:
    """Keep the changes of what the causes are about, for the report. What cannot be read is left out: nothing rests on it."""
    problem = context.store.load("problem", Problem)
    if problem is None or not problem.onset or not diagnosis.causes or context.store.get("timeline") is not None:
        return
    subjects = list({one.subject.key: one.subject for one in diagnosis.causes}.values())[:MOST_THINGS]
    told = [entry for subject in subjects for entry in _of(context, subject, problem.now)]
    latest = sorted({one.model_dump_json(): one for one in told}.values(), key=lambda one: one.at)[-MOST_TOLD:]
    context.store.put("timeline", [one.model_dump(mode="json") for one in latest])


def _of(context: Context, subject: ResourceRef, now: str) -> Iterable[TimelineEntry]:
    estate = context.estates.get(subject.cloud)
    who = next((one for one in context.identities if one.cloud == subject.cloud and one.account == (subject.account or one.account)), None)
    if who is None or not isinstance(estate, Historian):
        return []
    for read in estate.history(subject, who, now):
        replies = _asked(context, read.model_copy(update={"alias": who.alias}))
        found = [
            TimelineEntry(at=one.at, what=one.what, calls=(reply.call.id,))
            for reply in replies if reply.error is None
            for one in estate.happenings(reply)
        ]  # fmt: skip
        if found or any(reply.error for reply in replies):
            return found
    return []


def _asked(context: Context, read: Read) -> Sequence[Reply]:
    try:
        ids = set(context.boundary.inventory([read]))
    except NephoscopeError:  # keys that expired by now must not keep back a verdict that stands
        return []
    return [entry.reply for entry in context.ledger.replies() if entry.reply.call.id in ids]
