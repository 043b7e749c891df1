"""When a script must be shown to a person before it runs, and what they are shown."""

from __future__ import annotations

from nephoscope.engine.context import Context
from nephoscope.engine.rounds import difference
from nephoscope.models import JsonValue
from nephoscope.store.run import Attempt, Step

MOST_EDITS = 10
"""So often a person may write a step's script anew."""


def must_ask(context: Context, attempt: Attempt) -> bool:
    """``risky``: anything that no installed pack wrote. What scripts may touch is the broker's business, not theirs."""
    if attempt.approved:
        return False
    return context.ask_policy == "always" or (context.ask_policy == "risky" and not attempt.author.startswith("template:"))


def rejected(attempt: Attempt) -> bool:
    """Whether a judge says that it may not run, whoever wants it."""
    return any(one.severity == "error" for one in attempt.violations or ())


def proposal(context: Context, step: Step, attempt: Attempt) -> dict[str, JsonValue]:
    """What stands beside a script that a person is asked about: what changed since the one last approved, or else the last one; its rehearsal."""
    store = context.store
    same = {one.index for one in store.steps() if one.check.id == step.check.id}
    earlier = [one for one in store.attempts() if one.step in same and (one.step, one.number) < (attempt.step, attempt.number)]
    before = next((one for one in reversed(earlier) if one.approved), earlier[-1] if earlier else None)
    diff = difference(store.script(before, step.check).source, store.script(attempt, step.check).source) if before else ""
    rehearsal = store.rehearsal(attempt.script)
    told = (
        f"{rehearsal.outcome}: {rehearsal.reason or rehearsal.unsure or f'{len(rehearsal.tested)} facts came out on mock data'}" if rehearsal else ""
    )
    since = ("approved" if before.approved else "last") if before else ""
    return {"diff": diff, "since": since, "before": before.script if before else "", "rehearsal": told, "rejected": rejected(attempt)}
