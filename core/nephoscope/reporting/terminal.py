"""A report on a terminal, about 100 columns. Every string passes ``clean``; rich markup is never interpreted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nephoscope.models.record import Explanation, Verification
from nephoscope.models.report import Report, ReportRecommendation, ReportStep
from nephoscope.reporting.document import excerpt
from nephoscope.reporting.telling import Line, Telling, moment, shortened, subject_name, tell
from nephoscope.reporting.text import clean, clean_block, compact

WIDTH: Final = 100
_LABEL: Final = 11
_MOST: Final = 15
_DIFF: Final = 16
"""So many lines of a diff are shown in a terminal."""
_STYLES: Final[Mapping[str, str]] = {"confirmed": "bold red", "likely": "bold yellow", "inconclusive": "bold yellow", "no_fault_found": "bold green"}


def render_terminal(report: Report, console: Console) -> None:
    """Print the report."""
    telling = Telling(report)
    _put(console, Text(clean(telling.header()), style="dim"))
    _put(console, "", Padding(Text(f'"{clean(report.problem)}"'), (0, 2)), "")
    if state := telling.state():
        _put(console, _labelled(report.status.replace("_", " ").upper(), state, style="bold yellow"))
    for index, headline in enumerate(telling.headline()):
        _put(console, _labelled("" if index else telling.verdict(), headline, style=_STYLES[report.verdict]))
    _section(console, "Evidence", telling.evidence())
    _section(console, "The path", [] if report.root_causes else telling.observations())
    _section(console, "Ruled out", telling.ruled_out(), mark="✗")
    _put(console, "")
    for label, lines in (
        ("Change", telling.happened()),
        ("Affected", [Line(impact) for impact in report.impact]),
        ("Not seen", telling.not_seen()),
        ("Noticed", telling.noticed()),
        ("Assumed", telling.asked()),
    ):
        _block(console, label, lines)
    for recommendation in report.recommendations:
        _fix(console, recommendation)
    _repaired(console, report.steps)
    _block(console, "Next", telling.next_best())
    _put(console, "", Text(clean(telling.cost()), style="dim"), *(Text(clean(line), style="dim") for line in telling.next_commands()))


def render_explanation(explanation: Explanation, console: Console) -> None:
    """Print the recorded reply behind a line, the deciding place marked."""
    fact = explanation.fact
    _put(console, _labelled(str(explanation.number), tell(fact), style="bold"), "")
    params = f" {compact(dict(explanation.params))}" if explanation.params else ""
    _put(console, _labelled("call", f"{explanation.call} {explanation.operation}{params}"))
    outcome = " ".join(part for part in (f"status {explanation.status}", explanation.error) if part)
    receipt = [outcome, moment(fact.observed_at), fact.region, f"as {fact.principal or 'unknown'}"]
    _put(console, _labelled("reply", " · ".join(part for part in receipt if part)))
    if explanation.rule:
        _put(console, _labelled("read by", explanation.rule))
    _put(console, _labelled("pointer", fact.pointer or "(the whole reply)"), "")
    for marked, line in excerpt(explanation.document, fact.pointer):
        _raw(console, f"{'>' if marked else ' '} {line}", "bold" if marked else "")


def render_verification(verification: Verification, console: Console) -> None:
    """Print the deciding observations, before and after."""
    for recheck in verification.rechecks:
        outcome = f"{compact(recheck.before, 60)} → {compact(recheck.after, 60)}" if recheck.changed else f"still {compact(recheck.after, 100)}"
        _put(console, _row("✓" if recheck.changed else "=", f"{subject_name(recheck.fact)} {recheck.fact.attribute}: {outcome}", recheck.fact.calls))
    remaining = ", ".join(verification.remaining)
    _put(console, _labelled("still holds" if remaining else "mended", remaining or "no deciding cause holds any more", style="bold"))
    if verification.note:
        _put(console, _labelled("", verification.note))


def _fix(console: Console, recommendation: ReportRecommendation) -> None:
    facts = " · ".join(fact for fact in (f"risk {recommendation.risk}", recommendation.cost, recommendation.proof.replace("_", " ")) if fact)
    _put(console, _labelled("Fix", f"{recommendation.title}  ({facts})", style="bold"))
    for command in recommendation.commands:
        for line in clean_block(command).split("\n"):
            _raw(console, f"{' ' * (_LABEL + 2)}{line}")
    if recommendation.snippets:
        _put(console, _labelled("", f"as {' and '.join(one.language for one in recommendation.snippets)}: see the Markdown report"))
    for label, text in (
        ("  why", recommendation.why),
        ("  proof", recommendation.proof_note),
        ("  check", recommendation.verify),
        ("  undo", recommendation.undo),
        ("  read", recommendation.documentation[0].url if recommendation.documentation else ""),
    ):
        if text:
            _put(console, _labelled(label, text))


def _repaired(console: Console, steps: Sequence[ReportStep]) -> None:
    """Scripts that took several attempts: the trouble of each, and the change it led to."""
    for step in (one for one in steps if one.tries):
        _put(console, "", Text(f"Script of step {step.index}", style="bold"))
        for one in step.tries:
            _put(console, _row(str(one.number), f"{one.author}{f': {one.trouble}' if one.trouble else ''}", ()))
            lines = clean_block(one.diff).split("\n")[2:] if one.diff else []
            for line in lines[:_DIFF]:
                _raw(console, f"       {line}", "green" if line.startswith("+") else "red" if line.startswith("-") else "dim")
            if len(lines) > _DIFF:
                _raw(console, f"       … {len(lines) - _DIFF} more lines in the Markdown report", "dim")


def _section(console: Console, title: str, lines: Sequence[Line], mark: str = "") -> None:
    if not lines:
        return
    _put(console, "", Text(title, style="bold"))
    for line in lines[:_MOST]:
        text = f"{line.lead}: {line.text}" if line.lead else line.text
        _put(console, _row(str(line.number) if line.number else mark, text, line.calls))
    if len(lines) > _MOST:
        _put(console, _row("…", f"{len(lines) - _MOST} more in the Markdown report", ()))


def _block(console: Console, label: str, lines: Sequence[Line]) -> None:
    for index, line in enumerate(lines):
        _put(console, _labelled("" if index else label, line.text, line.calls))


def _row(mark: str, text: str, calls: Sequence[str]) -> RenderableType:
    return _grid(4, Text(mark, justify="right"), text, calls)


def _labelled(label: str, text: str, calls: Sequence[str] = (), style: str = "bold") -> RenderableType:
    return _grid(max(_LABEL, len(label) + 2) - 1, Text(label, style=style), text, calls)


def _grid(first: int, mark: Text, text: str, calls: Sequence[str]) -> RenderableType:
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(width=first, no_wrap=True)
    grid.add_column(ratio=1, overflow="fold")
    grid.add_column(justify="right", style="dim", max_width=18)
    grid.add_row(mark, Text(clean(text)), Text(shortened([clean(call) for call in calls], 2)))
    return grid


def _put(console: Console, *parts: RenderableType) -> None:
    for part in parts:
        console.print(part, width=min(console.width, WIDTH), markup=False, emoji=False, highlight=False)


def _raw(console: Console, line: str, style: str = "") -> None:
    """A line to be copied: never wrapped by us."""
    console.print(Text(line, style=style), soft_wrap=True, markup=False, emoji=False, highlight=False)
