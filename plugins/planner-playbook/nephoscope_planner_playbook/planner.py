"""Planning by pull: open findings say which facts they need, reply tables say who provides them, the best split per call goes first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from nephoscope.interfaces import View
from nephoscope.models import Check, Conclusion, Entity, FactQuery, Finding, Question

MOST_CHECKS = 5
_WEIGHT = {"cause": 1.0, "observation": 1.5}
_SEEN_BEFORE = 1.25
"""What once was the matter here goes before its equals; it is looked at first, and no more likely to be found."""


@dataclass
class _Candidate:
    check: Check
    weight: float = 0.0
    serves: dict[str, FactQuery] = field(default_factory=dict)

    @property
    def worth(self) -> float:
        """Hypotheses it helps to decide, per call."""
        return self.weight / max(1, len(self.check.reads))


class PlaybookPlanner:
    """Needs no model: the same view gives the same answer."""

    name = "playbook"

    def plan(self, view: View) -> Sequence[Check] | Question | Conclusion:
        """The checks that open findings need most; a question where a name could be several things; else the end."""
        question = _which(view)
        if question:
            return question
        wanted = _wanted(view)
        if wanted:
            return wanted
        if not view.problem.matched():
            return Conclusion(stop="nothing in the words was found in the account")
        return Conclusion(stop="every open finding was pursued as far as it can be")


def _which(view: View) -> Question | None:
    """Nothing is named but by its type, and there are many of it; or a name fits several things of one type."""
    asked = {entity.text for entity in view.problem.entities if entity.assumed}
    for entity in view.problem.entities:
        options = _rivals(entity)
        if options and entity.text not in asked and not (not entity.matches and view.problem.matched()):
            assume = options[0] if entity.matches or len(options) == 1 else None
            return Question(text=f"Which one is “{entity.text}”?", options=tuple(options[:12]), assume=assume or options[0], about=entity.text)
    return None


def _rivals(entity: Entity) -> list[str]:
    pool = entity.matches or entity.near
    by_type: dict[str, list[str]] = {}
    for ref in pool:
        by_type.setdefault(ref.native_type, []).append(f"{ref.label} ({ref.native_type}, {ref.region})")
    crowded = [labels for labels in by_type.values() if len(labels) > 1]
    if entity.matches:
        return crowded[0] if crowded else []
    return [label for labels in by_type.values() for label in labels] if len(pool) > 1 else []


def _wanted(view: View) -> list[Check]:
    open_ = [one for one in view.findings if one.holds == "unknown" and not one.last]
    on_path = [one for one in open_ if one.on_path]
    looking = [one for one in view.findings if one.holds == "unknown" and one.last]
    candidates = _candidates(on_path or open_, view) or _candidates(looking, view)
    ranked = sorted(candidates.values(), key=lambda one: (-one.worth, one.check.id))
    return [one.check.model_copy(update={"splits": round(one.weight), "serves": tuple(one.serves.values())}) for one in _room(ranked, view)]


def _candidates(findings: Iterable[Finding], view: View) -> dict[str, _Candidate]:
    candidates: dict[str, _Candidate] = {}
    for finding in findings:
        for need in finding.needs:
            _add(candidates, finding, need, view)
    return candidates


def _add(candidates: dict[str, _Candidate], finding: Finding, need: FactQuery, view: View) -> None:
    checks = view.checks(need)
    for check in checks if need.subject is None else checks[:1]:
        key = "|".join(f"{read.name}@{read.region}{sorted(map(str, read.params.items()))}" for read in check.reads)
        candidate = candidates.setdefault(key, _Candidate(check))
        candidate.weight += _WEIGHT[finding.role] * (_SEEN_BEFORE if view.confirmed_before(finding) else 1.0)
        candidate.serves[need.key] = need


def _room(ranked: Sequence[_Candidate], view: View) -> Iterable[_Candidate]:
    """As many as the budget of calls allows: with few rounds left, more at once."""
    most = MOST_CHECKS if view.budget.steps > 3 else len(ranked)
    return _cheap_together(ranked, most)


def _cheap_together(ranked: Sequence[_Candidate], most: int) -> list[_Candidate]:
    """Single reads ride along in the same script almost for free."""
    chosen = list(ranked[:most])
    chosen += [one for one in ranked[most:] if len(one.check.reads) == 1][: 4 * MOST_CHECKS]
    return chosen
