"""Whether confidence means anything: of the causes told with so much of it, how many were causes."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.comparison.trial import Trial
from nephoscope.models import Frozen

STEPS = 10
"""So many bands of equal width."""


class Band(Frozen):
    """Causes told with a confidence of at least ``low`` and less than ``high``. ``confidence``: their mean."""

    low: float
    high: float
    told: int
    right: int
    confidence: float

    @property
    def share(self) -> float:
        """How many of them were causes."""
        return self.right / self.told if self.told else 0.0


class Calibration(Frozen):
    """``error``: mean distance of a band's confidence from its share, by causes told. ``brier``: mean squared distance of each from its outcome."""

    bands: tuple[Band, ...] = ()
    error: float = 0.0
    brier: float = 0.0


def calibrated(trials: Sequence[Trial]) -> Calibration:
    """Over every cause that any trial told. A trial without a cause says nothing here."""
    told = [pair for trial in trials for pair in _told(trial)]
    if not told:
        return Calibration()
    by_band: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in told:
        by_band.setdefault(min(int(confidence * STEPS + 1e-9), STEPS - 1), []).append((confidence, right))
    bands = tuple(_band(number, by_band[number]) for number in sorted(by_band))
    error = sum(abs(one.confidence - one.share) * one.told for one in bands) / len(told)
    brier = sum((confidence - right) ** 2 for confidence, right in told) / len(told)
    return Calibration(bands=bands, error=round(error, 4), brier=round(brier, 4))


def _told(trial: Trial) -> list[tuple[float, bool]]:
    """Confidence and outcome of each cause."""
    false = set(trial.false_positives)
    return [(confidence, cause not in false) for cause, confidence in zip(trial.causes, trial.confidences, strict=False)]


def _band(number: int, told: Sequence[tuple[float, bool]]) -> Band:
    return Band(
        low=number / STEPS,
        high=(number + 1) / STEPS,
        told=len(told),
        right=sum(right for _, right in told),
        confidence=round(sum(confidence for confidence, _ in told) / len(told), 4),
    )
