"""The counterfactual peel: which causes, mended, would clear the symptom's path.

``sufficient`` is computed here and nowhere else. A set of causes is sufficient when, with all of them supposed mended, no cause on
the path holds and no observation of it fails. A cause the path stays clear without is not part of it: it was noticed, no more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nephoscope.knowledge.view import SUPPOSED, Evidence
from nephoscope.models import Finding

Analyze = Callable[[Evidence], list[Finding]]
MOST_ROUNDS = 6


@dataclass(frozen=True)
class Peeled:
    """``necessary`` together clear the path when ``clears``; ``idle`` are causes that change nothing."""

    necessary: tuple[Finding, ...]
    idle: tuple[Finding, ...]
    clears: bool


def holding(findings: Sequence[Finding]) -> list[Finding]:
    """Causes on the path that hold."""
    return [one for one in findings if one.role == "cause" and one.holds == "yes" and one.on_path]


def blocked(findings: Sequence[Finding]) -> bool:
    """Whether something is seen to stand in the symptom's way."""
    return bool(holding(findings)) or any(one.role == "observation" and one.holds == "no" and one.on_path for one in findings)


def recorded(finding: Finding) -> bool:
    """Whether it rests on recorded facts alone. What follows from a thing we made up ourselves was never in the account."""
    return not any(fact.startswith(SUPPOSED) for fact in finding.because)


def peel(evidence: Evidence, findings: Sequence[Finding], analyze: Analyze) -> Peeled:
    """Suppose every holding cause mended, uncover what stood behind, then drop what was not needed."""
    layers = {one.key: one for one in holding(findings) if one.suppose}
    clears = False
    for _ in range(MOST_ROUNDS):
        beneath = analyze(_without(evidence, list(layers.values())))
        fresh = {one.key: one for one in holding(beneath) if one.suppose and one.key not in layers and recorded(one)}
        if not fresh:
            clears = bool(layers) and not blocked(beneath)
            break
        layers |= fresh
    causes = list(layers.values())
    if not clears:
        return Peeled(tuple(causes), (), clears=False)
    necessary = causes
    for one in reversed(causes):
        rest = [other for other in necessary if other.key != one.key]
        if rest and not blocked(analyze(_without(evidence, rest))):
            necessary = rest
    kept = {one.key for one in necessary}
    return Peeled(tuple(necessary), tuple(one for one in causes if one.key not in kept), clears=True)


def _without(evidence: Evidence, causes: Sequence[Finding]) -> Evidence:
    return evidence.suppose([supposition for one in causes for supposition in one.suppose])
