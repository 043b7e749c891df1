"""Notices when the loop goes in circles."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.engine.asking import read_key
from nephoscope.models import Check

REPEATS = 3


def signature(check: Check) -> str:
    """What makes two checks nearly the same: their questions, or their intent where they have none."""
    return "\n".join(sorted({read_key(read) for read in check.reads})) or " ".join(sorted(set(check.intent.lower().split())))


def circling(done: Sequence[Check], planned: Check) -> str:
    """Why the planned check would go in circles; empty when it would not."""
    trail = [*(signature(check) for check in done), signature(planned)]
    if trail.count(trail[-1]) >= REPEATS:
        return f"the same check was planned {REPEATS} times"
    if len(trail) >= 4 and trail[-1] == trail[-3] and trail[-2] == trail[-4]:
        return "two checks alternate without anything new"
    return ""
