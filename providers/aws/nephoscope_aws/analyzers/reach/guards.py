"""Probes of packet filters: security groups at interfaces, network ACLs at subnet borders."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import partial
from typing import Any

from nephoscope.models import FactQuery, JsonValue, ResourceRef, Supposition
from nephoscope_aws.analyzers.reach.ends import End
from nephoscope_aws.analyzers.reach.ground import acl_of
from nephoscope_aws.analyzers.reach.probe import Outcome, Probe
from nephoscope_aws.analyzers.reach.sight import Sight, refer, together
from nephoscope_aws.network import acls, groups
from nephoscope_aws.network.filters import Passage
from nephoscope_aws.network.intervals import Intervals
from nephoscope_aws.network.traffic import COMMON_EPHEMERAL, Peer, Traffic, answer

PORT_CLOSED = "aws.ec2.security-group-port-closed"
SOURCE_MISMATCH = "aws.ec2.security-group-source-mismatch"
EGRESS_CLOSED = "aws.ec2.security-group-egress-closed"
INBOUND_DENY = "aws.ec2.nacl-inbound-deny"
OUTBOUND_DENY = "aws.ec2.nacl-outbound-deny"
EPHEMERAL_BLOCKED = "aws.ec2.nacl-ephemeral-blocked"
RULE_ORDER = "aws.ec2.nacl-rule-order"

PeerOf = Callable[[Sight], Peer]
_PROTOCOLS = {"tcp": "6", "udp": "17", "icmp": "1"}


def group_in(end: End, peer_of: PeerOf) -> Probe:
    """The end's security groups let the request in."""

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        return _groups(sight, end, "ingress", traffic, peer_of)

    return Probe("aws.ec2.seen-security-group-inbound", end.ref, (PORT_CLOSED, SOURCE_MISMATCH), judge)


def group_out(end: End, peer_of: PeerOf) -> Probe:
    """The end's security groups let the request out."""

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        return _groups(sight, end, "egress", traffic, peer_of)

    return Probe("aws.ec2.seen-security-group-outbound", end.ref, (EGRESS_CLOSED,), judge)


def _held(sight: Sight, end: End, attribute: str) -> dict[ResourceRef, Any]:
    held = end.groups(sight)
    return dict(zip(held, sight.all_of([(group, attribute) for group in held]), strict=True))


def _groups(sight: Sight, end: End, attribute: str, traffic: Traffic, peer_of: PeerOf) -> Outcome:
    permissions, peer = together(partial(_held, sight, end, attribute), partial(peer_of, sight))
    if not permissions:
        return Outcome("open", f"no security group filters at {end.ref.label}")
    held = list(permissions)
    every = [item for items in permissions.values() for item in items or ()]
    lists, needs = _prefix_lists(sight, every, end.ref)
    passage = groups.admits(every, traffic, peer, lists)
    way = "in from" if attribute == "ingress" else "out to"
    told = f"{', '.join(sight.name(group) for group in held)}: {traffic.told} {way} {peer.label}"
    if passage.state == "open":
        rules = "; ".join(rule.told for rule in passage.allowing[:2])
        if peer.groups is None and not _whoever(every, traffic, peer, lists):
            return Outcome("unknown", f"{told} depends on who calls, which the problem does not tell (open: {rules})", held[0])
        return Outcome("open", f"{told} is let through ({rules})", held[0], passing=traffic.narrowed(passage.passing))
    if needs:
        return Outcome("unknown", f"{told} depends on prefix lists", held[0], needs=needs)
    if passage.state == "unknown":
        rules = "; ".join(rule.told for rule in passage.allowing[:3])
        return Outcome("unknown", f"{told} depends on the caller's address, which the problem does not tell (open: {rules})", held[0])
    return _closed(sight, end, attribute=attribute, traffic=traffic, peer=peer, passage=passage, permissions=permissions, told=told)


def _whoever(permissions: list[Any], traffic: Traffic, peer: Peer, lists: Any) -> bool:
    """Whether it is let in without being a member of some group: of a caller that nobody placed that is not known."""
    plain = [{**item, "UserIdGroupPairs": []} for item in permissions]
    return groups.admits(plain, traffic, peer, lists).state == "open"


