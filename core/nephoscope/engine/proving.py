"""Fix proof: the changes are made on an emulator seeded from stored replies, and the same analyzers look again.

Nothing here reaches a cloud. Whatever goes wrong, the verdict stands; the fix is then ``not_proven``, with the reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nephoscope.engine.context import Context
from nephoscope.engine.differing import MOMENT, Facts, Named, by_place
from nephoscope.engine.dossier import Dossier
from nephoscope.engine.peel import holding
from nephoscope.interfaces import NephoscopeError, Prover
from nephoscope.knowledge.harvest import harvest
from nephoscope.knowledge.tables import INVENTORY, REPLY
from nephoscope.knowledge.view import SUPPOSED, Evidence
from nephoscope.models import Fact, Finding, JsonValue, Recommendation, Reply, ResourceRef, Tier, Tried
from nephoscope.store import BlobError, canonical

SECONDS = 120.0
"""So long one fix may take, seeding included, on a machine that is busy with other things."""
_MOST_NAMED = 5


def prove(cause: Finding, advice: Recommendation, view: Dossier, context: Context) -> Recommendation:
    """The advice with its proof, or with the reason why there is none. Never raises for what a pack does."""
    prover = context.provers.get(cause.subject.cloud)
    if not advice.changes or prover is None:
        why = "" if prover else "no installed pack can try it on an emulator"
        return advice.model_copy(update={"proof_note": why or "it is told in words only: there is nothing to try on an emulator"})
    try:
        note, proven = _tried(cause, advice, view, context, prover)
    except NephoscopeError as error:
        note, proven = f"it could not be tried: {error.message}" + (f" ({error.hint})" if error.hint else ""), False
    except Exception as error:  # a pack's fault must not end an investigation
        note, proven = f"it could not be tried: {type(error).__name__}: {error}"[:300], False
    return advice.model_copy(update={"proof": "proven_on_emulator" if proven else "not_proven", "proof_note": note})


def _tried(cause: Finding, advice: Recommendation, view: Dossier, context: Context, prover: Prover) -> tuple[str, bool]:
    replies = _readable(view, context)
    tried = prover.attempt(replies, things(cause, view, context), gone(cause, view), advice.changes, SECONDS)
    trial = Trial(cause, advice, view, context, tried)
    fault = trial.fault()
    if fault:
        return fault, False
    others = " and ".join(f"{one.cause} remains" for one in trial.remaining()[:_MOST_NAMED])
    told = f"on an emulator seeded with {tried.seeded} things from the recorded replies: the fault was there, the change removed it and nothing else"
    return (f"{told}; {others}" if others else told), True


def things(cause: Finding, view: Dossier, context: Context) -> list[ResourceRef]:
    """What the cause is about and what its facts are about, without what was only measured."""
    cited = [fact for one in cause.because if (fact := view.by_id(one)) and not _measured(fact, view, context)]
    refs = [cause.subject, *(fact.subject for fact in cited)]
    return list({ref.key: ref for ref in refs if ref.native_type not in (INVENTORY, REPLY)}.values())


def gone(cause: Finding, view: Dossier) -> list[ResourceRef]:
    """What the account was seen not to have."""
    cited = [fact for one in cause.because if (fact := view.by_id(one))]
    return [fact.subject for fact in cited if fact.attribute == "exists" and fact.known_absent]


def _measured(fact: Fact, view: Dossier, context: Context) -> bool:
    """Whether it was read from telemetry: what was measured is no setting, and no change to a setting makes it unsaid."""
    calls = [entry.call.name for entry in view.entries if entry.call.id in fact.calls]
    return bool(calls) and all(_telemetry(name, fact.subject.cloud, context) for name in calls)


def _telemetry(operation: str, cloud: str, context: Context) -> bool:
    """Whether it shows what happens, and not how something is set."""
    estate, prover = context.estates.get(cloud), context.provers.get(cloud)
    known = estate.operation(operation) if estate else None
    return (known is not None and known.tier is Tier.TELEMETRY) or (prover is not None and operation in prover.observations)


def _readable(view: Dossier, context: Context) -> list[Reply]:
    found = []
    for entry in view.entries:
        try:
            if not _telemetry(entry.call.name, entry.call.identity.cloud, context):
                found.append(entry.reply)
        except BlobError:
            continue
    return found


@dataclass
class Trial:
    """One fix as it was tried: judged over the recorded facts, with those of seeded things taken from the emulator."""

    cause: Finding
    advice: Recommendation
    view: Dossier
    context: Context
    tried: Tried

    def __post_init__(self) -> None:
        self._before = by_place(list(harvest(self.tried.before, (), self.context.estates).facts.values()))
        self._after = by_place(list(harvest(self.tried.after, (), self.context.estates).facts.values()))
        self._then = self.context.analysis(self._evidence(self._before))
        self._now: list[Finding] = []
        prover = self.context.provers.get(self.cause.subject.cloud)
        self._incidental = re.compile(prover.incidental if prover else "")

    def fault(self) -> str:
        """Why the fix is not proven; empty when it is. Each question is put only when those before it are answered well."""
        return self._was_not_there() or self._is_still_there() or self._did_more()

    def _was_not_there(self) -> str:
        lacking = "; ".join(f"{what}: {why}" for what, why in list(self.tried.lacking.items())[:_MOST_NAMED])
        if lacking:
            return f"the emulator could not be made like the account: {lacking}"
        unlike = self._unlike()
        if unlike:
            return f"the emulator does not show what the account showed: {', '.join(unlike[:_MOST_NAMED])}"
        shown = any(one.key == self.cause.key and one.holds == "yes" for one in self._then)
        return "" if shown else "on the emulator, seeded from the recorded replies, the fault did not show: there was nothing to mend"

    def _is_still_there(self) -> str:
        if self.tried.refused:
            return f"the emulator did not take the change: {self.tried.refused}"
        if not _differing(self._before, self._after) and not _differing(self._after, self._before):
            return "tried on an emulator: the change changed nothing"
        self._now = self.context.analysis(self._evidence(self._after))
        still = any(one.key == self.cause.key and one.holds == "yes" for one in self._now)
        return "tried on an emulator: the fault was still there after the change" if still else ""

    def _did_more(self) -> str:
        fresh = self._fresh()
        if fresh:
            return f"tried on an emulator: the change brings another fault: {', '.join(fresh[:_MOST_NAMED])}"
        before, after = (self._set(_differing(one, other)) for one, other in ((self._before, self._after), (self._after, self._before)))
        strays = Named(self.advice.changes, self.cause, self.tried.given, self._incidental).strays(before, after)
        return f"tried on an emulator: more changed than the commands name: {', '.join(strays[:_MOST_NAMED])}" if strays else ""

    def _set(self, facts: Facts) -> Facts:
        """Without attributes that nobody sets."""
        return {place: fact for place, fact in facts.items() if not self._incidental.fullmatch(fact.attribute)}

    def remaining(self) -> list[Finding]:
        """Causes on the path that were there before and still are."""
        return [one for one in holding(self._now) if one.key != self.cause.key]

    def _fresh(self) -> list[str]:
        """Causes that only the change brought: neither there before nor uncovered when the fault is merely supposed mended."""
        mended = self.context.analysis(self._evidence(self._before).suppose(self.cause.suppose))
        expected = {one.key for one in (*holding(self._then), *holding(mended))}
        return [one.cause for one in holding(self._now) if one.key not in expected and not one.last]

    def _unlike(self) -> list[str]:
        """Facts the cause rests on that came out otherwise on the emulator. What was measured is no setting, and is kept as recorded."""
        found = []
        for fact_id in self.cause.because:
            fact = None if fact_id.startswith(SUPPOSED) or "~" in fact_id else self.view.by_id(fact_id)
            if fact is None or fact.subject.native_type in (INVENTORY, REPLY) or _measured(fact, self.view, self.context):
                continue
            there = self._before.get((fact.subject.key, fact.attribute))
            if there is None or there.known_absent != fact.known_absent or not covers(there.value, fact.value, self._incidental):
                found.append(f"{fact.attribute} of {fact.subject.label}")
        return list(dict.fromkeys(found))

    def _evidence(self, facts: Facts) -> Evidence:
        """The recorded facts, with the emulator's in place of those it tells too. Lists of names change by what came and went there."""
        recorded = {(fact.subject.key, fact.attribute): fact for fact in self.view.all_facts()}
        told = [self._listed(fact, recorded.get(place), self._before.get(place)) for place, fact in facts.items()]
        gone = [fact for place, fact in self._before.items() if place not in facts]
        kept = [fact for place, fact in recorded.items() if place not in {(one.subject.key, one.attribute) for one in gone}]
        made = Evidence(self.view.problem, [*kept, *told], self.view.gaps, self.view.identities, self.view._references)
        made.real = self.view
        return made

    @staticmethod
    def _listed(fact: Fact, recorded: Fact | None, before: Fact | None) -> Fact:
        lists = [one.value if one is not None and not one.known_absent else None for one in (fact, recorded, before)]
        if not all(isinstance(one, list) and all(isinstance(each, str) for each in one) for one in lists):
            return fact
        now, then, was = (list(one) if isinstance(one, list) else [] for one in lists)
        value: list[JsonValue] = [*(one for one in then if one in now or one not in was), *(one for one in now if one not in then)]
        return fact.model_copy(update={"value": value})


def covers(there: JsonValue, recorded: JsonValue, incidental: re.Pattern[str]) -> bool:
    """Whether everything that was recorded is there, less what no copy can have alike: moments, and members so named.

    An emulator may tell more; nothing and an empty thing are alike.
    """
    if isinstance(recorded, dict) and isinstance(there, dict):
        return all(covers(there.get(key), value, incidental) for key, value in recorded.items() if not incidental.fullmatch(key))
    if isinstance(recorded, list) and isinstance(there, list):
        return len(there) >= len(recorded) and all(any(covers(other, one, incidental) for other in there) for one in recorded)
    if isinstance(recorded, str) and isinstance(there, str) and MOMENT.match(recorded) and MOMENT.match(there):
        return True
    empty: tuple[JsonValue, ...] = (None, "", [], {})
    return canonical(there) == canonical(recorded) or (there in empty and recorded in empty)


def _differing(one: Facts, other: Facts) -> dict[tuple[str, str], Fact]:
    """The facts of one side that the other does not have alike."""
    return {
        place: fact
        for place, fact in one.items()
        if (there := other.get(place)) is None or (there.known_absent, canonical(there.value)) != (fact.known_absent, canonical(fact.value))
    }
