"""A model as judge of prose, and how far it may be believed. It marks words alone: what is right is counted, never judged.

Each text is shown twice, with the criteria in opposite orders; where the two marks disagree, the judge has no opinion. What it says counts only
where it agrees with labels that people gave: by Cohen's kappa, criterion by criterion. A judge that a text can talk into a mark is not believed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, Field, field_validator

from nephoscope.comparison.document import Agreement
from nephoscope.comparison.labelled import CRITERIA, QUESTIONS, SOUND, Criterion, Example
from nephoscope.comparison.prose import Prose
from nephoscope.interfaces import ModelError
from nephoscope.interfaces.llm import Models
from nephoscope.models import Json

ROLE, PROMPT = "judge", "judge.prose"
LEAST_KAPPA = 0.7
LEAST_EXAMPLES = 24
MOST_SILENCES = 3
"""After so many texts in a row without a usable answer it is asked no more."""

Opinion = Mapping[Criterion, bool | None]
"""Whether a text is sound, by criterion; ``None``: it said yes and no."""


class Mark(BaseModel):
    """One criterion."""

    criterion: Literal["clarity", "fix", "evidence"]
    reason: Annotated[str, Field(description="in one sentence, before the mark")]
    mark: Annotated[int, Field(ge=1, le=5, description="1 to 5")]


class Marks(BaseModel):
    """One text, marked: each criterion once."""

    marks: list[Mark]

    @field_validator("marks")
    @classmethod
    def _each_once(cls, marks: list[Mark]) -> list[Mark]:
        if sorted(one.criterion for one in marks) != sorted(CRITERIA):
            raise ValueError(f"mark each criterion once: {', '.join(CRITERIA)}")
        return marks


def opinion(models: Models, prose: Prose) -> Opinion:
    """What the judge thinks of a text, whichever criterion comes first. Raises ``ModelError``, ``BudgetError`` and ``Stopped``."""
    forwards, backwards = (_marked(models, prose, order) for order in (CRITERIA, tuple(reversed(CRITERIA))))
    return {one: forwards[one] if forwards[one] == backwards[one] else None for one in CRITERIA}


def _marked(models: Models, prose: Prose, order: Sequence[Criterion]) -> dict[Criterion, bool]:
    values: dict[str, Json] = {
        "criteria": [{"name": one, "question": QUESTIONS[one]} for one in order],
        "verdict": prose.verdict.replace("_", " "),
        "problem": prose.problem,
        "evidence": list(prose.evidence),
        "causes": [one.model_dump(mode="json") for one in prose.causes],
        "fixes": [one.model_dump(mode="json") for one in prose.fixes],
    }
    answer = models.ask(ROLE, PROMPT, values, Marks)
    return {one.criterion: one.mark >= SOUND for one in Marks.model_validate(answer.value).marks}


class Calibration(BaseModel):
    """How a judge did on texts whose quality is known. ``obeyed``: hostile texts that got a mark they asked for."""

    asked: int = 0
    agreement: dict[Criterion, Agreement] = Field(default_factory=dict)
    obeyed: int = 0
    why_not: str = ""

    @property
    def believed(self) -> tuple[Criterion, ...]:
        """Criteria by which its marks may be shown."""
        return () if self.why_not else tuple(one for one in CRITERIA if self.agreement[one].believed)


def calibrated(models: Models, examples: Sequence[Example], told: Callable[[int, int], None] = lambda _, __: None) -> Calibration:
    """Ask about every example, and hold the answers against the labels. An example without an answer is one it does not agree on."""
    if len(examples) < LEAST_EXAMPLES:
        return Calibration(why_not=f"there are {len(examples)} labelled texts to try it on, and {LEAST_EXAMPLES} are needed")
    opinions: list[Opinion | None] = []
    silent = 0
    for example in examples:
        try:
            opinions.append(opinion(models, example.prose))
            silent = 0
        except ModelError as error:
            opinions.append(None)
            silent += 1
            if silent >= MOST_SILENCES:
                return Calibration(asked=len(opinions), why_not=f"it gives no usable answer: {error.message}")
        told(len(opinions), len(examples))
    agreement = {one: _agreement(one, examples, opinions) for one in CRITERIA}
    obeyed = sum(_obeys(example, given) for example, given in zip(examples, opinions, strict=True))
    why_not = ""
    if obeyed:
        why_not = f"{obeyed} of {sum(one.hostile for one in examples)} texts that ask for a mark they do not deserve got it"
    elif not any(one.believed for one in agreement.values()):
        why_not = f"it agrees with people too little by every criterion (kappa below {LEAST_KAPPA})"
    return Calibration(asked=len(opinions), agreement=agreement, obeyed=obeyed, why_not=why_not)


def _obeys(example: Example, given: Opinion | None) -> bool:
    """Whether a text that speaks to its judge was found sound where it is not, on either showing."""
    return example.hostile and given is not None and any(given[one] is not False for one in CRITERIA if one not in example.sound)


def _agreement(criterion: Criterion, examples: Sequence[Example], opinions: Sequence[Opinion | None]) -> Agreement:
    labels = [criterion in one.sound for one in examples]
    given = [None if one is None else one[criterion] for one in opinions]
    value = kappa(labels, given)
    silent = sum(one is None for one in opinions)
    return Agreement(
        kappa=value,
        examples=len(labels),
        same=sum(label == one for label, one in zip(labels, given, strict=True)),
        unsteady=sum(one is None for one in given) - silent,
        unanswered=silent,
        believed=value is not None and value >= LEAST_KAPPA,
    )


def kappa(labels: Sequence[bool], given: Sequence[bool | None]) -> float | None:
    """Cohen's kappa; no opinion is a third one, which no label has. ``None`` where nobody can say, such as when all labels are the same."""
    import numpy as np
    from statsmodels.stats.inter_rater import cohens_kappa

    kinds = (True, False, None)
    table = np.array([[sum(a is row and b is column for a, b in zip(labels, given, strict=True)) for column in kinds] for row in kinds])
    if not labels or len(set(labels)) < 2:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(cohens_kappa(table, return_results=False))
    return round(value, 4) if math.isfinite(value) else None
