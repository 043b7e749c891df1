"""``verify``: the deciding observations of a finished run, made again in a record of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nephoscope.engine.context import Context
from nephoscope.engine.dossier import dossier
from nephoscope.engine.verdict import diagnose
from nephoscope.interfaces import UsageError
from nephoscope.knowledge.claims import PART, look
from nephoscope.knowledge.templates import PAGING
from nephoscope.models import Check, Problem, Read
from nephoscope.models.record import Recheck, Verification
from nephoscope.models.report import Report, ReportFact, RootCause
from nephoscope.store import LedgerReader, canonical
from nephoscope.store.run import RunStore


def recheck(report: Report, before: RunStore, context: Context) -> Verification:
    """Ask again what the cited facts were read from, and weigh everything anew. Raises :class:`UsageError` when nothing was cited."""
    reads = _reads(before)
    problem = before.load("problem", Problem)
    if problem is None or not reads:
        raise UsageError(f"{report.id} made no observation that could be made again", f"look at it: nephoscope runs show {report.id}")
    context.store.put("problem", problem)
    context.store.put("entities_read", True)
    context.boundary.inventory(_inventories(before))
    _run(context, Check(id=f"verify/{report.id}", intent=f"the observations of {report.id}, made again", cloud=reads[0].cloud, reads=tuple(reads)))
    view = dossier(context)
    diagnosis = diagnose(view, view.findings, context.analysis)
    fresh = {(fact.subject.key, fact.attribute): fact.value for fact in view.all_facts()}
    for fact in report.facts:
        document = fresh.get((fact.subject, "document"))
        if PART in fact.id and document is not None:
            fresh[fact.subject, fact.attribute] = look(document, fact.attribute)
    rows = tuple(_row(fact, fresh) for fact in report.facts if (fact.subject, fact.attribute) in fresh)
    found = {one.cause for one in diagnosis.causes} | {cause.id for cause in report.root_causes if _claim_stands(cause, rows)}
    remaining = tuple(cause.id for cause in report.root_causes if cause.id in found)
    verdict = report.verdict if remaining and diagnosis.verdict == "inconclusive" else diagnosis.verdict
    note = "the cause is gone" if report.root_causes and not remaining else "the cause still holds" if remaining else ""
    return Verification(id=report.id, verdict=verdict, rechecks=rows, remaining=remaining, note=note)


def _claim_stands(cause: RootCause, rows: Sequence[Recheck]) -> bool:
    """What a model claimed stands while every fact it rests on reads as before: nobody else can weigh it."""
    return cause.decided_by.startswith("model:") and not any(row.changed for row in rows if row.fact.id in cause.evidence)


def _row(fact: ReportFact, fresh: Mapping[tuple[str, str], object]) -> Recheck:
    after = fresh[fact.subject, fact.attribute]
    return Recheck.model_validate({"fact": fact, "before": fact.value, "after": after, "changed": canonical(fact.value) != canonical(after)})  # type: ignore[arg-type]


def _asked(store: RunStore, by: str) -> list[Read]:
    found: dict[str, Read] = {}
    for entry in LedgerReader(store.dir).replies():
        call = entry.call
        if entry.by != by:
            continue
        params = {key: value for key, value in call.params.items() if key not in PAGING}
        read = Read(
            cloud=call.identity.cloud, service=call.service, operation=call.operation, region=call.region, params=params, alias=call.identity.alias
        )
        found.setdefault(read.model_dump_json(), read)
    return list(found.values())


def _reads(store: RunStore) -> list[Read]:
    return _asked(store, "script")


def _inventories(store: RunStore) -> list[Read]:
    return [read for read in _asked(store, "broker") if not read.params]


def _run(context: Context, check: Check) -> None:
    estate = context.estates[check.cloud]
    problem = context.store.load("problem", Problem)
    script = estate.script(check, problem.now if problem else "")
    if script is None:
        raise UsageError("the pack of that cloud writes no scripts for reads", "see: nephoscope plugins")
    context.store.plan_step(1, check)
    name = context.store.intend(1, 1, script)
    context.store.executed(1, 1, context.boundary.execute(1, 1, name, script.author))
    context.store.end_step(1, "done")
