"""Memory across runs: what this run saw is kept at its end, and what earlier ones saw saves listings at the beginning.

It proposes only. A thing that memory names is asked about in this run before it counts, and every fact of the verdict is this run's own.
"""

from __future__ import annotations

from collections.abc import Mapping

from nephoscope.engine.context import Context
from nephoscope.engine.differing import HIDDEN
from nephoscope.engine.dossier import Dossier, dossier, gather
from nephoscope.interfaces import Estate, NephoscopeError
from nephoscope.knowledge.reading import read
from nephoscope.knowledge.tables import INVENTORY, REPLY
from nephoscope.knowledge.view import Evidence
from nephoscope.knowledge.wanting import nameless, settled, undecided, unfound
from nephoscope.models import Check, Diagnosis, Edge, Fact, FactQuery, Identity, Outcome, Problem, Read, Remembered, Tier
from nephoscope.store import canonical
from nephoscope.store.ledger import now
from nephoscope.store.memory import Lesson

LONGEST = 4_000
"""Longer values are not kept: they are read again when they matter."""
MOST_FACTS = 20_000
MOST_ASKED = 8
"""So many things are looked for by themselves; of more, everything is listed."""


def remember(context: Context) -> None:
    """Keep what was seen, less what was cut out, measured or read in full. What cannot be kept costs nobody a verdict."""
    memory = context.memory
    if memory is None:
        return
    view = dossier(context)
    diagnosis = context.store.load("diagnosis", Diagnosis)
    causes = diagnosis.causes if diagnosis and diagnosis.verdict == "confirmed" else ()
    at, run = now(), context.store.id
    for who in context.identities:
        facts = [_kept(fact, run) for fact in _worth(view, context, who)]
        kept = {one.subject.key for one in facts}
        outcomes = [Outcome(cause=one.cause, subject=one.subject.key, run=run, at=at) for one in causes if one.subject.key in kept]
        try:
            memory.keep(who, run, Lesson(facts, _edges(view, context, kept), outcomes, _strangers(context, view.problem)))
        except NephoscopeError as error:
            context.emit("notice", text=f"nothing of this run is remembered: {error.message}")


def _worth(view: Dossier, context: Context, who: Identity) -> list[Fact]:
    measured = {entry.call.id for entry in view.entries if _tier(entry.call.name, context.estates.get(who.cloud)) is not Tier.CONFIG}
    own = [
        fact
        for fact in view.all_facts()
        if (fact.identity.cloud, fact.identity.account, fact.identity.principal) == (who.cloud, who.account, who.principal)
        and fact.subject.native_type not in (INVENTORY, REPLY)
        and not measured.intersection(fact.calls)
        and len(text := canonical(fact.value)) <= LONGEST
        and HIDDEN not in text
        and "\\u2039redacted" not in text
        and HIDDEN not in fact.subject.key
    ]
    return own[-MOST_FACTS:]


def _tier(operation: str, estate: Estate | None) -> Tier | None:
    known = estate.operation(operation) if estate else None
    return known.tier if known else None


def _kept(fact: Fact, run: str) -> Remembered:
    return Remembered(
        principal=fact.identity.principal,
        subject=fact.subject,
        attribute=fact.attribute,
        value=fact.value,
        absent=fact.known_absent,
        observed_at=fact.observed_at or now(),
        run=run,
    )


def _edges(view: Dossier, context: Context, kept: set[str]) -> list[Edge]:
    """What the things on the problem's path name."""
    path = {ref.key: ref for one in view.findings for ref in (one.subject,) if ref.key in kept}
    found = []
    for ref in path.values():
        estate = context.estates.get(ref.cloud)
        found += [Edge(source=ref.key, relation=name, target=target.key) for name, target in (estate.references(ref, view) if estate else ())]
    return found


