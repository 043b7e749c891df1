"""From judged controls to the document of an inspection. Reads the record, decides nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import cast

from nephoscope.engine.composing import ledger_summary, policies, report_fact
from nephoscope.engine.context import Context
from nephoscope.engine.dossier import cited
from nephoscope.engine.inspecting import Inspected, hindrances, unlisted
from nephoscope.interfaces import Control
from nephoscope.knowledge.controls import command, told
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Finding, Gap, ResourceRef
from nephoscope.models.inspection import (
    SEVERITIES,
    ControlCard,
    ControlResult,
    ControlStatus,
    ImportedFinding,
    InspectedThing,
    Inspection,
    InspectionFinding,
    InspectionSummary,
    NotEvaluated,
)
from nephoscope.models.report import Isolation, ReportGap, ReportScope
from nephoscope.store.ledger import now


def sum_up(context: Context, controls: Sequence[Control], done: Inspected, started: str) -> Inspection:
    """Everything a reader needs; a finding stands on facts, a control that could not be judged says what it lacks."""
    by_control = {one.name: [finding for finding in done.findings if finding.cause == one.name] for one in controls}
    findings = [_finding(one, finding) for one in controls for finding in by_control[one.name] if finding.holds == "yes"]
    open_ = [row for one in controls for row in _open(one.card, by_control[one.name], done.view, done.listings.get(one.card.about, ()))]
    results = tuple(_result(one.card, by_control[one.name], [row for row in open_ if row.check == one.name]) for one in controls)
    failing = [finding for finding in done.findings if finding.holds == "yes"]
    operations = {entry.call.id: entry.call.name for entry in done.gathered.entries}
    return Inspection(
        id=context.store.id,
        started_at=started,
        ended_at=now(),
        status=done.status if done.status != "waiting" else "interrupted",
        scopes=tuple(ReportScope(cloud=one.cloud, account=one.account, principal=one.principal, regions=one.regions) for one in context.identities),
        isolation=cast("Isolation", context.isolation),
        summary=summary(results, findings),
        checks=results,
        findings=tuple(findings),
        not_evaluated=tuple(open_),
        gaps=_gaps(done.view.gaps),
        facts=tuple(report_fact(fact, operations) for fact in cited(failing, done.view)),
        ledger=ledger_summary(context),
        policies=policies(context),
        seconds=round(context.elapsed, 3),
        versions=context.versions,
        run_dir=str(context.store.dir),
    )


def summary(results: Sequence[ControlResult], findings: Sequence[InspectionFinding], imported: Sequence[ImportedFinding] = ()) -> InspectionSummary:
    """The totals of an inspection."""
    counted = Counter(one.status for one in results)
    severities = Counter(one.severity for one in findings)
    costs = [one.cost for one in findings if one.cost]
    saved: dict[str, float] = {}
    for one in findings:  # what is wrong with a thing in two ways is saved once
        saved[one.resource.id] = max(saved.get(one.resource.id, 0.0), (one.cost.usd or 0.0) if one.cost else 0.0)
    return InspectionSummary(
        checks=len(results),
        passed=counted["passed"],
        failed=counted["failed"],
        not_evaluated=counted["not_evaluated"],
        no_resources=counted["no_resources"],
        findings={name: severities[name] for name in SEVERITIES if severities[name]},
        imported=len(imported),
        usd=round(sum(saved.values()), 2),
        unpriced=sum(one.usd is None for one in costs),
    )


def _thing(ref: ResourceRef) -> InspectedThing:
    return InspectedThing(id=ref.native_id, name=ref.label, type=ref.native_type, account=ref.account, region=ref.region)


def _finding(control: Control, finding: Finding) -> InspectionFinding:
    card = control.card
    return InspectionFinding(
        check=card.id,
        title=card.title,
        severity=card.severity,
        category=card.category,
        service=card.service,
        resource=_thing(finding.subject),
        what=told(card.fault, finding),
        evidence=finding.because,
        remediation=told(card.remediation, finding),
        commands=tuple(command(one, finding) for one in card.commands),
        references=card.references,
        frameworks=card.frameworks,
        cost=control.cost(finding),
    )


def _open(card: ControlCard, findings: Sequence[Finding], view: Evidence, listings: Collection[str]) -> list[NotEvaluated]:
    """What could not be judged: on a thing, or, where things of its kind could not be listed, on any."""
    rows = [row for finding in findings if finding.holds == "unknown" for row in _unknown(card, finding, view)]
    if card.each == "thing":
        rows += [_row(card, None, gap) for gap in view.gaps if unlisted(gap, card.about, listings)]
    return list({row.model_dump_json(): row for row in rows}.values())


def _unknown(card: ControlCard, finding: Finding, view: Evidence) -> list[NotEvaluated]:
    gaps = hindrances(finding, view)
    if gaps:
        return [_row(card, _thing(finding.subject), gap) for gap in gaps[:1]]
    missing = ", ".join(dict.fromkeys(need.attribute for need in finding.needs)) or "a value that is hidden"
    return [NotEvaluated(check=card.id, severity=card.severity, resource=_thing(finding.subject), why=f"not seen: {missing}", reason="not_asked")]


def _row(card: ControlCard, thing: InspectedThing | None, gap: Gap) -> NotEvaluated:
    told = {"why": gap.what, "reason": gap.reason, "needs": gap.needs, "operation": gap.operation, "calls": gap.calls}
    return NotEvaluated.model_validate({"check": card.id, "severity": card.severity, "resource": thing, **told})


def _result(card: ControlCard, findings: Sequence[Finding], open_: Sequence[NotEvaluated]) -> ControlResult:
    failed = sum(one.holds == "yes" for one in findings)
    passed = tuple(one.subject.native_id for one in findings if one.holds == "no")
    status: ControlStatus = "failed" if failed else "not_evaluated" if open_ else "passed" if passed else "no_resources"
    return ControlResult(
        id=card.id,
        title=card.title,
        severity=card.severity,
        category=card.category,
        service=card.service,
        frameworks=card.frameworks,
        status=status,
        failed=failed,
        not_evaluated=len(open_),
        passed=passed,
    )


def _gaps(gaps: Sequence[Gap]) -> tuple[ReportGap, ...]:
    """Each failed question once."""
    merged: dict[tuple[str, str, str], ReportGap] = {}
    for gap in gaps:
        key = (gap.operation, gap.reason, gap.needs)
        calls = tuple(dict.fromkeys([*(merged[key].calls if key in merged else ()), *gap.calls]))
        what = merged[key].what if key in merged else gap.what
        merged[key] = ReportGap(what=what, subject="", reason=gap.reason, operation=gap.operation, needs=gap.needs, calls=calls)
    return tuple(merged.values())
