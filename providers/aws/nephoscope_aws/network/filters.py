"""The one evaluator under security groups and network ACLs: ordered rules against sets of ports and addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nephoscope_aws.network.intervals import NOTHING, Intervals
from nephoscope_aws.network.traffic import ANY_PORT, Peer, Traffic

State = Literal["open", "blocked", "unknown"]

ALL_PROTOCOLS = "-1"
_NUMBERS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmp"}
_NEARLY_ALL = 255 / 256
"""Above this share a deny for a few addresses does not count against the public at large."""


@dataclass(frozen=True)
class Rule:
    """One line of a filter. ``group`` set: it matches who carries that security group, whatever the address."""

    allow: bool
    protocol: str
    ports: Intervals
    addresses: Intervals = NOTHING
    family: int = 4
    group: str = ""
    number: int = 0
    told: str = ""

    def speaks(self, traffic: Traffic) -> bool:
        """Whether the rule is about this protocol and any of these ports."""
        named = _NUMBERS.get(self.protocol, self.protocol)
        if named == ALL_PROTOCOLS:
            return True
        return named == traffic.protocol and (named == "icmp" or bool(self.ports & traffic.ports))

    def scope(self, traffic: Traffic) -> Intervals:
        """The ports it covers for this traffic."""
        return ANY_PORT if self.protocol == ALL_PROTOCOLS or traffic.protocol == "icmp" else self.ports

    def reach(self, peer: Peer) -> Intervals:
        """Which of the peer's addresses it matches."""
        if self.group:
            return peer.addresses if peer.groups is None or self.group in peer.groups else NOTHING
        return peer.addresses & self.addresses if self.family == peer.family else NOTHING


@dataclass(frozen=True)
class Passage:
    """What a filter does with traffic. ``passing``/``stopped``/``doubtful`` are ports; the rules named decided it."""

    state: State
    passing: Intervals
    stopped: Intervals
    doubtful: Intervals
    allowing: tuple[Rule, ...] = ()
    denying: tuple[Rule, ...] = ()


def judge(rules: Sequence[Rule], traffic: Traffic, peer: Peer) -> Passage:
    """First matching rule decides each (port, address); what no rule matches is dropped. Exact over the sets, nothing is sampled."""
    relevant = [rule for rule in rules if rule.speaks(traffic)]
    sorted_ports: dict[State, list[Intervals]] = {"open": [], "blocked": [], "unknown": []}
    allowing: list[Rule] = []
    denying: list[Rule] = []
    for piece in traffic.ports.cut([rule.scope(traffic) for rule in relevant]):
        state, allowed_by, denied_by = _one_piece([rule for rule in relevant if piece <= rule.scope(traffic)], peer)
        sorted_ports[state].append(piece)
        allowing += allowed_by
        denying += denied_by
    passing, stopped, doubtful = (Intervals.union(sorted_ports[state]) for state in ("open", "blocked", "unknown"))
    return Passage(
        state=_verdict(traffic, passing, stopped, doubtful),
        passing=passing,
        stopped=stopped,
        doubtful=doubtful,
        allowing=tuple(dict.fromkeys(allowing)),
        denying=tuple(dict.fromkeys(denying)),
    )


def _one_piece(rules: Sequence[Rule], peer: Peer) -> tuple[State, list[Rule], list[Rule]]:
    left, admitted = peer.addresses, NOTHING
    allowing: list[Rule] = []
    denying: list[Rule] = []
    for rule in rules:
        hit = rule.reach(peer) & left
        if not hit:
            continue
        left -= hit
        if rule.allow:
            admitted |= hit
            allowing.append(rule)
        else:
            denying.append(rule)
    return _share(admitted, peer), allowing, denying


def _share(admitted: Intervals, peer: Peer) -> State:
    if not peer.addresses:
        return "unknown"
    if peer.certainty == "any":
        return "open" if admitted else "blocked"
    share = admitted.size / peer.addresses.size
    if peer.certainty == "exact":
        return "open" if admitted == peer.addresses else "blocked"
    if share >= _NEARLY_ALL:
        return "open"
    return "blocked" if peer.certainty == "everyone" or not admitted else "unknown"


def _verdict(traffic: Traffic, passing: Intervals, stopped: Intervals, doubtful: Intervals) -> State:
    if traffic.each:
        return "blocked" if stopped or not traffic.ports else "unknown" if doubtful else "open"
    return "open" if passing else "unknown" if doubtful else "blocked"
