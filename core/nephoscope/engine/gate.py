"""The evidence gate: what does not come out the same from the stored replies is dropped."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nephoscope.engine.context import Context
from nephoscope.engine.dossier import Dossier, dossier
from nephoscope.engine.verdict import diagnose
from nephoscope.models import Claim, Conclusion, Diagnosis, Fact, Finding, Predicate
from nephoscope.store import canonical


def gate(context: Context, conclusion: Conclusion) -> Diagnosis:
    """Re-read every reply (hashes checked), re-extract facts, re-run analyzers, weigh; then judge claims."""
    view = dossier(context)
    recorded = {fact.id: fact for fact in context.store.facts()}
    diagnosis = diagnose(view, view.findings, context.analysis)
    changed = [one for one in diagnosis.causes if not all(_stands(fact_id, view, recorded) for fact_id in one.because)]
    if changed:
        kept = tuple(one for one in diagnosis.causes if one not in changed)
        dropped = tuple(f"{one.cause}: the facts it rests on are not in the recorded replies any more" for one in changed)
        verdict = diagnosis.verdict if kept else "inconclusive"
        diagnosis = diagnosis.model_copy(update={"causes": kept, "verdict": verdict, "dropped": dropped})
    return _with_claims(view, diagnosis, conclusion.claims)


def _stands(fact_id: str, view: Dossier, recorded: dict[str, Fact]) -> bool:
    """The fact is extracted now as it was when the loop first saw it."""
    now, then = view.by_id(fact_id), recorded.get(fact_id)
    if now is None:
        return False
    return then is None or canonical(then.value) == canonical(now.value)


def _with_claims(view: Dossier, diagnosis: Diagnosis, claims: Sequence[Claim]) -> Diagnosis:
    """A claim whose predicates hold makes a verdict likely, never confirmed; one that does not is dropped."""
    dropped = list(diagnosis.dropped)
    likely: list[Finding] = []
    refuted = {one.cause for one in diagnosis.ruled_out}
    for claim in claims:
        if any(one.cause == claim.cause for one in diagnosis.causes):
            continue
        broken = [one for one in claim.predicates if not holds(one, view)]
        unknown = [name for name in _identifiers(claim.prose) if not _occurs(name, view)]
        if broken or not claim.predicates or not claim.resources or claim.cause in refuted or unknown:
            dropped.append(f"{claim.cause}: {_why(claim, broken, unknown, refuted)}")
            continue
        facts = tuple(dict.fromkeys(one.fact for one in claim.predicates))
        likely.append(Finding(cause=claim.cause, subject=claim.resources[0], holds="yes", because=facts, note=claim.prose, decided_by="model:claim"))
    if likely and not diagnosis.causes:
        return diagnosis.model_copy(update={"causes": tuple(likely), "verdict": "likely", "confidence": 0.5, "dropped": tuple(dropped)})
    return diagnosis.model_copy(update={"dropped": tuple(dropped)})


def _why(claim: Claim, broken: Sequence[Predicate], unknown: Sequence[str], refuted: set[str]) -> str:
    if claim.cause in refuted:
        return "the facts rule it out"
    if unknown:
        return f"names {unknown[0]}, which no fact shows"
    return f"its condition on {broken[0].fact} does not hold" if broken else "no condition or no resource was given"


def holds(predicate: Predicate, view: Dossier) -> bool:  # noqa: PLR0911 - one line per comparison
    """Evaluate a predicate over facts; a fact that is not there makes it false."""
    fact = view.by_id(predicate.fact)
    if fact is None:
        return False
    if predicate.is_ in ("absent", "present"):
        return fact.known_absent == (predicate.is_ == "absent")
    if fact.known_absent:
        return False
    if predicate.is_ == "same_as":
        other = view.by_id(predicate.other or "")
        return other is not None and not other.known_absent and canonical(other.value) == canonical(fact.value)
    other = view.by_id(predicate.other) if predicate.other else None
    value = other.value if other else predicate.value
    if predicate.is_ == "equals":
        return canonical(fact.value) == canonical(value)
    if predicate.is_ == "in":
        return isinstance(value, list) and fact.value in value
    if predicate.is_ == "matches":
        return isinstance(fact.value, str) and re.search(str(value), fact.value) is not None
    if not isinstance(fact.value, int | float) or not isinstance(value, int | float):
        return False
    return fact.value < value * predicate.times if predicate.is_ == "lt" else fact.value > value * predicate.times


_IDENTIFIER = re.compile(r"\b(?:[\w-]+:){3,}[\w/:.*-]+|\b[a-z]{1,4}-[0-9a-f]{8,17}\b|(?<=[\"'`])[\w./:-]{3,}(?=[\"'`])")


def _identifiers(prose: str) -> list[str]:
    return _IDENTIFIER.findall(prose)


def _occurs(name: str, view: Dossier) -> bool:
    if name in view.problem.text:
        return True
    return any(name in fact.subject.native_id or name == fact.subject.name or name in canonical(fact.value) for fact in view.all_facts())
