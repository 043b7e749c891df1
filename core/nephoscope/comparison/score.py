"""What a set of trials measures. Errors stay in the denominator."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import get_args

from nephoscope.comparison.outcome import Outcome
from nephoscope.comparison.trial import Trial
from nephoscope.models import Frozen


class Score(Frozen):
    """``right`` of ``trials``; ``proven`` of ``fixes`` on an emulator; ``calls`` and ``seconds`` are means, ``median_calls`` is what the name says.

    ``idle_share``: of all calls, those that nothing in a report rests on and that are no listings of names.
    """

    name: str
    trials: int
    right: int
    false_positives: int
    ungrounded: int
    mutations: int
    fixes: int
    proven: int
    errors: int
    calls: float
    seconds: float
    median_calls: float = 0.0
    idle_share: float = 0.0
    proven_share: float = 0.0
    """Of the fixes of true causes, those proven on an emulator; fixes told in words only count as not proven."""

    @property
    def accuracy(self) -> float:
        """Share of trials that came out right."""
        return self.right / self.trials if self.trials else 0.0


def score(name: str, trials: Sequence[Trial]) -> Score:
    """Sum up trials under one name."""
    number = max(1, len(trials))
    return Score(
        name=name,
        trials=len(trials),
        right=sum(trial.right for trial in trials),
        false_positives=sum(len(trial.false_positives) for trial in trials),
        ungrounded=sum(trial.ungrounded for trial in trials),
        mutations=sum(trial.mutations for trial in trials),
        fixes=sum(trial.fixes for trial in trials),
        proven=sum(trial.proven for trial in trials),
        errors=sum(bool(trial.error) for trial in trials),
        calls=round(sum(trial.calls for trial in trials) / number, 1),
        seconds=round(sum(trial.seconds for trial in trials) / number, 2),
        median_calls=statistics.median(trial.calls for trial in trials) if trials else 0.0,
        idle_share=round(sum(trial.idle for trial in trials) / max(1, sum(trial.calls for trial in trials)), 3),
        proven_share=round(sum(trial.proven for trial in trials) / max(1, sum(trial.fixes for trial in trials)), 3),
    )


def scores(trials: Sequence[Trial]) -> list[Score]:
    """Per family, per kind of variant, per half of the wordings, and over all."""
    rows = []
    for family in dict.fromkeys(trial.family for trial in trials):
        rows.append(score(family, [trial for trial in trials if trial.family == family]))
    for variant in dict.fromkeys(trial.variant for trial in trials):
        rows.append(score(f"all {variant}", [trial for trial in trials if trial.variant == variant]))
    for split in ("open", "held"):
        own = [trial for trial in trials if trial.split == split]
        rows += [score(f"wordings {split}", own)] if own else []
    return [*rows, score("all", trials)]


def outcomes(trials: Sequence[Trial]) -> dict[str, dict[str, int]]:
    """What was made of faults that nobody wrote a cause for: by mutator and over ``all``. ``unbuilt``: accounts that could not be made or read."""
    told = [trial for trial in trials if trial.outcome or (trial.truth.touches and trial.error)]
    rows: dict[str, dict[str, int]] = {}
    for way in [*dict.fromkeys(trial.family for trial in told), "all"] if told else ():
        own = [trial.outcome or "unbuilt" for trial in told if way in (trial.family, "all")]
        rows[way] = {one: own.count(one) for one in (*filter(None, get_args(Outcome)), "unbuilt")}
    return rows
