"""Conclusions and questions of a model, judged the way the evidence gate will judge them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from nephoscope.interfaces import View
from nephoscope.knowledge.claims import failing, holds, look, named, strangers
from nephoscope.knowledge.vocabulary import vocabulary
from nephoscope.models import Claim, Conclusion, Fact, Question, ResourceRef
from nephoscope_planner_llm.columns import brief
from nephoscope_planner_llm.meaning import JMESPATH, predicate_meant
from nephoscope_planner_llm.said import ClaimSaid, ConclusionSaid, QuestionSaid

NOBODY = "nobody could say"
"""The answer that is assumed where a model assumes none."""


@dataclass
class Judged:
    """The conclusion as far as it stands, and what is wrong with the rest."""

    conclusion: Conclusion
    faults: list[str] = field(default_factory=list)


def judge(said: ConclusionSaid, view: View, by: str, *, strict: bool, first: bool = True) -> Judged:
    """``strict`` while the model can still mend it. Sentences that name what nobody recorded go back the ``first`` time only; afterwards they
    are left out, and the rest may stand."""
    faults: list[str] = []
    claims = [claim for one in said.claims if (claim := _claim(one, view, by, faults, strict=strict, words=first and strict))]
    others: list[str] = []
    out = [claim for one in said.ruled_out if (claim := _claim(one, view, by, others, strict=False, words=False))]
    if strict:
        faults += [fault for claim in claims if (fault := _premature(claim, view))]
        if not said.claims and _nothing_seen(view):
            faults.append("nothing was looked at yet: say what to find out first")
    return Judged(Conclusion(stop=said.stop[:600] or "done", claims=tuple(claims), ruled_out=tuple(out)), faults)


def question(said: QuestionSaid) -> Question:
    """A question that never leaves a run waiting: what is assumed when nobody answers is always said."""
    options = tuple(option[:120] for option in said.options[:12])
    return Question(text=said.text[:600], options=options, assume=said.assume or (options[0] if options else NOBODY))


def _claim(said: ClaimSaid, view: View, by: str, faults: list[str], *, strict: bool, words: bool) -> Claim | None:
    cause = _cause(said.cause, view)
    refs = tuple(ref for text in said.resources if (ref := resource(text, view)))
    unknown = [text for text in said.resources if resource(text, view) is None]
    predicates = tuple(predicate_meant(one, view) for one in said.predicates)
    claim = Claim(
        cause=cause, resources=refs, predicates=predicates, prose=said.explanation[:3000], title=said.title[:300], advice=said.advice[:3000], by=by
    )
    fault = _fault(claim, unknown, view)
    if not fault:
        return claim
    if not words and refs:
        bare = _without_strangers(claim, view)
        if not _fault(bare, unknown if strict else (), view):
            return bare
    faults.append(f"{cause}: {fault}")
    return None


def _without_strangers(claim: Claim, view: View) -> Claim:
    """The claim without the sentences that name what nobody recorded."""
    spoken = vocabulary(view, claim)

    def told(text: str) -> str:
        return " ".join(sentence for sentence in _SENTENCE.split(text) if not strangers(sentence, view, spoken)).strip()

    return claim.model_copy(update={"title": told(claim.title), "prose": told(claim.prose), "advice": told(claim.advice)})


_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")


def _fault(claim: Claim, unknown: Sequence[str], view: View) -> str:
    return _incomplete(claim, unknown, view) or _contradicted(claim, view)


def _incomplete(claim: Claim, unknown: Sequence[str], view: View) -> str:
    if unknown:
        return f"its resource {unknown[0]!r} is named by no fact and not in the problem; give identifiers exactly as recorded"
    if not claim.resources:
        return "it names no resource"
    if not claim.predicates:
        return "it has no predicates: say which facts, compared with what, bear it out"
    missing = [one.fact for one in claim.predicates if view.by_id(one.fact) is None]
    return f"there is no fact {missing[0]!r}" if missing else ""


def _contradicted(claim: Claim, view: View) -> str:
    refuted = next((one for one in view.findings if one.cause == claim.cause and one.holds == "no" and one.role == "cause"), None)
    if refuted and not any(one.cause == claim.cause and one.holds != "no" for one in view.findings):
        return f"the facts {', '.join(refuted.because[:4])} rule it out"
    fault = failing(claim, view, vocabulary(view, claim))
    broken = next((one for one in claim.predicates if not holds(one, view)), None)
    if "does not hold" in fault and broken is not None:
        return f"{fault}; {_shown(view.by_id(broken.fact), broken.path)}"
    return fault


def _shown(fact: Fact | None, path: str) -> str:
    """What stands where a condition looked."""
    if fact is None or fact.known_absent:
        return "it is known to be absent"
    try:
        found = look(fact.value, path)
    except ValueError as error:
        return f"{error}; {JMESPATH}"
    if found is None and path:
        members = f"; its members are {', '.join(list(fact.value)[:20])}" if isinstance(fact.value, dict) else ""
        return f"nothing stands at that path{members}; {JMESPATH}"
    return f"the value there is {brief(found, 300)}"


def _premature(claim: Claim, view: View) -> str:
    """A written-down cause is decided by what is written down: while a ready check could decide it, that comes first."""
    own = [one for one in view.findings if one.cause == claim.cause and one.role == "cause"]
    if any(one.holds == "yes" for one in own):
        return ""
    for one in own:
        for need in one.needs if one.holds == "unknown" else ():
            for check in view.checks(need)[:1]:
                return f"{claim.cause}: it is too early: the ready check {check.id!r} would decide it; run that first"
    return ""


def _nothing_seen(view: View) -> bool:
    return not view.rounds and not any(one.holds == "yes" for one in view.findings) and view.budget.steps > 0


def _cause(said: str, view: View) -> str:
    """The id as ids are written: lower case, dots between cloud, service and fault."""
    known = {one.cause for one in view.findings} | {card.id for card in view.playbooks()}
    if said in known:
        return said
    parts = [re.sub(r"[^a-z0-9]+", "-", part.lower()).strip("-") for part in said[:120].split(".")]
    parts = [part for part in parts if part] or ["unnamed"]
    clouds = [one.cloud for one in view.identities]
    if clouds and parts[0] not in clouds:
        parts.insert(0, clouds[0])
    return ".".join([*parts[:2], "-".join(parts[2:])] if len(parts) > 3 else parts)


def resource(text: str, view: View) -> ResourceRef | None:
    """The thing that a text names: one a fact is about, or one that a recorded value or the problem names in full."""
    text = text.strip()
    refs = {fact.subject.key: fact.subject for fact in view.all_facts() if fact.subject.kind not in ("reply", "inventory")}
    refs |= {ref.key: ref for ref in view.problem.matched()}
    for match in (lambda ref: text in (ref.native_id, ref.key, f"{ref.native_type} {ref.native_id}"), lambda ref: text == ref.name):
        found = [ref for ref in refs.values() if match(ref)]
        if found:
            return found[0]
    if not text or not named(text, view):
        return None
    identity = next(iter(view.identities), None)
    last = re.split(r"[/:]", text)[-1]
    return ResourceRef(
        cloud=identity.cloud if identity else "",
        kind="unknown",
        native_type="unknown:thing",
        native_id=text,
        account=identity.account if identity else "",
        name=last or text,
    )
