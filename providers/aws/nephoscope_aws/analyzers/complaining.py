"""Whoever complains of a function whose own log reports errors is not told that all is well, whatever else is in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nephoscope.interfaces import FactView
from nephoscope.knowledge.view import SUPPOSED
from nephoscope.models import Finding, ResourceRef
from nephoscope_aws.analyzers.setting.rules import BROKEN
from nephoscope_aws.behaviour.log_lines import complaints
from nephoscope_aws.looking.logs import errors_in, group_of, since_changed
from nephoscope_aws.looking.look import Look

_LONGEST = 160
"""Characters of a line that are told."""


class LoggedErrorsAnalyzer:
    """Implements :class:`nephoscope.interfaces.Analyzer`. Asks nothing: it speaks where others had the log read."""

    name = "logged-errors"
    version = "1"

    def analyze(self, view: FactView) -> Sequence[Finding]:
        """One observation for each named function that reports errors. With something thought mended, nothing has been written since."""
        if not {view.problem.symptom, *view.problem.symptoms} & BROKEN or any(fact.id.startswith(SUPPOSED) for fact in view.all_facts()):
            return []
        return [finding for function in _functions(view) for finding in _told(view, function)]


def _functions(view: FactView) -> list[ResourceRef]:
    named = [ref for entity in view.problem.entities if entity.role != "healthy" for ref in entity.matches]
    return list({ref.key: ref for ref in named if ref.native_type == "lambda:function"}.values())


def _told(view: FactView, function: ResourceRef) -> Iterator[Finding]:
    look = Look(view)
    lines = complaints(errors_in(look, group_of(look, function), since_changed(look, function)) or ())
    if lines:
        note = f"the log of {function.label} reports errors: {lines[-1][:_LONGEST]}"
        yield look.observation("aws.lambda.seen-quiet-log", function, False, note)
