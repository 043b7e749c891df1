"""Fixes: typed changes from cause cards, rendered as commands."""

from __future__ import annotations

from nephoscope.engine.context import Context
from nephoscope.knowledge.playbooks import tell, values_for
from nephoscope.models import Change, Finding, JsonValue, Recommendation
from nephoscope.store import canonical


def advise(cause: Finding, context: Context) -> Recommendation | None:
    """The fix for one cause, ``None`` where no card tells one."""
    book = context.playbooks.get(cause.cause)
    if book is None:
        return _in_words(cause)
    card, values = book.card, values_for(cause)
    changes = [_change(dict(one), values, cause) for one in card.changes]
    complete = [one for one in changes if "{" not in canonical(_placeholders(one))]
    estate = context.estates.get(cause.subject.cloud)
    commands = [line for one in complete for line in (estate.render(one) if estate else [])]
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
    )


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
    params = told.get("params")
    region = told.get("region", cause.subject.region)
    return Change(
        cloud=cause.subject.cloud,
        service=str(told.get("service", "")),
        operation=str(told.get("operation", "")),
        region=str(region or ""),
        params=params if isinstance(params, dict) else {},
    )


def _placeholders(change: Change) -> list[str]:
    """Templates that found no value: such a change is not shown, half a command being worse than none."""
    found: list[str] = []

    def walk(value: JsonValue) -> None:
        if isinstance(value, str) and value.startswith("{") and value.endswith("}") and '"' not in value:
            found.append(value)
        elif isinstance(value, dict):
            for member in value.values():
                walk(member)
        elif isinstance(value, list):
            for member in value:
                walk(member)

    walk([change.service, change.operation, dict(change.params)])
    return found


def _text(template: str, values: dict[str, JsonValue]) -> str:
    told = tell(template, values)
    return told if isinstance(told, str) else canonical(told)
