"""Whether the same question gets the same answer each time it is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from nephoscope.comparison.trial import Trial
from nephoscope.models import Frozen


class Wavering(Frozen):
    """A question that was answered in more ways than one. ``answers``: verdict and causes of each way, and how often it was given."""

    scenario: str
    variant: str
    words: str
    answers: dict[str, int]


class Steadiness(Frozen):
    """Of questions that were asked more than once. ``wavering``: those not always answered the same; of held words only the number is told."""

    questions: int = 0
    same: int = 0
    wavering: tuple[Wavering, ...] = ()


def steadiness(trials: Sequence[Trial]) -> Steadiness:
    """An answer is the verdict, its causes, and whether gaps and resources were named; what ended in an error is an answer of its own.

    Resources are not compared by name: an emulator gives its things other identifiers each time it is started.
    """
    asked: dict[tuple[str, str, str], list[Trial]] = {}
    for trial in trials:
        asked.setdefault((trial.scenario, trial.variant, trial.words), []).append(trial)
    repeated = [own for own in asked.values() if len(own) > 1]
    differing = [own for own in repeated if len({_answer(one) for one in own}) > 1]
    told = tuple(_wavering(own) for own in differing if own[0].split != "held")
    return Steadiness(questions=len(repeated), same=len(repeated) - len(differing), wavering=told)


def _answer(trial: Trial) -> str:
    told = f"{trial.verdict}: {', '.join(sorted(trial.causes)) or '-'}"
    amiss = "" if trial.right else ", not as it is"
    return f"error: {trial.error}" if trial.error else told + amiss


def _wavering(own: Sequence[Trial]) -> Wavering:
    return Wavering(scenario=own[0].scenario, variant=own[0].variant, words=own[0].words, answers=dict(Counter(map(_answer, own))))
