"""The evidence gate: what does not come out the same from the stored replies is dropped."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from nephoscope.engine.context import Context
from nephoscope.engine.dossier import Dossier, dossier
from nephoscope.engine.verdict import diagnose
from nephoscope.knowledge.view import SUPPOSED, Evidence
from nephoscope.models import Claim, Conclusion, Diagnosis, Fact, Finding, Predicate
from nephoscope.store import canonical


def gate(context: Context, conclusion: Conclusion) -> Diagnosis:
    """Re-read every reply (hashes checked), re-extract facts, re-run analyzers, weigh; then judge claims."""
    view = dossier(context)
    sound = _sound(view, context.store.facts())

    def analyze(evidence: Evidence) -> list[Finding]:
        return [one if _stands(one, sound) else _doubted(one) for one in context.analysis(evidence)]

    while True:
        broken = set(context.analysis.broken)
        diagnosis = diagnose(view, analyze(view), analyze)
        if broken == set(context.analysis.broken):
            break  # else an analyzer failed under a supposition: its silence must clear nothing
    fallen = [one for one in view.findings if one.role == "cause" and one.holds == "yes" and not _stands(one, sound)]
    dropped = tuple(f"{one.cause}: the facts it rests on are not in the recorded replies" for one in fallen)
    return _with_claims(view, diagnosis.model_copy(update={"dropped": dropped}), conclusion.claims)


def _sound(view: Dossier, recorded: Sequence[Fact]) -> frozenset[str]:
    """Ids of facts that are extracted now as they were when the loop first saw them."""
    then = {fact.id: canonical(fact.value) for fact in recorded}
    return frozenset(fact.id for fact in view.all_facts() if then.get(fact.id) == canonical(fact.value))


def _stands(finding: Finding, sound: Collection[str]) -> bool:
    """Every fact it rests on is sound, derived from a sound inventory, or supposed; a fault rests on something."""
    grounded = all(fact.startswith(SUPPOSED) or fact.partition("~")[0] in sound for fact in finding.because)
    return grounded and bool(finding.because or finding.role != "cause" or finding.holds != "yes")


def _doubted(finding: Finding) -> Finding:
    return finding.model_copy(update={"holds": "unknown", "because": (), "suppose": ()})


def _with_claims(view: Dossier, diagnosis: Diagnosis, claims: Sequence[Claim]) -> Diagnosis:
    """A claim whose predicates hold makes a verdict likely, never confirmed; one that does not is dropped."""
    dropped = list(diagnosis.dropped)
    likely: list[Finding] = []
    refuted = {one.cause for one in diagnosis.ruled_out}
    for claim in claims:
        if any(one.cause == claim.cause for one in diagnosis.causes):
            continue
        broken = [one for one in claim.predicates if not holds(one, view)]
        unknown = [*(name for name in _identifiers(claim.prose) if not _occurs(name, view)), *_strangers(claim, view)]
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
        return isinstance(fact.value, str) and _matches(str(value), fact.value)
    if not isinstance(fact.value, int | float) or not isinstance(value, int | float):
        return False
    return fact.value < value * predicate.times if predicate.is_ == "lt" else fact.value > value * predicate.times


_COSTLY = re.compile(r"\)[*+{]|(?:[*+{].*){3}", re.DOTALL)


def _matches(pattern: str, value: str) -> bool:
    """Patterns come from models: broken ones match nothing, nor do those that could take forever."""
    try:
        return not _COSTLY.search(pattern) and re.search(pattern, value) is not None
    except re.error:
        return False


_IDENTIFIER = re.compile(
    r"\b(?:[\w-]+:){3,}[\w/:.*-]+|\b[a-z]{1,4}-[0-9a-f]{8,17}\b|(?<=[\"'`“‘])[\w./:-]{3,}(?=[\"'`”’])"
    r"|\b\d{9,}\b|\b\d{1,3}(?:\.\d{1,3}){3}\b|\b\w+_\w+\b|\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])\w+(?:-\w+)+\b"
)


def _identifiers(prose: str) -> list[str]:
    return _IDENTIFIER.findall(prose)


def _strangers(claim: Claim, view: Dossier) -> list[str]:
    """Resources of a claim that neither a fact nor the problem is about."""
    known = {fact.subject.key for fact in view.all_facts()} | {ref.key for ref in view.problem.matched()}
    return [ref.native_id for ref in claim.resources if ref.key not in known]


def _occurs(name: str, view: Dossier) -> bool:
    if name in view.problem.text:
        return True
    return any(name in fact.subject.native_id or name == fact.subject.name or name in canonical(fact.value) for fact in view.all_facts())
