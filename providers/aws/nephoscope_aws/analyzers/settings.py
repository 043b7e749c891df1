"""Settings: every thing the words name, and what it leads to, judged by the rules of the playbooks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import jmespath

from nephoscope.interfaces import FactView
from nephoscope.knowledge.playbooks import tell
from nephoscope.models import FactQuery, Finding, JsonValue, Problem, ResourceRef, Supposition
from nephoscope_aws.analyzers.setting.conditions import Judging, judge
from nephoscope_aws.analyzers.setting.judges import JUDGES
from nephoscope_aws.analyzers.setting.picking import PICKS
from nephoscope_aws.analyzers.setting.putting import puttings
from nephoscope_aws.analyzers.setting.rules import Place, Rule, Thing, Trace, rules, things
from nephoscope_aws.iam.truth import Truth
from nephoscope_aws.looking.look import UNKNOWN, Look, mend
from nephoscope_aws.looking.referring import referred

DEEPEST = 3
MOST_THINGS = 20
"""So many things are looked at on behalf of one that was named."""


@dataclass(frozen=True)
class _Words:
    text: str
    spoken: frozenset[str]


class SettingsAnalyzer:
    """Implements :class:`nephoscope.interfaces.Analyzer`."""

    name = "settings"
    version = "1"

    def analyze(self, view: FactView) -> Sequence[Finding]:
        """Findings on what is named and on what that leads to; nothing of what the words say works."""
        problem = view.problem
        words = _Words(_without_names(problem), frozenset((problem.symptom, *problem.symptoms)))
        found: dict[str, Finding] = {}
        for start in _starts(view):
            for one in _from(view, start, words):
                found.setdefault(one.key, one)
        return list(found.values())


def _without_names(problem: Problem) -> str:
    """What a thing is called tells nothing of what hurts."""
    text = problem.text
    for name in sorted({entity.text for entity in problem.entities if entity.named and entity.matches}, key=len, reverse=True):
        text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", "it", text)
    return text


def _starts(view: FactView) -> list[ResourceRef]:
    """What is named and not said to work; what is told by its kind alone only where nothing has a name."""
    sick = [entity for entity in view.problem.entities if entity.role != "healthy" and entity.matches]
    meant = [entity for entity in sick if entity.named] or sick
    found = {ref.key: ref for entity in meant for ref in entity.matches}
    return [ref for ref in found.values() if ref.native_type in things()]


def _from(view: FactView, start: ResourceRef, words: _Words) -> Iterator[Finding]:
    traces = _traces(things()[start.native_type], words)
    working = [mend(start, name, value) for trace in traces for name, value in trace.mended.items()]
    unmet = Look(view)
    judged = [one for ref in _walk(view, start, words, unmet) for one in _judged(view, ref, start, words)]
    found = [_seen_working(one, working, judged) for one in judged]
    yield from found
    if unmet.askable:
        yield unmet.observation(_name(start, "led"), start, None, "")
    if any(one.on_path for one in found) and (traces or not things()[start.native_type].shared):
        yield _in_order(view, start, found)
        yield from _seen(view, start, traces)


def _walk(view: FactView, start: ResourceRef, words: _Words, unmet: Look) -> Iterator[ResourceRef]:
    """The thing and what it leads to, as far as that is known; ``unmet`` comes to know what would lead further on account of the words."""
    seen, edge = {start.key}, [(start, 0)]
    while edge and len(seen) <= MOST_THINGS:
        ref, depth = edge.pop(0)
        yield ref
        if depth == DEEPEST or ref.native_type not in things():
            continue
        for place in things()[ref.native_type].follow:
            if not place.concerns(words.spoken, view.problem.text):
                continue
            for target in _led(view, ref, place, unmet if place.words or place.symptoms else Look(view)):
                if target.key not in seen:
                    seen.add(target.key)
                    edge.append((target, depth + 1))


def _led(view: FactView, ref: ResourceRef, place: Place, look: Look) -> list[ResourceRef]:
    if place.by:
        return _leading(view, ref, place, look)
    named = Judging(look, ref).value(ref, place)
    called = place.named.replace("{name}", ref.label)
    found = [] if named is UNKNOWN else referred(view, ref, place.type, named)
    return [target for target in found if called in ("", target.label)]


def _leading(view: FactView, ref: ResourceRef, place: Place, look: Look) -> list[ResourceRef]:
    """Things of a type that name this one, or a version of it; their listing must show the attribute. Without an attribute, all."""
    if view.complete(place.by, ref.region) is None:
        look.want(FactQuery(kind=place.by, attribute="complete"))
        return []
    if not place.attribute:
        return list(view.subjects(place.by))
    named = [(one, fact) for one in view.subjects(place.by) if (fact := view.fact(one, place.attribute))]
    return [one for one, fact in named if _names(jmespath.search(place.path, fact.value) if place.path else fact.value, ref)]


def _names(value: object, ref: ResourceRef) -> bool:
    """Whether a value is the thing, or a version of it; in a list that a path picks out, its plain name will do."""
    if isinstance(value, list):
        return ref.native_id in value or ref.label in value
    return value == ref.native_id or str(value).startswith(f"{ref.native_id}:")


def _seen_working(finding: Finding, working: Sequence[Supposition], all_: Sequence[Finding]) -> Finding:
    """With the fault mended the thing would be seen to work; but what another fault is about stays as it is."""
    others = {(one.subject.key, one.attribute) for other in all_ if other.holds == "yes" and other.key != finding.key for one in other.suppose}
    own = {(one.subject.key, one.attribute) for one in finding.suppose}
    more = [one for one in working if (one.subject.key, one.attribute) not in others - own]
    return finding.model_copy(update={"suppose": (*finding.suppose, *more)})


def _judged(view: FactView, ref: ResourceRef, start: ResourceRef, words: _Words) -> Iterator[Finding]:
    gone = view.fact(ref, "exists")
    if gone is not None and gone.known_absent:
        return
    for rule in rules().get(ref.native_type, ()):
        if rule.concerns(words.spoken, words.text, start.native_type):
            yield from _by(rule, view, ref)


def known_as(view: FactView, finding: Finding) -> Finding:
    """The cause that a playbook knows for what a walk found on the same facts, whatever the words for it; else the finding as it is.

    A walk tells of any words; what it found is to have one name.
    """
    others = finding.details.get("resources")
    if finding.role != "cause" or finding.holds != "yes" or (isinstance(others, list) and len(others) > 1):
        return finding
    told = [one for rule in rules().get(finding.subject.native_type, ()) if not rule.via for one in _by(rule, view, finding.subject)]
    same = [one for one in told if one.holds == "yes" and one.on_path and set(one.because) & set(finding.because)]
    if len({one.cause for one in same}) != 1:
        return finding
    because = dict.fromkeys((*same[0].because, *finding.because))
    suppose = (*same[0].suppose, *finding.suppose)
    more = {"because": tuple(because), "suppose": suppose, "on_path": finding.on_path, "note": finding.note}
    return same[0].model_copy(update=more)


def _by(rule: Rule, view: FactView, ref: ResourceRef) -> Iterator[Finding]:
    judging = Judging(Look(view), ref)
    truth = judge(rule.when, ref, judging, JUDGES)
    if truth is None and rule.known_only:
        return
    details: dict[str, JsonValue] = {**judging.details, "name": ref.label, "id": ref.native_id}
    suppose = [mend(ref, name, tell(value, {**details})) for name, value in rule.mended.items()]
    note = tell(rule.note, {"subject": ref.label, "region": ref.region, **details}) if truth else ""
    details |= puttings(rule, view, ref, details) if truth else {}
    if truth and rule.picks:
        picking = Judging(Look(view), ref)
        details |= PICKS[rule.picks](picking)
        if picking.look.askable and not rule.hygiene:  # off the path: it serves the fix, the verdict does not wait for it
            note = f"which one of the account could be named to mend {ref.label}"
            yield picking.look.observation(_name(ref, "choice"), ref, None, note).model_copy(update={"on_path": False})
    yield judging.look.finding(
        rule.cause,
        ref,
        truth,
        note=str(note),
        details=details,
        suppose=[*judging.suppose, *suppose],
        on_path=not rule.hygiene,
    )


def _traces(thing: Thing, words: _Words) -> list[Trace]:
    return [one for one in thing.traces if one.symptoms & words.spoken and (not one.words or re.search(one.words, words.text, re.IGNORECASE))]


def _in_order(view: FactView, start: ResourceRef, found: Sequence[Finding]) -> Finding:
    """Whether no rule found anything wrong on the way."""
    causes = [one for one in found if one.on_path]
    holds = {one.holds for one in causes}
    truth: Truth = False if "yes" in holds else None if "unknown" in holds else True
    note = "; ".join(one.note for one in causes if one.holds == "yes") or f"the settings of {start.label}, and of what it leads to, are in order"
    because = dict.fromkeys(fact for one in causes for fact in one.because)
    bare = Look(view).observation(_name(start, "settings"), start, truth, note if truth is not None else "")
    return bare.model_copy(update={"because": tuple(because)})


def _seen(view: FactView, start: ResourceRef, traces: Sequence[Trace]) -> Iterator[Finding]:
    """What shows that the thing works; where nothing could show it, that stays open and health is not claimed."""
    if not traces:
        yield Look(view).observation(_name(start, "working"), start, None, "")
    for index, trace in enumerate(traces):
        judging = Judging(Look(view), start)
        truth = judge(trace.when, start, judging, JUDGES)
        note = tell(trace.note, {"name": start.label, **judging.details})
        told = str(note) if truth else f"not so: {note}"
        name = _name(start, f"working{'' if not index else f'-{index + 1}'}")
        uncounted = truth is False and _uncounted(view, trace, start)
        if (truth or uncounted) and trace.said and re.search(trace.said, view.problem.text, re.IGNORECASE):
            yield judging.look.observation(name, start, None, "that it ends well the words say themselves: it does not show that the work was done")
        elif uncounted:
            told = f"what stands in for the cloud here counts nothing: whether {start.label} works cannot be seen"
            yield judging.look.observation(name, start, None, told).model_copy(update={"needs": (), "on_path": False})
        else:
            yield judging.look.observation(name, start, truth, told)


def _uncounted(view: FactView, trace: Trace, start: ResourceRef) -> bool:
    """Whether a trace is missing only because a stand-in for the cloud leaves none."""
    emulated = any(identity.emulated for identity in view.identities)
    return emulated and trace.uncounted is not None and judge(trace.uncounted, start, Judging(Look(view), start), JUDGES) is True


def _name(ref: ResourceRef, what: str) -> str:
    service, _, kind = ref.native_type.partition(":")
    return f"aws.{service}.seen-{kind}-{what}"