def _closed(
    sight: Sight, end: End, *, attribute: str, traffic: Traffic, peer: Peer, passage: Passage, permissions: dict[ResourceRef, Any], told: str
) -> Outcome:
    wanted = traffic.narrowed(passage.stopped)
    speaking = [group for group, items in permissions.items() if groups.mentions_ports(items or (), wanted)]
    group = (speaking or list(permissions))[0]
    instead = [rule.told for items in permissions.values() for rule in groups.mentions_ports(items or (), wanted)]
    fault = EGRESS_CLOSED if attribute == "egress" else SOURCE_MISMATCH if instead else PORT_CLOSED
    mended = [*(permissions[group] or ()), *_permissions(wanted, peer)]
    reason = f"{told} is not let through" + (f"; open instead: {'; '.join(instead[:3])}" if instead else "")
    details: dict[str, JsonValue] = {
        "group": group.native_id,
        "group_name": sight.name(group),
        "end": end.ref.label,
        "port": _told_ports(wanted.ports),
        "protocol": traffic.protocol,
        "source": peer.label,
        "open_instead": list(instead[:5]),
        "permissions": _permissions(wanted, peer, proposed=True),
    }
    return Outcome("blocked", reason, group, fault, (Supposition(subject=group, attribute=attribute, value=mended),), details)


def _prefix_lists(sight: Sight, permissions: list[Any], like: ResourceRef) -> tuple[dict[str, list[str]], tuple[FactQuery, ...]]:
    known: dict[str, list[str]] = {}
    needs = []
    for key in sorted(groups.prefix_lists(permissions)):
        ref = refer("ec2:prefix-list", key, like)
        if sight.view.fact(ref, "entries") is None:
            needs.append(FactQuery(subject=ref, attribute="entries"))
        else:
            known[key] = [str(entry["Cidr"]) for entry in sight.value(ref, "entries") or () if entry.get("Cidr")]
    return known, tuple(needs)


