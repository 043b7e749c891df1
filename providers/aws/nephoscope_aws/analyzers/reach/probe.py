"""A probe judges one hop from facts; its outcome becomes findings: an observation, and every cause the hop could hide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from nephoscope.interfaces import FactView
from nephoscope.models import FactQuery, Finding, Holds, JsonValue, ResourceRef, Supposition
from nephoscope_aws.analyzers.reach.sight import Sight, Unseen
from nephoscope_aws.network.filters import State
from nephoscope_aws.network.path import Hop, trace
from nephoscope_aws.network.traffic import Traffic


@dataclass(frozen=True)
class Outcome:
    """What a hop does with the traffic. ``fault``: the cause when it is blocked. ``needs``: what would decide a doubt.

    ``applies`` False: this hop does not lie on the path as it is, so nothing is observed there.
    """

    state: State
    reason: str
    subject: ResourceRef | None = None
    fault: str = ""
    suppose: tuple[Supposition, ...] = ()
    details: Mapping[str, JsonValue] = field(default_factory=dict)
    passing: Traffic | None = None
    needs: tuple[FactQuery, ...] = ()
    applies: bool = True


def skipped(reason: str) -> Outcome:
    """The hop is not on this path."""
    return Outcome("open", reason, applies=False)


@dataclass(frozen=True)
class Probe:
    """One hop: what seeing it open is called, which causes it could hide, and how it is judged."""

    name: str
    subject: ResourceRef
    causes: tuple[str, ...]
    judge: Callable[[Sight, Traffic], Outcome]


@dataclass(frozen=True)
class Judged:
    """A probe's outcome for the traffic that reached it, with the facts it rests on."""

    probe: Probe
    outcome: Outcome
    facts: tuple[str, ...]

    @property
    def subject(self) -> ResourceRef:
        return self.outcome.subject or self.probe.subject


def walk(view: FactView, probes: Sequence[Probe], traffic: Traffic) -> list[Judged]:
    """Judge every hop in order, each with what the ones before it let through."""
    judged: list[Judged] = []

    def step(probe: Probe) -> Callable[[Traffic], Hop[ResourceRef]]:
        def judge(traffic: Traffic) -> Hop[ResourceRef]:
            sight = Sight(view)
            try:
                outcome = probe.judge(sight, traffic)
            except Unseen as unseen:
                outcome = Outcome("unknown", "not seen yet", needs=unseen.needs)
            one = Judged(probe, outcome, sight.used)
            judged.append(one)
            return Hop(probe.name, outcome.state, outcome.reason, one.subject, one.facts, outcome.fault, dict(outcome.details), outcome.passing)

        return judge

    trace([step(probe) for probe in probes], traffic)
    return judged


def findings(judged: Sequence[Judged]) -> list[Finding]:
    """One observation per hop and one finding per cause; where several hops speak of the same thing, the worst word counts."""
    merged: dict[tuple[str, str], Finding] = {}
    for finding in (one for hop in judged for one in _findings(hop)):
        key = (finding.role, finding.key)
        merged[key] = _worse(merged[key], finding) if key in merged else finding
    return list(merged.values())


def _findings(hop: Judged) -> list[Finding]:
    outcome = hop.outcome
    seen: dict[State, Holds] = {"open": "yes", "blocked": "no", "unknown": "unknown"}
    told = {"subject": hop.subject, "because": hop.facts, "needs": outcome.needs, "note": outcome.reason}
    found = [Finding(cause=cause, holds=_holds(outcome, cause), **told, **_fault_only(outcome, cause)) for cause in hop.probe.causes]  # type: ignore[arg-type]
    if outcome.applies:
        found.append(Finding(cause=hop.probe.name, role="observation", holds=seen[outcome.state], **told))  # type: ignore[arg-type]
    return found


def _holds(outcome: Outcome, cause: str) -> Holds:
    if outcome.state == "unknown":
        return "unknown"
    return "yes" if outcome.state == "blocked" and outcome.fault == cause else "no"


def _fault_only(outcome: Outcome, cause: str) -> dict[str, object]:
    return {"suppose": outcome.suppose, "details": outcome.details} if outcome.fault == cause and outcome.state == "blocked" else {}


def _worse(one: Finding, other: Finding) -> Finding:
    bad = "yes" if one.role == "cause" else "no"
    rank: dict[str, int] = {bad: 2, "unknown": 1}
    worse, better = (one, other) if rank.get(one.holds, 0) >= rank.get(other.holds, 0) else (other, one)
    because = tuple(dict.fromkeys((*worse.because, *better.because))) if worse.holds == better.holds else worse.because
    needs = tuple({need.key: need for need in (*worse.needs, *better.needs)}.values()) if worse.holds == "unknown" else worse.needs
    return worse.model_copy(update={"because": because, "needs": needs})
