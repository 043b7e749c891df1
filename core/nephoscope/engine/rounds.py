"""What was tried so far and what the planner thought, read from the record."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence

from nephoscope.engine.context import Context
from nephoscope.models import Failure, Hypothesis, Rehearsal, Round, Try
from nephoscope.store import BlobError
from nephoscope.store.run import Attempt, RunStore

MOST_ATTEMPTS = 3


def hypotheses(store: RunStore) -> list[Hypothesis]:
    """What the planner thought last."""
    kept = store.get("hypotheses", [])
    return [Hypothesis.model_validate(one) for one in kept] if isinstance(kept, list) else []


def rounds(context: Context) -> list[Round]:
    """Every step with its attempts, what changed between them, and the calls that were refused."""
    attempts: dict[int, list[Attempt]] = {}
    for one in context.store.attempts():
        attempts.setdefault(one.step, []).append(one)
    refused: dict[int, list[str]] = {}
    for row in context.ledger.refused():
        if row.call is not None:
            refused.setdefault(row.position.step, []).append(f"{row.call.name}: {row.reason}{f' (needs {row.needs})' if row.needs else ''}")
    rehearsals = context.store.rehearsals()
    return [
        Round(
            index=step.index,
            check=step.check,
            status=step.status,
            tries=tuple(tries(context.store, attempts.get(step.index, []), rehearsals)),
            refused=tuple(dict.fromkeys(refused.get(step.index, ()))),
        )
        for step in context.store.steps()
    ]


def tries(store: RunStore, attempts: Sequence[Attempt], rehearsals: Mapping[str, Rehearsal]) -> Iterator[Try]:
    """The attempts of one step, each with what changed since the one before."""
    former = ""
    for one in attempts:
        try:
            source = store.blobs.get(one.script).decode()
        except BlobError:
            source = ""
        diff = difference(former, source) if former else ""
        yield Try(
            number=one.number,
            author=one.author,
            source=source,
            diff=diff,
            violations=one.violations,
            result=one.result,
            approved=one.approved,
            rehearsal=rehearsals.get(one.script),
        )
        former = source


def tries_left(store: RunStore, step: int) -> bool:
    """Whether one more script may be written for a step. What a person wrote does not count."""
    return sum(one.author != "person" for one in store.attempts(step)) < MOST_ATTEMPTS


def difference(before: str, after: str) -> str:
    """What changed, as a unified diff."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), "before", "after", n=1, lineterm="")
    return "\n".join(lines)


def failed_rehearsal(store: RunStore, attempt: Attempt) -> Failure | None:
    """What a rehearsal showed to be wrong with a script, in the words a repair is asked for with."""
    found = store.rehearsal(attempt.script)
    if found is None or found.outcome != "failed":
        return None
    return Failure(kind="rehearsal", message=f"on mock data, before it reached the account: {found.reason}", hint=found.hint)
