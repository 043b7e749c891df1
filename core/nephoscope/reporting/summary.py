"""Five lines for a chat or a pager."""

from __future__ import annotations

from nephoscope.models.report import Report
from nephoscope.reporting.telling import Telling, with_needs
from nephoscope.reporting.text import clean, clip

_WIDTH = 200


def summary(report: Report) -> str:
    """Verdict and problem, what it is, what shows it, what to do, what it cost: plain text, five lines."""
    telling = Telling(report)
    lines = [
        f"[{telling.verdict()}] {report.id}: {report.problem}",
        telling.state() or " ".join(telling.headline()),
        _shown_by(telling),
        _do(telling),
        telling.cost(),
    ]
    return "\n".join(clip(clean(line), _WIDTH) for line in lines) + "\n"


def _shown_by(telling: Telling) -> str:
    evidence = telling.evidence()
    told = "; ".join(f"{line.text} ({', '.join(line.calls)})" for line in evidence[:2])
    more = f"; {len(evidence) - 2} more" if len(evidence) > 2 else ""
    return f"Shown by: {told or 'no fact yet'}{more}"


def _do(telling: Telling) -> str:
    report = telling.report
    if report.recommendations:
        first = report.recommendations[0]
        return f"Fix: {first.title} (risk {first.risk}, {first.proof.replace('_', ' ')}); nephoscope runs show {report.id} --md"
    if report.next_best:
        best = report.next_best[0]
        return f"Next: {with_needs(best.observation, best.needs)}"
    return f"Details: nephoscope runs show {report.id} --md"