def recall(context: Context, problem: Problem) -> Problem | None:
    """The problem read with what is remembered, every thing in it seen to be there still; ``None`` where everything has to be listed after all."""
    if context.memory is None or any(one.roaming for one in context.identities):
        return None
    known = _known(context)
    guess = read(problem, Evidence(problem, known, identities=context.identities), context.estates.values(), context.identities) if known else None
    if guess is None or not _certain(context, guess):
        return None
    reads = _lookups(context, guess)
    if reads is None:
        return None
    context.boundary.inventory(reads)
    evidence = Evidence(problem, gather(context).harvest.facts.values(), identities=context.identities)
    there = [evidence.fact(ref, "exists") for ref in guess.matched()]
    if not all(fact is not None and not fact.known_absent for fact in there):
        return None
    found = read(problem, evidence, context.estates.values(), context.identities)
    same = {ref.key for ref in found.matched()} == {ref.key for ref in guess.matched()}
    if same:
        context.emit("notice", text=f"remembered, and still there: {', '.join(dict.fromkeys(ref.label for ref in found.matched()))}")
    return found if same else None


def _known(context: Context) -> list[Fact]:
    """Remembered things as facts that say no more than that they exist. They are never put into the run's record."""
    found = []
    for who in context.identities:
        try:
            things = context.memory.things(who) if context.memory else []
        except NephoscopeError as error:
            context.emit("notice", text=f"nothing is remembered: {error.message}")
            return []
        found += [
            Fact(
                id=f"remembered:{one.subject.key}",
                subject=one.subject,
                attribute="exists",
                value=True,
                grounding="derived",
                calls=(),
                pointer="",
                identity=who,
                observed_at=one.observed_at,
            )
            for one in things
        ]
    return found


def _certain(context: Context, guess: Problem) -> bool:
    """Whether memory leaves nothing open: every name is somebody's, of one thing of its kind, none is guessed; or it was nobody's lately, too."""
    if not settled(guess) or undecided(guess) or len(guess.matched()) > MOST_ASKED:
        return False
    for entity in guess.entities:
        kinds = [ref.native_type for ref in entity.matches]
        if not entity.matches or entity.near or (entity.named and (entity.assumed or len(kinds) != len(set(kinds)))):
            return False
    return set(_strangers(context, guess)) <= _nobodys(context)


def _strangers(context: Context, problem: Problem) -> list[str]:
    """Words that may be names and are nobody's."""
    spoken = [mention for estate in context.estates.values() for mention in estate.mentions(problem.text)]
    return list(dict.fromkeys((*nameless(problem, spoken), *unfound(problem, spoken))))


def _nobodys(context: Context) -> set[str]:
    """Words that an earlier run looked for everywhere, and in vain."""
    try:
        found = [set(context.memory.strangers(who)) for who in context.identities] if context.memory else []
    except NephoscopeError:
        return set()
    return set.intersection(*found) if found else set()


def _lookups(context: Context, problem: Problem) -> list[Read] | None:
    """What shows whether the things are there: the listings of their kinds alone, or one read of a thing whose kind has none.

    Listings also show what is *not* there: of things that others name, and that were deleted, nothing else would tell.
    """
    reads: list[Read] = []
    named = {ref.key for entity in problem.entities if entity.named for ref in entity.matches}
    for ref in problem.matched():
        estate = context.estates.get(ref.cloud)
        if estate is None:
            return None
        listed = [
            read
            for who in context.identities
            for region in who.regions
            if who.cloud == ref.cloud
            for read in estate.listings([ref.native_type], who, region)
        ]
        single = [one for one in estate.checks(FactQuery(subject=ref, attribute="exists"), context.identities) if _single(one)]
        if not listed and not (single and ref.key in named):
            return None
        reads += listed or single[0].reads
    return list({one.model_dump_json(): one for one in reads}.values())


def _single(check: Check) -> bool:
    return len(check.reads) == 1 and bool(check.reads[0].params)


def confirmed_before(context: Context) -> Mapping[str, int]:
    """How often causes were confirmed for these identities, by cause and by cause and thing. Ranks what is open, and no more."""
    counts: dict[str, int] = {}
    for who in context.identities if context.memory else ():
        try:
            outcomes = context.memory.outcomes(who) if context.memory else []
        except NephoscopeError:
            return {}
        for one in outcomes:
            for key in (one.cause, f"{one.cause}@{one.subject}"):
                counts[key] = counts.get(key, 0) + 1
    return counts
