"""A report as Markdown, complete enough to hand over. Every string passes ``prose``, ``code`` or ``fence``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from nephoscope.models import Snippet
from nephoscope.models.report import ModelUse, Report, ReportRecommendation, ReportStep
from nephoscope.reporting.telling import Line, Telling, duration, money
from nephoscope.reporting.text import code, fence, prose


def render_markdown(report: Report) -> str:
    """The whole report, ending in a line end."""
    telling = Telling(report)
    parts = [
        f"# Investigation {prose(report.id)}",
        prose(telling.header()),
        f"From {prose(report.started_at)} to {prose(report.ended_at or 'now')}.",
        f"> {prose(report.problem)}",
        f"**{report.status.replace('_', ' ')}**: {prose(telling.state())}" if telling.state() else "",
        *(f"**{telling.verdict()}** {prose(headline)}" for headline in telling.headline()),
        _section("Evidence", [f"{line.number}. {prose(line.text)}{_cited(line)}" for line in telling.evidence()]),
        _section("The path", _bullets(telling.observations())),
        _section("Ruled out", _bullets(telling.ruled_out())),
        _section("Changes", _bullets(telling.happened())),
        _section("Affected", [f"- {prose(impact)}" for impact in report.impact]),
        _section("Not seen", _bullets(telling.not_seen())),
        _section("Noticed, not the cause", _bullets(telling.noticed())),
        _section("Asked and assumed", _bullets(telling.asked())),
        *(_fix(recommendation) for recommendation in report.recommendations),
        _section("Next", _bullets(telling.next_best())),
        _facts(telling),
        _steps(report),
        _spent(telling),
        *(f"## Least privilege ({prose(policy.cloud)})\n\n{fence(json.dumps(policy.document, indent=2), 'json')}" for policy in report.policies),
    ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _section(title: str, lines: Sequence[str]) -> str:
    return f"## {title}\n\n" + "\n".join(lines) if lines else ""


def _bullets(lines: Iterable[Line]) -> list[str]:
    return [f"- {f'**{prose(line.lead)}**: ' if line.lead else ''}{prose(line.text)}{_cited(line)}" for line in lines]


def _cited(line: Line) -> str:
    return f" ({', '.join(code(call) for call in line.calls)})" if line.calls else ""


def _fix(recommendation: ReportRecommendation) -> str:
    proof = recommendation.proof.replace("_", " ")
    facts = [
        ("why", recommendation.why),
        ("risk", recommendation.risk),
        ("cost", recommendation.cost),
        ("proof", f"{proof}. {recommendation.proof_note}" if recommendation.proof_note else proof),
        ("check", recommendation.verify),
        ("undo", recommendation.undo),
    ]
    told = "\n".join(f"- {name}: {prose(text)}" for name, text in facts if text)
    commands = "\n\n".join(fence(command, "sh") for command in recommendation.commands)
    snippets = "\n\n".join(_snippet(one) for one in recommendation.snippets)
    pages = "\n".join(f"- {prose(one.title)}: {code(one.url)}" for one in recommendation.documentation)
    read = f"To read:\n\n{pages}" if pages else ""
    return "\n\n".join(part for part in (f"## Fix: {prose(recommendation.title)}", told, commands, snippets, read) if part)


def _snippet(snippet: Snippet) -> str:
    told = f"As {prose(snippet.language)}{f' ({prose(snippet.note)})' if snippet.note else ''}:"
    return f"{told}\n\n{fence(snippet.text, _FENCES.get(snippet.language, ''))}"


_FENCES = {"terraform": "hcl"}


def _facts(telling: Telling) -> str:
    rows = [
        f"{number}. {code(fact.subject)} {code(fact.attribute)}: {fact.grounding}, {', '.join(code(call) for call in fact.calls)}"
        f" {', '.join(code(name) for name in fact.operations)} at {code(fact.pointer or '/')}, {prose(fact.observed_at)}"
        f" as {code(fact.principal or 'unknown')}{' (cached)' if fact.cached else ''}"
        for number, fact in telling.facts.items()
    ]
    return _section("Receipts", rows)


def _steps(report: Report) -> str:
    rows = [
        f"{step.index}. {prose(step.intent)}: {prose(step.status)}, {duration(step.seconds)}{_attempts(step.attempts)}{_rehearsed(step.rehearsal)}"
        for step in report.steps
    ]
    return _section("Steps", rows) + "".join(_tries(step) for step in report.steps)


def _tries(step: ReportStep) -> str:
    """How a script came to be what it is: each version's trouble, and what was changed because of it."""
    told = [f"Attempt {one.number} by {prose(one.author)}{f': {prose(one.trouble)}' if one.trouble else ''}" for one in step.tries]
    parts = [f"{words}\n\n{fence(one.diff, 'diff')}" if one.diff else words for words, one in zip(told, step.tries, strict=True)]
    return f"\n\n### Script of step {step.index}\n\n" + "\n\n".join(parts) if parts else ""


def _attempts(attempts: int) -> str:
    return f", {attempts} attempts" if attempts > 1 else ""


def _rehearsed(told: str) -> str:
    return f"; rehearsal {prose(told)}" if told else ""


def _remembered(use: ModelUse) -> str:
    return f"; {use.from_cache} answered from the response cache, 0.00 USD" if use.from_cache else ""


def _spent(telling: Telling) -> str:
    report = telling.report
    calls = [f"- {code(name)}: {count}" for name, count in sorted(report.ledger.by_operation.items())]
    models = [
        f"- {prose(use.model)} ({prose(use.role)}): {use.calls} calls, {use.input_tokens} in, {use.output_tokens} out, "
        f"{money(use.usd)}{_remembered(use)}"
        for use in report.llm.by_model
    ]
    versions = [f"- {prose(name)} {prose(version)}" for name, version in sorted(report.versions.items())]
    return _section("Spent", [f"- {prose(telling.cost())}", *calls, *models]) + "\n\n" + _section("Made by", versions)
