"""The evidence gate: what does not come out the same from the stored replies is dropped."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from nephoscope.engine.context import Context
from nephoscope.engine.dossier import Dossier, dossier
from nephoscope.engine.verdict import CONFIDENCE, diagnose
from nephoscope.knowledge.claims import PART, failing
from nephoscope.knowledge.view import SUPPOSED, Evidence
from nephoscope.knowledge.vocabulary import vocabulary
from nephoscope.models import Claim, Conclusion, Diagnosis, Fact, Finding, Holds, JsonValue, Predicate, Verdict
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
    if context.analysis.broken:
        diagnosis = _without_silence(diagnosis)
    fallen = [one for one in view.findings if one.role == "cause" and one.holds == "yes" and not _stands(one, sound)]
    dropped = tuple(f"{one.cause}: the facts it rests on are not in the recorded replies" for one in fallen)
    return _with_claims(view, diagnosis.model_copy(update={"dropped": dropped}), conclusion)


def _without_silence(diagnosis: Diagnosis) -> Diagnosis:
    """What an analyzer that failed would have said is not known: health is not claimed then, nor that the causes are all."""
    weaker: dict[str, Verdict] = {"no_fault_found": "inconclusive", "confirmed": "likely"}
    verdict = weaker.get(diagnosis.verdict)
    return (
        diagnosis
        if verdict is None
        else diagnosis.model_copy(update={"verdict": verdict, "confidence": min(diagnosis.confidence, CONFIDENCE[verdict])})
    )


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


def _with_claims(view: Dossier, diagnosis: Diagnosis, conclusion: Conclusion) -> Diagnosis:
    """A claim whose predicates hold makes a verdict likely, never confirmed; beside a cause the analyzers found it is noticed; else it is dropped."""
    dropped = list(diagnosis.dropped)
    held: list[Finding] = []
    refuted = {one.cause for one in diagnosis.ruled_out}
    for claim in conclusion.claims:
        if any(one.cause == claim.cause for one in diagnosis.causes):
            continue
        why = "the facts rule it out" if claim.cause in refuted else failing(claim, view, vocabulary(view, claim))
        if why:
            dropped.append(f"{claim.cause}: {why}")
        else:
            held.append(_as_finding(claim, "yes"))
    others = [_as_finding(one, "no") for one in conclusion.ruled_out if one.cause not in refuted and not failing(one, view, vocabulary(view, one))]
    asserted = {one.cause for one in (*held, *diagnosis.causes)}
    update: dict[str, object] = {
        "dropped": tuple(dropped),
        "ruled_out": (*diagnosis.ruled_out, *(one for one in others if one.cause not in asserted)),
    }
    if held and diagnosis.causes:
        update["also_noticed"] = (*diagnosis.also_noticed, *held)
    elif held:
        update |= {"causes": tuple(held), "verdict": "likely", "confidence": LIKELY}
    return diagnosis.model_copy(update=update)


LIKELY = 0.5
"""Confidence of a claim that no analyzer bears out."""


def _as_finding(claim: Claim, holds: Holds) -> Finding:
    more: list[JsonValue] = [ref.native_id for ref in claim.resources[1:]]
    details: dict[str, JsonValue] = {"title": claim.title, "advice": claim.advice, "resources": more}
    return Finding(
        cause=claim.cause,
        subject=claim.resources[0],
        holds=holds,
        because=tuple(dict.fromkeys(fact for one in claim.predicates for fact in (_cited(one), one.other) if fact)),
        note=claim.prose,
        details={key: value for key, value in details.items() if value},
        decided_by=claim.by if claim.by.startswith("model:") else "model:claim",
    )


def _cited(predicate: Predicate) -> str:
    """The fact a condition rests on: of a document the part it looks at."""
    return f"{predicate.fact}{PART}{predicate.path}" if predicate.path else predicate.fact
