"""Answers a question about a whole population by the predicates of inspections. The answer is a report like any other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nephoscope.engine.advice import advise
from nephoscope.engine.context import Context
from nephoscope.engine.inspecting import Inspected, Inspector, unlisted
from nephoscope.interfaces import Control
from nephoscope.knowledge.controls import told
from nephoscope.knowledge.population import asked
from nephoscope.models import Diagnosis, Finding, Problem
from nephoscope.models.report import Status

MOST_TOLD = 20
"""So many faults are written out; the others are named."""
SURE = 0.95


def questioned(context: Context, controls: Sequence[Control]) -> list[Control]:
    """The controls that answer the problem's words; none where it is no such question."""
    problem = context.store.load("problem", Problem)
    if problem is None:
        return []
    own = [one for one in controls if one.card.cloud in context.estates]
    return asked(problem.text, own, [mention for estate in context.estates.values() for mention in estate.mentions(problem.text)])


def survey(context: Context, controls: Sequence[Control], running: Callable[[Inspector], None]) -> Status:
    """Judge everything of the kind, and keep what came of it as a diagnosis."""
    problem = context.store.load("problem", Problem)
    assert problem is not None  # noqa: S101 - the question was read from it
    context.store.put("entities_read", True)
    context.emit("notice", text=f"asked of everything of a kind: {', '.join(one.name for one in controls)}")
    inspector = Inspector(context, controls, problem.now)
    running(inspector)
    done = inspector.run()
    diagnosis = _diagnosis(controls, done)
    context.store.put("diagnosis", diagnosis)
    advice = [one for cause in diagnosis.causes if (one := advise(cause, context))]
    context.store.put("recommendations", [one.model_dump(mode="json") for one in advice])
    context.emit("concluded", verdict=diagnosis.verdict, title=str(diagnosis.causes[0].details["title"]) if diagnosis.causes else "")
    return done.status


def _diagnosis(controls: Sequence[Control], done: Inspected) -> Diagnosis:
    by_control = {one.name: [finding for finding in done.findings if finding.cause == one.name] for one in controls}
    causes = tuple(_cause(one, found) for one in controls if (found := by_control[one.name]) and any(each.holds == "yes" for each in found))
    fine = tuple(one for one in done.findings if one.holds == "no")
    open_ = tuple(one for one in done.findings if one.holds == "unknown")
    kinds = {one.card.about for one in controls}
    unseen = [gap for gap in done.view.gaps for kind in kinds if unlisted(gap, kind, done.listings.get(kind, frozenset()))]
    whole = done.status == "concluded" and not open_ and not unseen
    verdict = "confirmed" if causes else "no_fault_found" if whole else "inconclusive"
    return Diagnosis.model_validate(
        {"verdict": verdict, "causes": causes, "ruled_out": fine, "open": open_, "confidence": SURE if verdict != "inconclusive" else 0.0}
    )


def _cause(control: Control, findings: Sequence[Finding]) -> Finding:
    """All things that one control finds at fault, as one answer."""
    bad = [one for one in findings if one.holds == "yes"]
    faults = [told(control.card.fault, one) for one in bad]
    more = f"; so are {len(bad) - 1} others of {len(findings)}" if len(bad) > 1 else f" (1 of {len(findings)})"
    rest = f"; and {len(bad) - MOST_TOLD} others" if len(bad) > MOST_TOLD else ""
    return bad[0].model_copy(
        update={
            "note": "; ".join(faults[:MOST_TOLD]) + rest,
            "because": tuple(dict.fromkeys(fact for one in bad for fact in one.because)),
            "details": {
                **bad[0].details,
                "title": f"{faults[0]}{more}",
                "advice": control.card.remediation,
                "resources": [one.subject.native_id for one in bad],
            },
        }
    )
