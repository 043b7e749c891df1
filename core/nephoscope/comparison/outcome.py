"""What was made of a fault that nobody wrote a cause for: explained, left open in honesty, overlooked, or blamed on something else."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from nephoscope.models.report import Report, RootCause

Outcome = Literal["", "explained", "inconclusive", "quiet", "wrong"]
"""``quiet``: "no fault found", although the change is known to have broken what was told."""
_SHORT = 200
"""A fact's value of so many characters is cited for what it says; a longer one for much else too."""


def outcome(report: Report, touches: Collection[str], made: Mapping[str, Sequence[str]]) -> Outcome:
    """``touches``: names of what was changed; ``${step.path}`` for what a step of the seed made. ``made``: identifiers by step and by path.

    Every cause must name what was changed or what that put in the way, or cite a fact about it or a value that says it.
    """
    if report.verdict == "no_fault_found":
        return "quiet"
    if report.verdict == "inconclusive" or not report.root_causes:
        return "inconclusive"
    changed = {one for one in touches if not one.startswith("${")} | {name for one in touches for name in made.get(one[2:-1], ())}
    return "explained" if all(_rests_on(cause, report, changed) for cause in report.root_causes) else "wrong"


def _rests_on(cause: RootCause, report: Report, changed: Collection[str]) -> bool:
    cited = [fact for fact in report.facts if fact.id in cause.evidence]
    values = [json.dumps(fact.value) for fact in cited]
    told = " ".join([*cause.resources, *(f"{fact.name} {fact.subject}" for fact in cited), *(one for one in values if len(one) <= _SHORT)])
    return any(re.search(rf"(?<![\w.-]){re.escape(one)}(?![\w-])", told) for one in changed)
