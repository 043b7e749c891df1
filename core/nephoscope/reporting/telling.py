"""A report put into lines, the same for every medium. No line without a fact, no fact without its calls.

Strings here are raw: each renderer escapes them for its medium.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from nephoscope.models.report import Report, ReportFact, ReportGap
from nephoscope.reporting.text import compact

VERDICTS: Final[Mapping[str, str]] = {
    "confirmed": "CONFIRMED",
    "likely": "LIKELY",
    "inconclusive": "INCONCLUSIVE",
    "no_fault_found": "NO FAULT FOUND",
}
_HOLDS: Final[Mapping[str, str]] = {"yes": "in order", "no": "not in order", "unknown": "not seen"}


@dataclass(frozen=True)
class Line:
    """One statement. ``number`` is what ``nephoscope why`` takes; ``calls`` show where it was read; ``lead`` names what it is about."""

    text: str
    calls: tuple[str, ...] = ()
    number: int | None = None
    lead: str = ""


def numbered(report: Report) -> dict[int, ReportFact]:
    """The report's cited facts by the number people see, in the order in which the report leans on them."""
    by_id = {fact.id: fact for fact in report.facts}
    parts: tuple[Iterable[tuple[str, ...]], ...] = (
        (cause.evidence for cause in report.root_causes),
        (seen.evidence for seen in report.observations),
        (ruled.evidence for ruled in report.ruled_out),
        (notice.evidence for notice in report.also_noticed),
    )
    order = [fact for part in parts for evidence in part for fact in evidence]
    unique = dict.fromkeys([fact for fact in order if fact in by_id] + list(by_id))
    return {index: by_id[fact] for index, fact in enumerate(unique, 1)}


