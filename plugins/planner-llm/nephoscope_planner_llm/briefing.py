"""What a planning model is told: the same amount whatever the number of steps. What does not fit stays in the record and can be looked at."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nephoscope.interfaces import View
from nephoscope.knowledge.claims import PART
from nephoscope.knowledge.tables import INVENTORY, REPLY
from nephoscope.models import CauseCard, Check, Fact, Finding, JsonValue, ResourceRef, Round, ScriptEnvironment
from nephoscope_planner_llm.columns import brief, size

FACTS = 16_000
"""Characters for facts. A fact of the last step gets ``FRESH`` of them, another ``OLD``."""
FRESH, OLD, INDEX = 5_000, 500, 1_500
RECENT = 3
"""A whole reply that nothing rests on is told by name alone when it is older than so many steps."""
STEPS, TOLD_IN_FULL = 6_000, 6
MOST_PLAYBOOKS, MOST_FINDINGS, MOST_AVAILABLE = 6, 40, 30
MOST_CHECKS = 5


@dataclass(frozen=True)
class Briefing:
    """Values for the prompt, and the ready checks by the ids under which they are offered."""

    values: Mapping[str, JsonValue]
    available: Mapping[str, Check] = field(default_factory=dict)


def briefing(view: View, *, final: bool, feedback: Sequence[str] = (), looked: Sequence[JsonValue] = ()) -> Briefing:
    """Everything the planning prompt takes."""
    available = dict(_available(view))
    budget = view.budget
    values: dict[str, JsonValue] = {
        "tiers": [*sorted(str(tier) for tier in view.granted)],
        "budget": {  # not the seconds: no two runs have the same left, and then nothing said before could be found again
            "steps": budget.steps,
            "calls": budget.calls,
            "tokens": budget.tokens,
            "usd": round(budget.usd, 4),
        },
        "clouds": [*sorted({one.cloud for one in view.identities})],
        "max_checks": MOST_CHECKS,
        "final": final,
        "problem": _problem(view),
        "environment": _environment(view),
        "findings": [*_findings(view.findings)],
        "needs": [*_needs(view)],
        "available": [_offered(key, check) for key, check in available.items()],
        "facts": facts(view),
        "gaps": [*_gaps(view)],
        "steps": steps(view.rounds),
        "hypotheses": [*(one.model_dump(mode="json") for one in view.hypotheses[:12])],
        "playbooks": [_card(one) for one in nearest(view.playbooks(), view.problem.text, (view.problem.symptom, *view.problem.symptoms))],
        "feedback": [text[:600] for text in feedback[-8:]],
        "looked": [*looked],
    }
    return Briefing({key: value for key, value in values.items() if value not in ([], {}) or key in _ALWAYS}, available)


_ALWAYS = frozenset({"findings", "needs", "available", "facts"})


def _problem(view: View) -> dict[str, JsonValue]:
    problem = view.problem
    named: list[JsonValue] = [
        {
            "words": entity.text,
            "role": entity.role,
            "is": [*(f"{ref.native_type} {ref.native_id}" for ref in entity.matches[:4])],
            **({"near": [*(ref.label for ref in entity.near[:4])]} if entity.near else {}),
        }
        for entity in problem.entities[:12]
    ]
    return {"text": problem.text[:4000], "symptom": problem.symptom, "things": named, "onset": problem.onset, "now": problem.now}


def _environment(view: View) -> dict[str, JsonValue]:
    """Where we look as whom, with which SDK; what is known to be denied stands among the gaps."""
    scopes: list[JsonValue] = [
        {"cloud": one.cloud, "account": one.account, "principal": one.principal, "regions": [*one.regions[:6]]} for one in view.identities
    ]
    kits: dict[str, JsonValue] = {
        cloud: {"versions": dict(kit.versions)} for cloud, kit in view.environment.items() if isinstance(kit, ScriptEnvironment)
    }
    return {"scopes": scopes, "sdk": kits, "emulated": any(one.emulated for one in view.identities)}


def _findings(findings: Sequence[Finding]) -> Iterator[JsonValue]:
    ranked = sorted(findings, key=lambda one: ({"yes": 0, "unknown": 1, "no": 2}[one.holds], not one.on_path))
    for one in ranked[:MOST_FINDINGS]:
        row: dict[str, JsonValue] = {"cause": one.cause, "subject": one.subject.label, "holds": one.holds, "facts": [*one.because[:4]]}
        if one.role == "observation":
            row["role"] = "observation"
        yield {**row, **({"note": one.note[:200]} if one.note else {})}


def _needs(view: View) -> Iterator[JsonValue]:
    wanted: dict[str, list[str]] = {}
    for one in view.findings:
        for need in one.needs if one.holds == "unknown" else ():
            label = f"{need.attribute} of {need.subject.label if need.subject else f'every {need.kind}'}"
            wanted.setdefault(label, []).append(one.cause)
    for label, causes in list(wanted.items())[:MOST_FINDINGS]:
        yield {"fact": label, "decides": [*list(dict.fromkeys(causes))[:6]]}


def _available(view: View) -> Iterator[tuple[str, Check]]:
    found: dict[str, Check] = {}
    for one in view.findings:
        for need in one.needs if one.holds == "unknown" else ():
            for check in view.checks(need)[:2]:
                found.setdefault(check.id, check)
                if len(found) >= MOST_AVAILABLE:
                    return iter(found.items())
    return iter(found.items())


def _offered(key: str, check: Check) -> JsonValue:
    return {"id": key, "intent": check.intent, "reads": [*check.operations]}


def _gaps(view: View) -> Iterator[JsonValue]:
    merged: dict[tuple[str, str], dict[str, JsonValue]] = {}
    for gap in view.gaps:
        row = merged.setdefault(
            (gap.operation, gap.reason), {"operation": gap.operation, "reason": gap.reason, "needs": gap.needs, "what": gap.what[:160]}
        )
        number = row.get("times", 0)
        row["times"] = (number if isinstance(number, int) else 0) + 1
    yield from list(merged.values())[-25:]


# -- facts ---------------------------------------------------------------------------------------------------------


def facts(view: View) -> list[JsonValue]:
    """Facts by subject, the most telling first: what findings and hypotheses rest on, what came last, what is about the things named."""
    rank = _Rank(view)
    ranked = sorted(enumerate(view.all_facts()), key=lambda item: (rank(item[1]), -item[0]))
    groups: dict[str, list[JsonValue]] = {}
    subjects: dict[str, ResourceRef] = {}
    left, rest = FACTS, list[str]()
    for _, fact in ranked:
        key = INVENTORY if fact.subject.kind == INVENTORY else fact.subject.key
        value = "(known to be absent)" if fact.known_absent else brief(fact.value, FRESH if rank.fresh(fact) else OLD) if left > 60 else None
        row: JsonValue = [fact.id, fact.subject.native_id if key == INVENTORY else fact.attribute, value]
        cost = size(row) + (0 if key in groups else len(key) + 20)
        if cost > left or rank.stale(fact):
            rest.append(f"{fact.id} {fact.attribute} of {fact.subject.label[:80]}")
            continue
        left -= cost
        subjects[key] = fact.subject
        groups.setdefault(key, []).append(row)
    told: list[JsonValue] = [
        {"subject": "everything of a type, read to the end" if key == INVENTORY else _name(subjects[key]), "facts": rows}
        for key, rows in groups.items()
    ]
    return [*told, *_index(rest)]


def _name(ref: ResourceRef) -> str:
    return ref.native_id if ref.kind == REPLY else f"{ref.native_type} {ref.native_id}"


def _index(rest: Sequence[str]) -> Iterator[JsonValue]:
    """Facts there was no room for, by name, so that they can be looked at."""
    used, names = 0, list[JsonValue]()
    for text in rest:
        used += len(text) + 4
        if used > INDEX:
            break
        names.append(text)
    if names:
        yield {"also recorded, values left out for room": names, "and as many more": len(rest) - len(names)}


class _Rank:
    """0 comes first."""

    def __init__(self, view: View) -> None:
        cited = [fact for one in view.hypotheses if one.stands != "ruled_out" for fact in one.facts]
        cited += [fact for one in view.findings if one.holds == "yes" for fact in one.because]
        self._cited = frozenset(fact.partition(PART)[0] for fact in cited)
        self._matched = {ref.key for ref in view.problem.matched()}
        self._names = {entity.text.lower() for entity in view.problem.entities if len(entity.text) > 2}
        self._recent = tuple(f"s{one.index}." for one in view.rounds[-RECENT:])
        self._last = f"s{view.rounds[-1].index}." if view.rounds else "s0."

    def fresh(self, fact: Fact) -> bool:
        """Whether the last step showed it."""
        return any(call.startswith(self._last) for call in fact.calls)

    def stale(self, fact: Fact) -> bool:
        """A whole reply from some steps ago that no hypothesis and no finding rests on."""
        return fact.subject.kind == REPLY and fact.id not in self._cited and not fact.calls[0].startswith(self._recent)

    def __call__(self, fact: Fact) -> int:
        if fact.subject.kind == INVENTORY:
            return 4
        if fact.id in self._cited:
            return 0
        if self.fresh(fact) and self._last != "s0.":
            return 1
        if fact.subject.key in self._matched or fact.subject.name.lower() in self._names:
            return 2
        return 3 if fact.subject.kind == REPLY else 5


# -- steps and playbooks -------------------------------------------------------------------------------------------


def steps(rounds: Sequence[Round]) -> list[JsonValue]:
    """The last steps in full, earlier ones by name."""
    told: list[JsonValue] = [_step(one) for one in rounds[-TOLD_IN_FULL:]]
    earlier = rounds[:-TOLD_IN_FULL]
    if earlier:
        names = "; ".join(f"{one.index} {one.check.intent[:60]} ({one.status})" for one in earlier)
        told.insert(0, f"earlier: {names[-600:]}")
    return told


def _step(one: Round) -> JsonValue:
    last = one.tries[-1] if one.tries else None
    row: dict[str, JsonValue] = {"step": one.index, "intent": one.check.intent[:300], "asked": [*one.check.operations[:12]], "status": one.status}
    if last and last.trouble:
        row["trouble"] = last.trouble[:400]
    if one.refused:
        row["refused"] = [text[:200] for text in one.refused[:6]]
    return row


def _card(card: CauseCard) -> JsonValue:
    return {"cause": card.id, "title": card.title[:160], "explanation": card.explanation[:300]}


_WORD = re.compile(r"[a-z0-9]{2,}")
ALIKE = 2.5
"""Below this a written-down cause has too little in common with the problem."""


def nearest(cards: Sequence[CauseCard], text: str, symptoms: Iterable[str]) -> list[CauseCard]:
    """Written-down causes that share rare words with the problem, and its symptom; the most alike first."""
    words, spoken = set(_WORD.findall(text.lower())), set(symptoms)
    owned = {card.id: set(_WORD.findall(f"{card.id} {card.title} {card.explanation}".lower())) for card in cards}
    frequency = Counter(word for own in owned.values() for word in own)

    def likeness(card: CauseCard) -> float:
        shared = sum(math.log(len(cards) / frequency[word]) for word in words & owned[card.id])
        return shared + (0.7 if spoken & set(card.symptoms) else 0.0)

    ranked = sorted(((likeness(card), card.id, card) for card in cards), key=lambda item: (-item[0], item[1]))
    return [card for worth, _, card in ranked[:MOST_PLAYBOOKS] if worth > max(ALIKE, 0.4 * ranked[0][0])]