def _permissions(traffic: Traffic, peer: Peer, *, proposed: bool = False) -> list[JsonValue]:
    """Permissions that would let the traffic through. ``proposed``: as recommended to people, narrow and without invented values."""
    source: dict[str, JsonValue] = {}
    nameless = peer.certainty == "someone" or peer.groups is None
    if peer.groups:
        source["UserIdGroupPairs"] = [{"GroupId": min(peer.groups)}]
    elif peer.family == 6:
        source["Ipv6Ranges"] = [{"CidrIpv6": block} for block in blocks_of(peer)]
    else:
        source["IpRanges"] = [{"CidrIp": block} for block in (["YOUR-ADDRESS/32"] if proposed and nameless else blocks_of(peer))]
    if traffic.protocol == "icmp":
        return [{"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, **source}]
    unknown = proposed and traffic.ports.size > 10_000
    spans: list[tuple[JsonValue, JsonValue]] = [("PORT", "PORT")] if unknown else [(low, high) for low, high in traffic.ports.spans]
    return [{"IpProtocol": traffic.protocol, "FromPort": low, "ToPort": high, **source} for low, high in spans]


def blocks_of(peer: Peer) -> list[str]:
    """CIDR blocks that hold the peer: the whole internet for parties on it, else exactly its addresses."""
    make = ipaddress.IPv6Address if peer.family == 6 else ipaddress.IPv4Address
    if peer.certainty in ("everyone", "someone") or peer.groups is None:
        return ["::/0" if peer.family == 6 else "0.0.0.0/0"]
    return [str(block) for low, high in peer.addresses.spans for block in ipaddress.summarize_address_range(make(low), make(high))]


def _told_ports(ports: Intervals) -> str:
    return "any port" if ports.size > 60_000 else str(ports)


def acl(
    end: End, subnet: ResourceRef, direction: acls.Direction, peer_of: PeerOf, *, other: End | None = None, replies: Intervals | None = None
) -> Probe:
    """The subnet's ACL lets a packet through: the request, or with ``replies`` the answer to the caller's ports. Inside one subnet no ACL is met."""
    usual = INBOUND_DENY if direction == "in" else OUTBOUND_DENY
    role = "answers" if replies else "requests"
    causes = (EPHEMERAL_BLOCKED if replies else usual, RULE_ORDER)

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        if other is not None and subnet in other.subnets(sight):
            return Outcome("open", "both ends are in the same subnet, where no network ACL is met", applies=False)
        found, peer = together(lambda: acl_of(sight, end.vpc(sight), subnet), partial(peer_of, sight))
        if found is None:
            return Outcome("unknown", f"no network ACL is shown for {sight.name(subnet)}")
        packets = answer(traffic, replies) if replies else traffic
        return _through(sight, subnet, found, direction=direction, packets=packets, peer=peer, causes=causes, is_answer=bool(replies))

    return Probe(f"aws.ec2.seen-nacl-{role}-{direction}", subnet, causes, judge)


def _through(
    sight: Sight,
    subnet: ResourceRef,
    found: tuple[ResourceRef, list[Any]],
    *,
    direction: acls.Direction,
    packets: Traffic,
    peer: Peer,
    causes: tuple[str, str],
    is_answer: bool,
) -> Outcome:
    ref, entries = found
    result = acls.admits(entries, direction, packets, peer)
    way = "from" if direction == "in" else "to"
    told = f"network ACL of {sight.name(subnet)}: {'answers on ' if is_answer else ''}{packets.told} {way} {peer.label}"
    if result.passage.state == "open":
        passing = None if is_answer else packets.narrowed(result.passage.passing)
        return Outcome("open", f"{told} pass", ref, passing=passing)
    if result.passage.state == "unknown":
        return Outcome("unknown", f"{told} depends on the caller's address, which the problem does not tell", ref)
    stopped = packets.narrowed(result.passage.stopped)
    entry = _entry(entries, direction, stopped, peer, [rule.number for rule in result.passage.denying])
    denying = "; ".join(rule.told for rule in result.passage.denying[:2]) or "no rule allows it"
    overruled = "; ".join(rule.told for rule in result.overruled[:2])
    reason = f"{told} are dropped ({denying})" + (f", though {overruled} comes later" if overruled else "")
    details: dict[str, JsonValue] = {
        "acl": ref.native_id, "subnet": sight.name(subnet), "rule": denying, "overruled": overruled, "port": _told_ports(stopped.ports),
        "source": peer.label, "direction": "inbound" if direction == "in" else "outbound", "egress": direction == "out",
        "rule_number": entry["RuleNumber"], "protocol": entry["Protocol"], "cidr": entry["CidrBlock"], "port_range": entry["PortRange"],
    }  # fmt: skip
    fault = causes[1] if overruled else causes[0]
    return Outcome("blocked", reason, ref, fault, (Supposition(subject=ref, attribute="entries", value=[*entries, entry]),), details)


def _entry(entries: list[Any], direction: acls.Direction, traffic: Traffic, peer: Peer, denying: list[int]) -> dict[str, JsonValue]:
    """An allow rule for the traffic that stands before whatever denies it."""
    taken = {int(entry["RuleNumber"]) for entry in entries if bool(entry.get("Egress")) == (direction == "out")}
    free = (number for number in range(min([*denying, 32767]) - 1, 0, -1) if number not in taken)
    low, high = (traffic.ports.spans[0][0], traffic.ports.spans[-1][1]) if traffic.ports else COMMON_EPHEMERAL.spans[0]
    number = next(free, 0) if min([*denying, 32767]) < 32767 else max([*taken - {32767}, 0]) + 10
    return {
        "RuleNumber": number, "Egress": direction == "out", "Protocol": _PROTOCOLS[traffic.protocol], "RuleAction": "allow",
        "CidrBlock": blocks_of(peer)[0] if len(blocks_of(peer)) == 1 else "0.0.0.0/0", "PortRange": {"From": low, "To": high},
    }  # fmt: skip
