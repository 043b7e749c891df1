"""Finished and unfinished investigations, read from their directories."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from nephoscope.interfaces import UsageError
from nephoscope.models.record import Explanation, RunSummary
from nephoscope.models.report import Report
from nephoscope.store import LedgerReader
from nephoscope.store.run import find_run

REPORT = "report.json"


def write_report(report: Report, run_dir: Path) -> None:
    """Keep the report beside the record, whole or not at all."""
    target = run_dir / REPORT
    fresh = target.with_suffix(".new")
    fresh.write_text(report.model_dump_json(by_alias=True, indent=2), encoding="utf-8", errors="replace")
    fresh.chmod(0o600)
    fresh.replace(target)


def read_report(home: Path, run_id: str) -> Report:
    """The report of a run. Raises :class:`UsageError` when there is none."""
    run_dir = find_run(home, run_id)
    try:
        return Report.model_validate_json((run_dir / REPORT).read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{run_dir.name} has no report yet", f"go on with it: nephoscope resume {run_dir.name}") from error
    except ValidationError as error:
        raise UsageError(f"the report of {run_dir.name} is damaged", f"make it anew: nephoscope resume {run_dir.name}") from error


def summaries(home: Path) -> list[RunSummary]:
    """One line a run, newest first; runs without a readable report are left out."""
    found = []
    for path in (home / "runs").glob("r-*/" + REPORT):
        try:
            found.append(_summary(Report.model_validate_json(path.read_text(encoding="utf-8"))))
        except (OSError, ValidationError):
            continue
    return sorted(found, key=lambda one: one.started_at, reverse=True)


def _summary(report: Report) -> RunSummary:
    phases = report.timings.model_dump(by_alias=True)
    return RunSummary(
        id=report.id,
        problem=report.problem,
        started_at=report.started_at,
        ended_at=report.ended_at,
        status=report.status,
        verdict=report.verdict,
        clouds=tuple(dict.fromkeys(scope.cloud for scope in report.scopes)),
        causes=tuple(cause.id for cause in report.root_causes),
        calls=report.ledger.calls,
        repairs=sum(max(0, step.attempts - 1) for step in report.steps),
        seconds=round(sum(step.seconds for step in report.steps), 3),
        usd=report.ledger.usd + report.llm.usd,
        phases=phases,
    )


def explain(home: Path, run_id: str, number: int) -> Explanation:
    """The recorded reply behind the report's fact of that number, counted from 1. Raises :class:`UsageError`."""
    report = read_report(home, run_id)
    if not 1 <= number <= len(report.facts):
        raise UsageError(
            f"report {report.id} cites {len(report.facts)} facts, there is no number {number}", f"see them: nephoscope runs show {report.id}"
        )
    fact = report.facts[number - 1]
    entry = LedgerReader(find_run(home, run_id)).reply(fact.calls[0]) if fact.calls else None
    if entry is None:
        raise UsageError(f"fact {number} of {report.id} cites a call that is not in its ledger", "the run directory is damaged or incomplete")
    return Explanation(
        number=number,
        fact=fact,
        call=entry.call.id,
        operation=entry.call.name,
        params=entry.call.params,
        status=entry.status,
        error=entry.error,
        document=entry.document,
        blob=entry.blob,
        rule=f"reply table {entry.call.name}",
    )
