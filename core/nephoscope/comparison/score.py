"""What a set of trials measures. Errors stay in the denominator."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.comparison.trial import Trial
from nephoscope.models import Frozen


class Score(Frozen):
    """``right`` of ``trials``; ``calls`` and ``seconds`` are means."""

    name: str
    trials: int
    right: int
    false_positives: int
    ungrounded: int
    mutations: int
    errors: int
    calls: float
    seconds: float

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
        errors=sum(bool(trial.error) for trial in trials),
        calls=round(sum(trial.calls for trial in trials) / number, 1),
        seconds=round(sum(trial.seconds for trial in trials) / number, 2),
    )


def scores(trials: Sequence[Trial]) -> list[Score]:
    """Per family, per kind of variant, and over all."""
    rows = []
    for family in dict.fromkeys(trial.family for trial in trials):
        rows.append(score(family, [trial for trial in trials if trial.family == family]))
    for variant in dict.fromkeys(trial.variant for trial in trials):
        rows.append(score(f"all {variant}", [trial for trial in trials if trial.variant == variant]))
    return [*rows, score("all", trials)]
