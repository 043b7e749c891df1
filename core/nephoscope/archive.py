"""Finished and unfinished investigations, read from their directories."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from pydantic import ValidationError

from nephoscope.interfaces import UsageError
from nephoscope.models.inspection import Inspection
from nephoscope.models.record import Explanation, RunSummary
from nephoscope.models.report import Report
from nephoscope.store import LedgerReader
from nephoscope.store.lock import hold
from nephoscope.store.run import LOCK, RunStore, find_run, scopes_of

REPORT = "report.json"
INSPECTION = "inspection.json"


def write_report(report: Report, run_dir: Path) -> None:
    """Keep the report beside the record, whole or not at all."""
    _write(report.model_dump_json(by_alias=True, indent=2), run_dir / REPORT)


def write_inspection(inspection: Inspection, run_dir: Path) -> None:
    """Keep the document of an inspection beside the record, whole or not at all."""
    _write(inspection.model_dump_json(by_alias=True, indent=2), run_dir / INSPECTION)


def _write(text: str, target: Path) -> None:
    fresh = target.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8", errors="replace")
    fresh.chmod(0o600)
    fresh.replace(target)


def read_report(home: Path, run_id: str) -> Report:
    """The report of a run. Raises :class:`UsageError` when there is none."""
    run_dir = find_run(home, run_id)
    try:
        return Report.model_validate_json((run_dir / REPORT).read_text(encoding="utf-8"))
    except OSError as error:
        known = summary(run_dir)
        if known is not None and known.kind == "inspection":
            raise UsageError(f"{run_dir.name} is an inspection, which has a document of its own", f"look at it: {run_dir / INSPECTION}") from error
        if known is not None and known.kind == "command":
            raise UsageError(f"{run_dir.name} is the record of a command, which has no report", "it was: " + known.problem) from error
        raise UsageError(f"{run_dir.name} has no report yet", f"go on with it: nephoscope resume {run_dir.name}") from error
    except ValidationError as error:
        raise UsageError(f"the report of {run_dir.name} is damaged", f"make it anew: nephoscope resume {run_dir.name}") from error


def summaries(home: Path) -> list[RunSummary]:
    """One line a record, newest first; what nobody can read is left out."""
    found = [one for path in (home / "runs").glob("r-*") if (one := summary(path))]
    return sorted(found, key=lambda one: one.started_at, reverse=True)


def summary(run_dir: Path) -> RunSummary | None:
    """One record; ``None`` when nobody can read it."""
    try:
        return _summary(Report.model_validate_json((run_dir / REPORT).read_text(encoding="utf-8")))
    except (OSError, ValidationError):
        pass
    try:
        with contextlib.closing(RunStore(run_dir, readonly=True)) as store:
            return _unreported(store)
    except (UsageError, sqlite3.Error, OSError):
        return None


def _unreported(store: RunStore) -> RunSummary | None:
    """A record without a report: a command, or an investigation that runs or was ended from outside."""
    words, steps = store.get("words"), store.steps()
    inspected = store.get("inspection")
    if words is None and inspected is None and not steps:
        return None
    running = _held(store.dir / LOCK)
    return RunSummary(
        id=store.id,
        kind="investigation" if words is not None else "inspection" if inspected is not None else "command",
        problem=str(words) if words is not None else _checks(inspected) if inspected is not None else steps[-1].check.intent,
        started_at=str(store.get("started_at") or (steps[0].planned_at if steps else "")),
        status="running" if running else "concluded" if _ended(store, words is None) else "interrupted",
        clouds=tuple(dict.fromkeys(scope.cloud for scope in scopes_of(store))),
        seconds=round(sum(step.seconds for step in steps), 3),
    )


def _checks(inspected: object) -> str:
    return f"inspection by {len(inspected) if isinstance(inspected, list) else 0} checks"


def _ended(store: RunStore, reportless: bool) -> bool:
    """Whether a record that has no report, and needs none, came to its end."""
    if store.get("inspection") is not None:
        return (store.dir / INSPECTION).exists()
    return reportless and store.steps()[-1].status != "planned"


def _held(lock: Path) -> bool:
    try:
        hold(lock).close()
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


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
