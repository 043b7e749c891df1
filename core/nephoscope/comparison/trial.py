"""One trial: an investigation of one variant of one scenario, scored against its truth."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable

from nephoscope.comparison.outcome import Outcome, outcome
from nephoscope.comparison.scenario import Scenario, Split, Truth
from nephoscope.interfaces import Emulator, NephoscopeError
from nephoscope.models import Frozen, Scope, Verdict
from nephoscope.models.report import Report

Investigate = Callable[[str, Scope], Report]


class Trial(Frozen):
    """What came out. ``right``: verdict, causes and resources as they truly are. ``seconds``: wall clock without starting the emulator."""

    scenario: str
    family: str
    variant: str
    words: str
    split: Split = ""
    truth: Truth
    verdict: Verdict = "inconclusive"
    causes: tuple[str, ...] = ()
    confidences: tuple[float, ...] = ()
    """Of each cause, as the report tells it."""
    resources: tuple[str, ...] = ()
    right: bool = False
    false_positives: tuple[str, ...] = ()
    missing_gaps: tuple[str, ...] = ()
    ungrounded: int = 0
    fixes: int = 0
    """True causes that were told."""
    proven: int = 0
    """Of these, the ones whose fix was proven on an emulator."""
    calls: int = 0
    inventory: int = 0
    idle: int = 0
    """Of the calls: listings to match names; those that nothing in the report rests on."""
    mutations: int = 0
    steps: int = 0
    seconds: float = 0.0
    run: str = ""
    error: str = ""
    outcome: Outcome = ""
    """Of a fault that nobody wrote a cause for: what was made of it."""


def run_trial(scenario: Scenario, variant: str, emulator: Emulator, investigate: Investigate, words: str = "") -> Trial:
    """Seed the emulator, investigate, score. An investigation that fails is a wrong one, never left out."""
    spoken = words or scenario.words(variant)
    own, truth = scenario.split(spoken), scenario.truth(variant)
    blank = Trial(scenario=scenario.id, family=scenario.family, variant=variant, words=spoken, split=own, truth=truth)
    try:
        emulator.start(scenario.seed(variant))
        started = time.monotonic()
        report = investigate(spoken, emulator.scope())
        made = getattr(emulator, "made", {})
    except NephoscopeError as error:
        return blank.model_copy(update={"error": error.message})
    except Exception as error:  # a bug is a wrong answer too, and not the end of the suite
        return blank.model_copy(update={"error": f"{type(error).__name__}: {error}"})
    finally:
        mutations = _mutations(emulator)
        emulator.stop()
    trial = scored(blank.model_copy(update={"truth": truth.resolved(made)}), report).model_copy(
        update={"seconds": round(time.monotonic() - started, 2), "mutations": mutations}
    )
    if not blank.truth.touches:
        return trial
    told = outcome(report, blank.truth.touches, made)
    return trial.model_copy(update={"outcome": told, "right": told == "explained", "false_positives": trial.causes if told == "wrong" else ()})


def _mutations(emulator: Emulator) -> int:
    """Mutating requests that the emulated cloud saw after its seeding, where the emulator keeps a log."""
    log = getattr(emulator, "log", None)
    try:
        return sum(1 for row in log() if row.get("mutating")) if log else 0
    except (NephoscopeError, OSError):
        return 0


def scored(trial: Trial, report: Report) -> Trial:
    """Compare a report with the truth."""
    truth = trial.truth
    causes = tuple(cause.id for cause in report.root_causes)
    resources = tuple(dict.fromkeys(one for cause in report.root_causes for one in cause.resources))
    operations = {gap.operation for gap in report.gaps}
    missing = tuple(operation for operation in truth.gaps if operation not in operations)
    named = all_named(truth.resources, resources)
    right = report.verdict == truth.verdict and set(causes) == set(truth.causes) and not missing and named
    cited = {fact for cause in report.root_causes for fact in cause.evidence}
    grounded = {fact.id for fact in report.facts if fact.grounding != "ungrounded" and fact.calls}
    return trial.model_copy(
        update={
            "verdict": report.verdict,
            "causes": causes,
            "confidences": tuple(cause.confidence for cause in report.root_causes),
            "resources": resources,
            "right": right,
            "false_positives": tuple(cause for cause in causes if cause not in truth.causes),
            "missing_gaps": missing,
            "ungrounded": len(cited - grounded),
            "fixes": len(set(causes) & set(truth.causes)),
            "proven": min(len(set(causes) & set(truth.causes)), sum(one.proof == "proven_on_emulator" for one in report.recommendations)),
            "calls": report.ledger.upstream,
            "inventory": report.ledger.inventory,
            "idle": report.ledger.idle,
            "steps": len(report.steps),
            "run": report.id,
            "error": report.trouble.message if report.trouble else "",
        }
    )


def all_named(wanted: Iterable[str], told: Collection[str]) -> bool:
    """Whether each thing is told, by its whole identifier, or without what its service puts before its own part of it."""
    return all(any(one == name or one.endswith(f":{name}") or name.endswith(f"/{one}") for one in told) for name in wanted)