class Telling:
    """The lines of one report, section by section. Sections may be empty."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.facts = numbered(report)
        self._numbers = {fact.id: number for number, fact in self.facts.items()}

    def header(self) -> str:
        """Which run, where, as whom, when, with which model."""
        report = self.report
        scopes = [f"{scope.account} as {short_principal(scope.principal)} · {', '.join(scope.regions) or 'all regions'}" for scope in report.scopes]
        models = ", ".join(dict.fromkeys(use.model for use in report.llm.by_model)) or "no model"
        return " · ".join(["nephoscope " + report.id, *scopes, moment(report.started_at), models])

    def verdict(self) -> str:
        """The verdict in words."""
        return VERDICTS[self.report.verdict]

    def headline(self) -> list[str]:
        """What the verdict says, most important first."""
        report = self.report
        if report.root_causes:
            return [cause.explanation or cause.title for cause in report.root_causes]
        if report.verdict == "no_fault_found":
            return [f"{_count(len(report.observations), 'hop')} seen in order, {_count(len(report.ruled_out), 'cause')} ruled out."]
        return [self._missing()]

    def _missing(self) -> str:
        report = self.report
        blocked = list(dict.fromkeys(cause for gap in report.gaps for cause in gap.blocks))
        needs = list(dict.fromkeys(gap.needs for gap in report.gaps if gap.needs and gap.blocks))
        if blocked:
            give = f" Give {_listed(needs)}, then: nephoscope resume {report.id}" if needs else ""
            return f"{_count(len(blocked), 'cause')} could not be decided: {_listed(blocked)}.{give}"
        if report.next_best:
            return f"No cause is proven. Next best observation: {report.next_best[0].observation}"
        return f"No cause is proven; {_count(len(report.ruled_out), 'cause')} ruled out."

    def state(self) -> str:
        """What the reader must know of a run that did not end by itself; empty for a concluded one."""
        report = self.report
        resume = f"nephoscope resume {report.id}"
        if report.trouble is not None:
            return " ".join(part for part in (report.trouble.message, report.trouble.hint) if part)
        waiting = next((question.text for question in report.questions if question.answer is None), "")
        return {
            "concluded": "",
            "waiting": f"Waiting for an answer: {waiting or 'approval of a script'} Answer with: {resume}",
            "budget_exhausted": f"The budget ended before the investigation did. Go on with: {resume}",
            "interrupted": f"Interrupted; nothing is lost. Go on with: {resume}",
            "failed": "The investigation failed.",
        }[report.status]

    def evidence(self) -> list[Line]:
        """Facts that carry the verdict."""
        report = self.report
        carriers = report.root_causes or report.observations or report.ruled_out
        cited = [fact for carrier in carriers for fact in carrier.evidence]
        numbers = dict.fromkeys(self._numbers[fact] for fact in cited if fact in self._numbers)
        return [Line(tell(self.facts[number]), self.facts[number].calls, number) for number in numbers]

    def observations(self) -> list[Line]:
        """The hops of the path, each as it was seen; one that no fact shows is a gap, not a line."""
        seen = [hop for hop in self.report.observations if self._calls(hop.evidence)]
        return [Line(self._see(hop.evidence, _HOLDS[hop.holds]), self._calls(hop.evidence), lead=hop.what) for hop in seen]

    def ruled_out(self) -> list[Line]:
        """Causes that facts contradict; a ruling-out without a cited fact is not told."""
        told = [ruled for ruled in self.report.ruled_out if self._calls(ruled.evidence)]
        return [Line(self._see(ruled.evidence, ruled.why), self._calls(ruled.evidence), lead=ruled.title or ruled.id) for ruled in told]

    def not_seen(self) -> list[Line]:
        """Gaps, those that leave a cause open first."""
        return [Line(tell_gap(gap), gap.calls) for gap in sorted(self.report.gaps, key=lambda gap: not gap.blocks)]

    def noticed(self) -> list[Line]:
        """Real defects that are not the cause."""
        return [Line(self._see(notice.evidence, notice.title), self._calls(notice.evidence)) for notice in self.report.also_noticed]

    def happened(self) -> list[Line]:
        """The timeline."""
        return [Line(f"{moment(entry.at)} {entry.what}", entry.calls) for entry in self.report.timeline]

    def asked(self) -> list[Line]:
        """Questions with their answers, and what was taken for granted where nobody was asked."""
        answers = [Line(f"{question.text} → {question.answer or 'no answer'}") for question in self.report.questions]
        return answers + [Line(assumption) for assumption in self.report.assumptions]

    def next_best(self) -> list[Line]:
        """The observations that would help most."""
        return [Line(with_needs(best.observation, best.needs)) for best in self.report.next_best]

    def cost(self) -> str:
        """Calls, money, time, rights and isolation."""
        report, ledger = self.report, self.report.ledger
        spent = [_count(ledger.calls, "call"), f"{ledger.refused} refused", money(ledger.usd + report.llm.usd)]
        if ledger.unpriced:
            spent.append(f"{_count(len(ledger.unpriced), 'operation')} of unknown price")
        if any(use.usd is None for use in report.llm.by_model):
            spent.append("a model of unknown price")
        spent.append(duration(seconds_of(report)))
        rights = f"read-only: {', '.join(report.grants)}" if report.grants else "read-only"
        return " · ".join([", ".join(spent), rights, f"isolation {report.isolation}"])

    def next_commands(self) -> list[str]:
        """What a reader may type next."""
        why = [f"explain a line: nephoscope why {self.report.id} N"] if self.facts else []
        return [" · ".join([*why, f"hand over: nephoscope runs show {self.report.id} --md"])]

    def _see(self, evidence: Sequence[str], text: str) -> str:
        numbers = sorted(self._numbers[fact] for fact in evidence if fact in self._numbers)
        return f"{text.rstrip('.')} [{shortened([str(number) for number in numbers], 8)}]" if numbers else text

    def _calls(self, evidence: Sequence[str]) -> tuple[str, ...]:
        facts = [self.facts[self._numbers[fact]] for fact in evidence if fact in self._numbers]
        return tuple(dict.fromkeys(call for fact in facts for call in fact.calls))


def subject_name(fact: ReportFact) -> str:
    """What a person calls the subject of a fact."""
    return fact.name or fact.subject.rsplit("|", 1)[-1]


def tell(fact: ReportFact) -> str:
    """A fact in one line."""
    name, attribute = subject_name(fact), fact.attribute.replace("_", " ")
    if fact.grounding == "absent":
        return f"{name} does not exist" if attribute == "exists" else f"{name} has no {attribute}"
    if attribute == "exists" and fact.value is True:
        return f"{name} exists"
    marks = "".join((" (from the cache)" if fact.cached else "", " (not proven)" if fact.grounding == "ungrounded" else ""))
    return f"{name}: {attribute} = {compact(fact.value)}{marks}"


def tell_gap(gap: ReportGap) -> str:
    """A gap in one line: what, why, what would show it, what it leaves open."""
    needs = f"; needs {gap.needs}" if gap.needs else ""
    effect = f"; leaves open: {', '.join(gap.blocks)}" if gap.blocks else "; does not touch the verdict"
    return f"{gap.what}: {gap.reason.replace('_', ' ')}{needs}{effect}"


def short_principal(principal: str) -> str:
    """The part of a principal's identifier that people read."""
    return principal.rsplit(":", 1)[-1] or "unknown"


def moment(iso: str) -> str:
    """``22 Nov 03:14Z``; the text itself when it is no time."""
    try:
        return datetime.fromisoformat(iso).astimezone(UTC).strftime("%d %b %H:%MZ").lstrip("0")
    except ValueError:
        return iso


def seconds_of(report: Report) -> float:
    """Wall clock, or the sum of the phases while the run has no end."""
    try:
        return max((datetime.fromisoformat(report.ended_at) - datetime.fromisoformat(report.started_at)).total_seconds(), 0.0)
    except (ValueError, TypeError):
        timings = report.timings
        return timings.plan + timings.generate + timings.validate_ + timings.execute


def duration(seconds: float) -> str:
    """Seconds for people."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def money(usd: float | None) -> str:
    """Dollars for people; unknown is never zero."""
    if usd is None:
        return "unknown USD"
    if usd == 0 or usd >= 0.01:
        return f"{usd:.2f} USD"
    return f"{usd:.4f} USD" if usd >= 0.0001 else "below 0.0001 USD"


def with_needs(observation: str, needs: str) -> str:
    """A next observation with what it takes."""
    return f"{observation.rstrip('.')}; needs {needs}" if needs else observation


def shortened(words: Sequence[str], most: int) -> str:
    """Words in a row, the rest counted."""
    return " ".join([*words[:most], f"+{len(words) - most}"] if len(words) > most else words)


def _listed(names: Sequence[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
