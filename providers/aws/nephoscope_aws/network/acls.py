"""Network ACLs: numbered rules, the first that matches decides, both directions on their own (they are stateless)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nephoscope_aws.network.filters import ALL_PROTOCOLS, Passage, Rule, judge
from nephoscope_aws.network.intervals import Intervals
from nephoscope_aws.network.traffic import ANY_PORT, Peer, Traffic, addresses

Entry = Mapping[str, Any]
"""An item of NetworkAcls[].Entries."""
Direction = Literal["in", "out"]
LAST_RULE = 32767
"""The rule ``*`` that every ACL ends with."""


@dataclass(frozen=True)
class AclPassage:
    """``passage`` of the ACL as it is; ``overruled``: allow rules that come after the deny that decided and would have let it through."""

    passage: Passage
    overruled: tuple[Rule, ...] = ()


def acl_of(subnet: str, acls: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The ACL associated with a subnet among documents with ``Associations``; ``None`` when it is not among them."""
    return next((acl for acl in acls if any(item.get("SubnetId") == subnet for item in acl.get("Associations") or ())), None)


def rules(entries: Iterable[Entry], direction: Direction) -> list[Rule]:
    """The rules of one direction, in the order in which they are tried."""
    mine = [entry for entry in entries if bool(entry.get("Egress")) == (direction == "out")]
    return [_rule(entry) for entry in sorted(mine, key=lambda entry: int(entry.get("RuleNumber", LAST_RULE)))]


def admits(entries: Iterable[Entry], direction: Direction, traffic: Traffic, peer: Peer) -> AclPassage:
    """What the ACL does with traffic of one direction, and whether an allow rule stands too late to matter."""
    ordered = rules(entries, direction)
    passage = judge(ordered, traffic, peer)
    if passage.state == "open":
        return AclPassage(passage)
    late = [rule for rule in ordered if rule.allow and any(_overrules(deny, rule) for deny in passage.denying)]
    would_pass = judge([*late, *(rule for rule in ordered if rule not in late)], traffic, peer).state == "open"
    return AclPassage(passage, tuple(late) if would_pass else ())


def _overrules(deny: Rule, allow: Rule) -> bool:
    """Whether an earlier deny makes an allow pointless that was meant as its exception; not a narrow deny before a broad allow."""
    if deny.number >= allow.number or deny.family != allow.family or deny.protocol not in (ALL_PROTOCOLS, allow.protocol):
        return False
    inside = allow.ports <= deny.ports and allow.addresses <= deny.addresses
    return inside and not (allow.protocol == ALL_PROTOCOLS and allow.ports == ANY_PORT and allow.addresses == deny.addresses)


def _rule(entry: Entry) -> Rule:
    number = int(entry.get("RuleNumber", LAST_RULE))
    block = str(entry.get("Ipv6CidrBlock") or entry.get("CidrBlock") or "0.0.0.0/0")
    family, held = addresses(block)
    protocol = str(entry.get("Protocol", ALL_PROTOCOLS))
    span = entry.get("PortRange") or {}
    ports = Intervals.of((int(span.get("From", 0)), int(span.get("To", 65535)))) if span else ANY_PORT
    allow = str(entry.get("RuleAction", "deny")).lower() == "allow"
    told = f"rule {number if number < LAST_RULE else '*'}: {'allow' if allow else 'deny'} {_label(protocol, ports)} {block}"
    return Rule(allow, protocol, ports, held, family, number=number, told=told)


def _label(protocol: str, ports: Intervals) -> str:
    return "everything" if protocol == ALL_PROTOCOLS else f"protocol {protocol} ports {ports}"
