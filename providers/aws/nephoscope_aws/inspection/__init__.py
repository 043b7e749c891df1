"""Controls of AWS: the folder ``controls``, read with the conditions of the settings analyzer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nephoscope.interfaces import Control, FactView
from nephoscope.knowledge.controls import Judgement, Predicate, load_controls
from nephoscope.models import Holds, ResourceRef
from nephoscope_aws.analyzers.setting.conditions import Judging, judge
from nephoscope_aws.analyzers.setting.judges import JUDGES as SETTING_JUDGES
from nephoscope_aws.analyzers.setting.rules import Condition
from nephoscope_aws.inspection.judges import JUDGES
from nephoscope_aws.looking.look import Look

FOLDER = Path(__file__).parents[1] / "controls"
_ALL = {**SETTING_JUDGES, **JUDGES}


def controls() -> Sequence[Control]:
    """Every control of the pack."""
    return load_controls(FOLDER, predicate)


def predicate(raw: Any) -> Predicate:
    """Reads ``when`` as a condition of the settings analyzer. Raises ``ValueError``."""
    condition = Condition.model_validate(raw)

    def judged(subject: ResourceRef, view: FactView) -> Judgement:
        judging = Judging(Look(view), subject)
        truth = judge(condition, subject, judging, _ALL)
        holds: Holds = "unknown" if truth is None else "yes" if truth else "no"
        return Judgement(holds, judging.look.because, judging.look.needs, judging.details)

    return judged
