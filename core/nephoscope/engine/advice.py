"""Fixes: typed changes from cause cards, rendered as commands."""

from __future__ import annotations

from nephoscope.engine.context import Context
from nephoscope.interfaces import Advisor
from nephoscope.knowledge.playbooks import placeholders, tell, values_for
from nephoscope.models import CauseCard, Change, Finding, JsonValue, Recommendation
from nephoscope.store import canonical


def advise(cause: Finding, context: Context) -> Recommendation | None:
    """The fix for one cause, ``None`` where no card tells one."""
    book = context.playbooks.get(cause.cause)
    if book is None:
        return _in_words(cause)
    values = values_for(cause)
    card, complete = _way(book.card, values, cause)
    estate = context.estates.get(cause.subject.cloud)
    commands = [line for one in complete for line in (estate.render(one) if estate else [])]
    advisor = estate if isinstance(estate, Advisor) else None
    return Recommendation(
        title=_text(card.fix or card.title, values),
        why=_text(card.explanation, values),
        changes=tuple(complete),
        commands=tuple(commands),
        risk=_text(card.risk, values),
        undo=_text(card.undo, values),
        cost=_text(card.cost, values),
        verify=_text(card.verify, values),
        proof="not_proven",
        proof_note=_note(cause),
        snippets=tuple(advisor.snippets(complete)) if advisor and complete else (),
        documentation=tuple(advisor.documented(cause.cause, complete)) if advisor else (),
    )


# A template that found no value is half a command, which is worse than none: such a change is not shown.
def _way(card: CauseCard, values: dict[str, JsonValue], cause: Finding) -> tuple[CauseCard, list[Change]]:
    """The card as the first way tells it that is known in full; else as it stands, with those of its changes that are."""
    for way in card.ways:
        if all(values.get(name) not in (None, "") for name in placeholders(list(map(dict, way.changes)))):
            told = {name: value for name, value in way.model_dump(exclude={"changes"}).items() if value}
            return card.model_copy(update=told), [_change(dict(one), values, cause) for one in way.changes]
    return card, [_change(dict(one), values, cause) for one in card.changes if placeholders(dict(one)) <= values.keys()]


def _in_words(cause: Finding) -> Recommendation | None:
    """What a model advises: words, no commands, nothing proven."""
    advice = cause.details.get("advice")
    if not isinstance(advice, str) or not advice:
        return None
    first = advice.split("\n", 1)[0]
    return Recommendation(
        title=first if len(first) <= 160 else f"{first[:157]}...",
        why=advice if advice != first or len(first) > 160 else str(cause.details.get("title") or cause.note),
        proof="not_proven",
        proof_note=f"advice by {cause.decided_by}: every name in it occurs in the facts; what it would do was not tried",
    )


def _note(cause: Finding) -> str:
    if cause.sufficient:
        return "re-running the analyzers with this mended clears the symptom's path; the change itself was not rehearsed"
    return "mending this alone was not shown to clear the symptom's path"


def _change(raw: dict[str, JsonValue], values: dict[str, JsonValue], cause: Finding) -> Change:
    told = tell(raw, values)
    assert isinstance(told, dict)  # noqa: S101 - a mapping stays one
    params, gives, takes = told.get("params"), told.get("gives"), told.get("takes")
    region = told.get("region", cause.subject.region)
    return Change(
        cloud=cause.subject.cloud,
        service=str(told.get("service", "")),
        operation=str(told.get("operation", "")),
        region=str(region or ""),
        params=params if isinstance(params, dict) else {},
        gives={name: str(where) for name, where in gives.items()} if isinstance(gives, dict) else {},
        takes=tuple(map(str, takes)) if isinstance(takes, list) else (),
    )


def _text(template: str, values: dict[str, JsonValue]) -> str:
    told = tell(template, values)
    return told if isinstance(told, str) else canonical(told)
