"""From findings to a verdict, by rule."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.engine.peel import Analyze, holding, peel
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Diagnosis, Finding, Verdict

CONFIDENCE = {"confirmed": 0.9, "likely": 0.6, "no_fault_found": 0.8, "inconclusive": 0.2}


def diagnose(evidence: Evidence, findings: Sequence[Finding], analyze: Analyze) -> Diagnosis:
    """Weigh what holds, what is ruled out and what is open. Claims are judged elsewhere."""
    findings = _doubted(evidence, findings)
    causes = [one for one in findings if one.role == "cause"]
    observations = tuple(one for one in findings if one.role == "observation")
    ruled_out = tuple(one for one in causes if one.holds == "no")
    open_ = tuple(one for one in causes if one.holds == "unknown" and one.on_path)
    latent = [one for one in causes if one.holds == "yes" and not one.on_path]
    peeled = peel(evidence, findings, lambda view: _doubted(view, analyze(view)))
    silent = [one for one in holding(findings) if not one.suppose]
    rivals = bool(ruled_out) or any(one.holds == "yes" for one in observations)
    roots = [one.model_copy(update={"sufficient": peeled.clears}) for one in peeled.necessary] or silent
    verdict = _verdict(evidence, roots, observations, open_, findings, rivals=rivals)
    return Diagnosis(
        verdict=verdict,
        causes=tuple(roots),
        ruled_out=ruled_out,
        also_noticed=(*latent, *peeled.idle, *(silent if peeled.necessary else ())),
        open=open_,
        observations=observations,
        confidence=_confidence(verdict, ruled_out, open_),
    )


def _verdict(
    evidence: Evidence,
    roots: Sequence[Finding],
    observations: Sequence[Finding],
    open_: Sequence[Finding],
    findings: Sequence[Finding],
    *,
    rivals: bool,
) -> Verdict:
    if roots:
        proven = all(one.sufficient for one in roots) and rivals and not _on_assumed_entity(evidence, roots)
        return "confirmed" if proven else "likely"
    seen = [one for one in observations if one.on_path]
    healthy = bool(seen) and all(one.holds == "yes" for one in seen) and not open_
    claimed = healthy and _identified(evidence) and _looked_at(evidence, findings) and not _said_otherwise(evidence)
    return "no_fault_found" if claimed else "inconclusive"


def _said_otherwise(evidence: Evidence) -> bool:
    """The account itself tells of trouble, or the words speak of a region that nobody looked at."""
    return bool(evidence.problem.witnessed or evidence.problem.elsewhere)


def _may_be_elsewhere(evidence: Evidence, finding: Finding) -> bool:
    """That a named thing is not here says nothing where the words name a region that nobody looked at."""
    if not evidence.problem.elsewhere or finding.role != "cause" or finding.holds != "yes":
        return False
    named = {ref.key for ref in evidence.problem.matched()}
    return any(one.attribute == "exists" and one.subject.key in named for one in finding.suppose)


def _doubted(evidence: Evidence, findings: Sequence[Finding]) -> list[Finding]:
    opened = {"holds": "unknown", "suppose": (), "note": ""}
    return [one.model_copy(update=opened) if _may_be_elsewhere(evidence, one) else one for one in findings]


def _identified(evidence: Evidence) -> bool:
    """Every thing the person named was found, and none by guess."""
    sought = [entity for entity in evidence.problem.entities if entity.native_types or entity.matches or entity.near]
    found = any(entity.matches for entity in sought)
    guessed = any(entity.assumed and entity.near for entity in sought)
    return found and not guessed and all(entity.matches for entity in sought if entity.named)


def _looked_at(evidence: Evidence, findings: Sequence[Finding]) -> bool:
    """Nothing that was named was left aside: what no judgement rests on may be where the fault is. What a judged thing names only places it."""
    seen = {one.subject.key for one in findings}
    facts = (evidence.by_id(fact) for one in findings for fact in one.because)
    seen |= {fact.subject.key for fact in facts if fact is not None}
    meant = [entity for entity in evidence.problem.entities if entity.named and entity.matches and entity.role != "healthy"]
    aside = [entity for entity in meant if not seen & {ref.key for ref in entity.matches}]
    told = [str(fact.value) for fact in evidence.all_facts() if fact.subject.key in seen] if aside else []
    return all(any(ref.native_id in value for ref in entity.matches for value in told) for entity in aside)


def _on_assumed_entity(evidence: Evidence, roots: Sequence[Finding]) -> bool:
    guessed = {ref.key for entity in evidence.problem.entities if entity.assumed and entity.near for ref in entity.matches}
    return any(one.subject.key in guessed for one in roots)


def _confidence(verdict: Verdict, ruled_out: Sequence[Finding], open_: Sequence[Finding]) -> float:
    """A table, not a feeling: more rivals refuted raise it, open ones lower it."""
    if verdict == "inconclusive":
        return CONFIDENCE[verdict]
    value = CONFIDENCE[verdict] + min(len(ruled_out), 4) * 0.02 - min(len(open_), 4) * 0.03
    return round(max(0.05, min(0.99, value)), 2)
