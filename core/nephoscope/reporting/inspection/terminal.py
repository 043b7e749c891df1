"""An inspection on a terminal. Every string passes ``clean``; rich markup is never interpreted."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nephoscope.models.inspection import ControlCard, Inspection, InspectionFinding, InspectionSummary, NotEvaluated
from nephoscope.reporting.text import clean, clip

MOST_PER_CHECK: Final = 10
"""So many things of one check are shown; the document holds all."""
STYLES: Final[Mapping[str, str]] = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "info": "dim"}
_NAME: Final = 60
_FILE_WIDTH: Final = 160


def render_inspection(inspection: Inspection, console: Console) -> None:
    """Print what is not as it should be, what could not be judged, and the totals."""
    for scope in inspection.scopes:
        where = ", ".join(scope.regions)
        console.print(Text(clean(f"{scope.cloud} {scope.account} as {scope.principal} · {where}"), style="dim"), soft_wrap=True)
    if inspection.findings:
        console.print(_findings(inspection))
    for row in _more(inspection.findings):
        console.print(Text(row, style="dim"))
    if inspection.imported:
        console.print(Text("\nReported by other tools: hints, not proof", style="bold"), _imported(inspection), sep="\n")
    if inspection.not_evaluated:
        console.print(Text("\nNot evaluated", style="bold"), _open(inspection.not_evaluated), sep="\n")
    for note in inspection.notes:
        console.print(Text(clean(note), style="dim"), soft_wrap=True)
    console.print(Text(f"\n{totals(inspection.summary)}", style="bold"), soft_wrap=True)
    console.print(Text(clean(spent(inspection)), style="dim"), soft_wrap=True)


def plain(inspection: Inspection) -> str:
    """The same as a text without colours."""
    console = Console(file=io.StringIO(), width=_FILE_WIDTH, color_system=None, force_terminal=False)
    with console.capture() as capture:
        render_inspection(inspection, console)
    return capture.get()


def totals(summary: InspectionSummary) -> str:
    """The numbers in a sentence."""
    parts = [f"{summary.checks} checks", f"{summary.failed} failed", f"{summary.passed} passed"]
    parts += [f"{summary.not_evaluated} not evaluated"] if summary.not_evaluated else []
    parts += [f"{summary.no_resources} without anything to check"] if summary.no_resources else []
    if summary.imported:
        parts += [f"{summary.imported} findings of other tools"]
    found = ", ".join(f"{count} {name}" for name, count in summary.findings.items())
    lines = [" · ".join(parts), f"findings: {found or 'none'}"]
    if summary.usd or summary.unpriced:
        unknown = f", and {summary.unpriced} whose price is not known" if summary.unpriced else ""
        lines.append(f"could be saved: about {summary.usd:.2f} USD a month at list prices{unknown}")
    return "\n".join(lines)


def spent(inspection: Inspection) -> str:
    """What it took."""
    ledger = inspection.ledger
    cost = f"{ledger.usd:.4f} USD{' and unpriced calls' if ledger.unpriced else ''}"
    ended = "" if inspection.status == "concluded" else f" · {inspection.status.replace('_', ' ')}"
    kept = f" · {inspection.run_dir}" if inspection.run_dir else ""
    return f"{ledger.upstream} calls, {ledger.refused} refused, {cost}, {inspection.seconds:.0f} s · read-only · {inspection.isolation}{ended}{kept}"


def control_table(cards: Sequence[ControlCard]) -> Table:
    """What an account can be inspected for."""
    table = _table("check", "severity", "category", "what should be", "frameworks")
    for card in cards:
        named = ", ".join(f"{name} {'/'.join(sections)}".strip() for name, sections in card.frameworks.items())
        table.add_row(Text(clean(card.id)), _severity(card.severity), Text(card.category), Text(clean(card.title)), Text(clean(named)))
    return table


def _findings(inspection: Inspection) -> Table:
    table = _table("severity", "check", "resource", "what is wrong", "facts")
    numbers = {fact.id: index + 1 for index, fact in enumerate(inspection.facts)}
    shown: dict[str, int] = {}
    for one in inspection.findings:
        shown[one.check] = shown.get(one.check, 0) + 1
        if shown[one.check] > MOST_PER_CHECK:
            continue
        what = one.what + (f" ({_money(one)})" if one.cost else "")
        cited = " ".join(str(numbers[fact]) for fact in one.evidence if fact in numbers)
        table.add_row(_severity(one.severity), Text(clean(one.check)), Text(_resource(one)), Text(clean(what)), Text(cited, style="dim"))
    return table


def _money(finding: InspectionFinding) -> str:
    usd = finding.cost.usd if finding.cost else None
    return "price not known" if usd is None else f"about {usd:.2f} USD a month"


def _resource(finding: InspectionFinding) -> str:
    place = f" · {finding.resource.region}" if finding.resource.region else ""
    return clip(clean(finding.resource.name or finding.resource.id), _NAME) + clean(place)


def _more(findings: Sequence[InspectionFinding]) -> list[str]:
    counts: dict[str, int] = {}
    for one in findings:
        counts[one.check] = counts.get(one.check, 0) + 1
    return [f"… and {count - MOST_PER_CHECK} more of {clean(check)}" for check, count in counts.items() if count > MOST_PER_CHECK]


def _imported(inspection: Inspection) -> Table:
    table = _table("severity", "origin", "check", "resource", "what it says")
    failed = [one for one in inspection.imported if one.status == "failed"]
    for one in failed[:200]:
        name = clip(clean(one.resource.name or one.resource.id), _NAME)
        told = Text(clip(clean(one.what or one.title), 160))
        table.add_row(_severity(one.severity), Text(clean(one.origin)), Text(clean(one.check)), Text(name), told)
    return table


def _open(rows: Sequence[NotEvaluated]) -> Table:
    """What is missing, once, with the checks that lack it."""
    table = _table("needs", "why", "checks")
    grouped: dict[tuple[str, str], list[NotEvaluated]] = {}
    for row in rows:
        grouped.setdefault((row.needs or row.operation, row.reason), []).append(row)
    for (needs, reason), some in grouped.items():
        checks = list(dict.fromkeys(row.check for row in some))
        more = f" and {len(checks) - 4} more" if len(checks) > 4 else ""
        why = reason.replace("_", " ") if needs else some[0].why
        table.add_row(Text(clean(needs)), Text(clip(clean(why), 100)), Text(clean(", ".join(checks[:4]) + more)))
    return table


def _severity(name: str) -> Text:
    return Text(name, style=STYLES.get(name, ""))


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
