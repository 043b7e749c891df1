"""What was made of a fault that nobody wrote a cause for: explained, left open in honesty, overlooked, or blamed on something else."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from nephoscope.models.report import Report, RootCause

Outcome = Literal["", "explained", "inconclusive", "quiet", "wrong"]
"""``quiet``: "no fault found" over a change; many changes are harmless, so these are to be read one by one."""
_SHORTEST = 9
"""Shorter names may stand inside others by accident."""


def outcome(report: Report, touches: Collection[str], made: Mapping[str, Sequence[str]]) -> Outcome:
    """``touches``: names of what was changed, ``${step}`` for whatever a step of the seed made; ``made``: identifiers by step."""
    if report.verdict == "no_fault_found":
        return "quiet"
    if report.verdict == "inconclusive" or not report.root_causes:
        return "inconclusive"
    changed = {one for one in touches if not one.startswith("${")} | {name for one in touches for name in made.get(one[2:-1], ())}
    return "explained" if all(_rests_on(cause, report, changed) for cause in report.root_causes) else "wrong"


def _rests_on(cause: RootCause, report: Report, changed: Collection[str]) -> bool:
    """Whether a cause names what was changed, or cites a fact about it."""
    cited = [fact for fact in report.facts if fact.id in cause.evidence]
    named = {*cause.resources, *(fact.name for fact in cited), *(fact.subject.rpartition("|")[2] for fact in cited)}
    named |= {re.split(r"[/:]", one)[-1] for one in named}
    return bool(named & set(changed)) or any(len(one) >= _SHORTEST and one in other for one in named for other in changed)
