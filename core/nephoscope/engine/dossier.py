"""The state of knowledge of a run, built from its record alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from nephoscope.engine.asking import Catalog, read_key
from nephoscope.engine.context import Context
from nephoscope.engine.rounds import hypotheses, rounds
from nephoscope.engine.statements import statement_facts
from nephoscope.engine.verdict import diagnose
from nephoscope.interfaces import Planner
from nephoscope.knowledge.harvest import Harvest, Refusal, harvest
from nephoscope.knowledge.view import Evidence
from nephoscope.models import (
    Budget,
    Call,
    CauseCard,
    Check,
    Diagnosis,
    ExecutionResult,
    Fact,
    FactQuery,
    Finding,
    Gap,
    Hypothesis,
    Identity,
    Operation,
    Problem,
    Read,
    Reply,
    ResourceRef,
    Round,
    Tier,
)
from nephoscope.models.fact import GapReason
from nephoscope.store import BlobError, LedgerEntry
from nephoscope.store import Refusal as RefusedRow

_REASONS: Mapping[str, GapReason] = {"not_granted": "not_granted", "unknown_owner": "unknown_owner", "budget": "budget"}


class Dossier(Evidence):
    """A :class:`nephoscope.interfaces.View`: facts and gaps from the ledger, findings over them, steps so far, budget left."""

    def __init__(self, context: Context, problem: Problem, gathered: Gathered) -> None:
        def references(ref: ResourceRef, view: Evidence) -> Sequence[tuple[str, ResourceRef]]:
            estate = context.estates.get(ref.cloud)
            return list(estate.references(ref, view)) if estate else []

        super().__init__(problem, gathered.harvest.facts.values(), gathered.harvest.gaps, context.identities, references)
        self.gaps = tuple(gap for gap in self.gaps if gap.subject is None or self.fact(gap.subject, gap.attribute) is None)
        self._context = context
        self._gathered = gathered
        self.models = context.models
        self.granted: frozenset[Tier] = context.granted
        self.steps: Sequence[tuple[Check, ExecutionResult]] = gathered.steps
        self.findings: Sequence[Finding] = context.analysis(self)
        self.budget: Budget = gathered.left
        self.environment: Mapping[str, object] = {name: estate.environment() for name, estate in context.estates.items()}
        self.rounds: Sequence[Round] = rounds(context)
        self.hypotheses: Sequence[Hypothesis] = hypotheses(context.store)
        self._catalog = Catalog(context.estates, self, gathered.asked)

    @cached_property
    def _outlook(self) -> Diagnosis:
        return diagnose(self, self.findings, self._context.analysis)

    def outlook(self) -> Diagnosis:
        return self._outlook

    @cached_property
    def _confirmed(self) -> Mapping[str, int]:
        from nephoscope.engine.remembering import confirmed_before

        return confirmed_before(self._context)

    def confirmed_before(self, finding: Finding) -> int:
        return self._confirmed.get(finding.cause, 0) + self._confirmed.get(finding.key, 0)

    def planner(self, name: str) -> Planner | None:
        return self._context.planners.get(name)

    def playbooks(self) -> Sequence[CauseCard]:
        return [book.card for book in self._context.playbooks.values()]

    def asked(self, read: Read) -> bool:
        return read_key(read) in self._gathered.asked

    def operation(self, cloud: str, name: str) -> Operation | None:
        estate = self._context.estates.get(cloud)
        return estate.operation(name) if estate else None

    def operations_of(self, cloud: str, service: str) -> Sequence[str]:
        estate = self._context.estates.get(cloud)
        return estate.operations_of(service) if estate else ()

    def checks(self, query: FactQuery) -> Sequence[Check]:
        return self._catalog.checks(query)

    @property
    def entries(self) -> Sequence[LedgerEntry]:
        """The answered calls behind it."""
        return self._gathered.entries


@dataclass(frozen=True)
class Gathered:
    """Everything a dossier is made of."""

    harvest: Harvest
    entries: Sequence[LedgerEntry]
    steps: Sequence[tuple[Check, ExecutionResult]]
    asked: frozenset[str]
    left: Budget


def dossier(context: Context) -> Dossier:
    """Read the record and build the view. Pure in the record: the same rows give the same dossier."""
    problem = context.store.load("problem", Problem)
    if problem is None:
        raise LookupError("the problem was not read yet")
    return Dossier(context, problem, gather(context))


def gather(context: Context) -> Gathered:
    """Read ledger and run record, and extract facts and gaps."""
    ledger = context.ledger
    entries = ledger.replies()
    replies, broken = _readable(entries)
    refusals = [refusal for row in ledger.refused() if (refusal := _refusal(row))]
    cached = frozenset(entry.call.id for entry in entries if entry.cached_from)
    chosen = frozenset(step.index for step in context.store.steps() if step.check.decided_by.startswith("model:"))
    gathered = harvest(replies, refusals, context.estates, cached, whole=chosen)
    gathered.gaps.extend(broken)
    for fact in statement_facts(context.store, replies, context.estates):
        gathered.facts.setdefault(fact.id, fact)
    return Gathered(gathered, entries, _steps(context), _asked(context, entries, refusals), left(context))


def left(context: Context) -> Budget:
    """What may still be spent."""
    spent, total = context.boundary.spent(), context.budget
    return Budget(
        steps=max(0, total.steps - len(context.store.steps())),
        seconds=max(0.0, total.seconds - context.elapsed),
        calls=max(0, total.calls - spent.upstream),
        tokens=max(0, total.tokens - sum(call.usage.input + call.usage.output for call in context.store.model_calls())),
        usd=max(0.0, total.usd - spent.usd - spent.model_usd),
    )


def _readable(entries: Sequence[LedgerEntry]) -> tuple[list[Reply], list[Gap]]:
    replies, broken = [], []
    for entry in entries:
        try:
            replies.append(entry.reply)
        except BlobError as error:
            broken.append(
                Gap(
                    what=f"the recorded reply of {entry.call.name} is damaged: {error}",
                    reason="error",
                    operation=entry.call.name,
                    calls=(entry.call.id,),
                )
            )
    return replies, broken


def _refusal(row: RefusedRow) -> Refusal | None:
    if row.call is None:
        return None
    reason = _REASONS.get(row.code, "unsupported")
    return Refusal(call=row.call, reason=reason, needs=row.needs, what=row.reason)


def _steps(context: Context) -> list[tuple[Check, ExecutionResult]]:
    done = []
    for step in context.store.steps():
        results = [one.result for one in context.store.attempts(step.index) if one.result]
        if results:
            done.append((step.check, results[-1]))
    return done


def _asked(context: Context, entries: Sequence[LedgerEntry], refusals: Sequence[Refusal]) -> frozenset[str]:
    calls = [*(entry.call for entry in entries), *(refusal.call for refusal in refusals)]
    made = {read_key(read_of(call, context.identities)) for call in calls}
    planned = {read_key(read) for step in context.store.steps() if step.status != "planned" for read in step.check.reads}
    return frozenset(made | planned)


def read_of(call: Call, identities: Sequence[Identity]) -> Read:
    """The question that a call asked, and as whom where it was not the first of its cloud."""
    first = next((one.alias for one in identities if one.cloud == call.identity.cloud), "")
    alias = "" if call.identity.alias == first else call.identity.alias
    return Read(cloud=call.identity.cloud, service=call.service, operation=call.operation, region=call.region, params=dict(call.params), alias=alias)


def cited(findings: Sequence[Finding], evidence: Evidence) -> list[Fact]:
    """The facts that findings rest on, each once, in order."""
    ids = dict.fromkeys(fact_id for finding in findings for fact_id in finding.because)
    return [fact for fact_id in ids if (fact := evidence.by_id(fact_id))]
