"""Inspects an account by controls: an engine with a fixed plan. List, judge, ask for what was missing, judge again."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nephoscope.engine.asking import Catalog, read_key
from nephoscope.engine.context import Context
from nephoscope.engine.dossier import Gathered, gather, left
from nephoscope.engine.ending import end_step
from nephoscope.interfaces import Control, Estate
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Check, FactQuery, Finding, Gap, Identity, Problem, Read, ResourceRef
from nephoscope.models.report import Status
from nephoscope.validation import validate

MOST_ROUNDS = 8
"""What a predicate wants to know after it knows something takes another round; none needs more than a few."""
READS_PER_SCRIPT = 60
"""So many questions go into one script; it must end within the seconds of a script."""
MOST_QUESTIONS = 20_000


@dataclass(frozen=True)
class Inspected:
    """What came of it: every finding, the evidence, what was asked, and why it ended."""

    findings: Sequence[Finding]
    view: Evidence
    gathered: Gathered
    status: Status
    listings: Mapping[str, frozenset[str]]
    """Kind of thing → the operations that list it."""


class Inspector:
    """One inspection in motion."""

    def __init__(self, context: Context, controls: Sequence[Control], now: str) -> None:
        self._context = context
        self._controls = controls
        self._problem = Problem(text="", symptom="", now=now)
        self._stop = False
        self._listings: dict[str, frozenset[str]] = {}

    def request_stop(self) -> None:
        """Finish the script that runs, then tell what is known. Safe in a signal handler."""
        self._stop = True

    def run(self) -> Inspected:
        """List what the controls are about, and ask until every control is judged or nobody can say more."""
        self._list()
        for number in range(MOST_ROUNDS):
            gathered = gather(self._context)
            view = self._view(gathered)
            findings = list(self._judged(view))
            reads = self._missing(findings, view, gathered)
            if not reads or self._over() or number == MOST_ROUNDS - 1:
                break
            if not self._ask(reads):
                break
        gathered = gather(self._context)
        view = self._view(gathered)
        return Inspected(list(self._judged(view)), view, gathered, self._status(), self._listings)

    # -- what there is ---------------------------------------------------------------------------------------------

    def _list(self) -> None:
        """Everything of the kinds that the controls are about, by calls that carry as much as they can."""
        for cloud, estate in self._context.estates.items():
            own = [one for one in self._context.identities if one.cloud == cloud]
            types = tuple(dict.fromkeys(one.card.about for one in self._controls if one.card.cloud == cloud and one.card.each == "thing"))
            if types:
                self._context.emit("notice", text=f"listing {len(types)} kinds of things")
                reads = {name: [read for one in own for region in one.regions for read in estate.listings([name], one, region)] for name in types}
                self._listings |= {name: frozenset(read.name for read in some) for name, some in reads.items()}
                self._inventory([read for some in reads.values() for read in some])
                self._inventory(self._contents(estate, types, own))

    def _contents(self, estate: Estate, types: Sequence[str], own: Sequence[Identity]) -> Sequence[Read]:
        """Of kinds that only their holders list, what each holder contains."""
        holders = {fact.subject.key: fact.subject for fact in gather(self._context).harvest.facts.values() if fact.subject.cloud == estate.cloud}
        return estate.contents(types, list(holders.values()), own)

    def _inventory(self, reads: Sequence[Read]) -> None:
        unique = {read_key(read): read for read in reads}
        if unique:
            self._context.boundary.inventory(list(unique.values()))

    def _view(self, gathered: Gathered) -> Evidence:
        return Evidence(self._problem, gathered.harvest.facts.values(), gathered.harvest.gaps, self._context.identities)

    # -- judging ---------------------------------------------------------------------------------------------------

    def _judged(self, view: Evidence) -> Iterator[Finding]:
        for control in self._controls:
            for subject in self._subjects(control, view):
                yield control.judge(subject, view)

    def _subjects(self, control: Control, view: Evidence) -> Sequence[ResourceRef]:
        """What a control is judged on: things that are in scope and there, or the account itself."""
        estate = self._context.estates.get(control.card.cloud)
        if estate is None:
            return ()
        own = [one for one in self._context.identities if one.cloud == control.card.cloud]
        if control.card.each == "thing":
            accounts = {one.account for one in own}
            return [ref for ref in view.subjects(control.card.about) if ref.account in accounts and listed(ref, view)]
        places = [(one, region) for one in own for region in (one.regions if control.card.each == "region" else one.regions[:1])]
        found = [estate.named(control.card.about, one.account, one, region) for one, region in places]
        return list({ref.key: ref for ref in found if ref is not None}.values())

    # -- asking ----------------------------------------------------------------------------------------------------

    def _missing(self, findings: Sequence[Finding], view: Evidence, gathered: Gathered) -> list[Read]:
        """The questions that would settle what is open, each once. Listings first: they may make others needless."""
        catalog = Catalog(self._context.estates, view, gathered.asked)
        queries: dict[str, FactQuery] = {need.key: need for one in findings if one.holds == "unknown" for need in one.needs}
        reads: dict[str, Read] = {}
        for query in list(queries.values())[:MOST_QUESTIONS]:
            for check in catalog.checks(query)[: None if query.subject is None else 1]:
                reads |= {read_key(read): read for read in check.reads}
        return list(reads.values())

    def _ask(self, reads: Sequence[Read]) -> bool:
        """Put the questions by scripts of the packs; whether any could be put."""
        asked = False
        for cloud, estate in self._context.estates.items():
            own = [read for read in reads if read.cloud == cloud]
            for start in range(0, len(own), READS_PER_SCRIPT):
                if self._over():
                    return asked
                asked |= self._run(estate, own[start : start + READS_PER_SCRIPT], f"{min(start + READS_PER_SCRIPT, len(own))} of {len(own)}")
        return asked

    def _run(self, estate: Estate, reads: Sequence[Read], progress: str) -> bool:
        names = sorted({read.operation for read in reads})
        digest = hashlib.sha256("".join(map(read_key, reads)).encode()).hexdigest()[:8]
        intent = f"questions {progress}: {', '.join(names[:6])}{' and others' if len(names) > 6 else ''}"
        check = Check(id=f"inspect/{digest}", intent=intent, cloud=estate.cloud, reads=tuple(reads), decided_by="planner:inspect")
        script = estate.script(check, self._problem.now)
        if script is None:
            return False
        store = self._context.store
        step = max((one.index for one in store.steps()), default=0) + 1
        store.plan_step(step, check)
        self._context.emit("step_started", step, intent=intent, operations=list(names))
        judged = validate(script, estate.environment(), self._context.rewriters, self._context.judges)
        store.intend(step, 1, script)
        store.judge(step, 1, judged.script, judged.violations)
        if not judged.accepted:
            end_step(self._context, step, "gap")
            return False
        with self._context.phase("execute"):
            result = self._context.boundary.execute(step, 1, judged.script.hash, script.author)
        store.executed(step, 1, result)
        end_step(self._context, step, "done" if result.status == "ok" else "failed")
        return True

    def _over(self) -> bool:
        budget = left(self._context)
        return self._stop or budget.calls <= 0 or budget.seconds <= 0 or budget.usd <= 0

    def _status(self) -> Status:
        if self._stop:
            return "interrupted"
        refused = any(row.code == "budget" for row in self._context.ledger.refused())
        return "budget_exhausted" if refused or self._over() else "concluded"


def listed(ref: ResourceRef, view: Evidence) -> bool:
    """Whether a thing was seen to be there: named by something else alone it may be anybody's, or gone."""
    fact = view.fact(ref, "exists")
    return fact is not None and not fact.known_absent


def hindrances(finding: Finding, view: Evidence) -> list[Gap]:
    """Why a control could not be judged: the gaps of what it needs."""
    found: dict[str, Gap] = {}
    for need in finding.needs:
        for gap in view.gaps:
            about = gap.subject
            if need.subject is not None:
                fits = about is not None and about.key == need.subject.key and gap.attribute == need.attribute
            else:
                fits = about is not None and about.name == need.kind and gap.attribute == "complete"
            if fits:
                found[f"{gap.operation}{gap.reason}{gap.what}"] = gap
    return list(found.values())


def unlisted(gap: Gap, kind: str, operations: Collection[str]) -> bool:
    """Whether a gap hides how many things of a kind there are: their listing, or that of what holds them, was not read to its end."""
    listing = gap.attribute == "complete" and gap.subject is not None and gap.subject.name == kind
    return listing or (gap.operation in operations and (gap.subject is None or gap.attribute == "complete"))
