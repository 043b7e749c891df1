"""Brings independent checks of one cloud into one script: starting a sandbox costs more than another read."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.engine.asking import read_key
from nephoscope.models import Check

MOST_READS = 40


def merged(checks: Sequence[Check]) -> Check:
    """One check for several. Those without declared reads, or of another cloud than the first, wait for the next round."""
    head = checks[0]
    if not head.reads:
        return head
    mates = [check for check in checks if check.reads and check.cloud == head.cloud and dict(check.params) == dict(head.params)]
    reads = {read_key(read): read for check in mates for read in check.reads}
    serves = {query.key: query for check in mates for query in check.serves}
    kept = tuple(reads.values())[:MOST_READS]
    return head.model_copy(
        update={
            "id": "+".join(dict.fromkeys(check.id for check in mates))[:200],
            "intent": _intent(mates),
            "reads": kept,
            "serves": tuple(serves.values()),
            "splits": sum(check.splits for check in mates),
        }
    )


def _intent(checks: Sequence[Check]) -> str:
    """The checks' intents, told by subject where several ask about one."""
    by_subject: dict[str, list[str]] = {}
    for check in checks:
        attribute, _, subject = check.intent.partition(" of ")
        by_subject.setdefault(subject, []).append(attribute)
    told = [f"{', '.join(dict.fromkeys(names))} of {subject}" if subject else ", ".join(names) for subject, names in by_subject.items()]
    return "; ".join(told)[:400]
