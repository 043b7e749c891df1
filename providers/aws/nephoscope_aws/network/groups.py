"""Security groups: permissions as rules. They only allow, they are stateful, several groups add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nephoscope_aws.network.filters import ALL_PROTOCOLS, Passage, Rule, judge
from nephoscope_aws.network.intervals import Intervals
from nephoscope_aws.network.traffic import ANY_PORT, Peer, Traffic, addresses

Permission = Mapping[str, Any]
"""An item of IpPermissions or IpPermissionsEgress."""
PrefixLists = Mapping[str, Sequence[str]]
"""Prefix list id → its CIDR blocks."""


def prefix_lists(permissions: Iterable[Permission]) -> set[str]:
    """Ids of the prefix lists that the permissions speak of."""
    return {str(item["PrefixListId"]) for permission in permissions for item in permission.get("PrefixListIds") or () if item.get("PrefixListId")}


def rules(permissions: Iterable[Permission], lists: PrefixLists) -> list[Rule]:
    """One rule for each range, group or prefix list of each permission."""
    return [rule for permission in permissions for rule in _rules(permission, lists)]


def admits(permissions: Iterable[Permission], traffic: Traffic, peer: Peer, lists: PrefixLists | None = None) -> Passage:
    """What the permissions of all groups together let through to or from the peer."""
    return judge(rules(permissions, lists or {}), traffic, peer)


def mentions_ports(permissions: Iterable[Permission], traffic: Traffic) -> list[Rule]:
    """The rules that open one of these ports for anybody at all."""
    return [rule for rule in rules(permissions, {}) if rule.speaks(traffic)]


def _rules(permission: Permission, lists: PrefixLists) -> Iterable[Rule]:
    protocol = str(permission.get("IpProtocol", ALL_PROTOCOLS))
    ports = _ports(permission)
    blocks = [item.get("CidrIp") for item in permission.get("IpRanges") or ()]
    blocks += [item.get("CidrIpv6") for item in permission.get("Ipv6Ranges") or ()]
    blocks += [block for item in permission.get("PrefixListIds") or () for block in lists.get(str(item.get("PrefixListId")), ())]
    for block in blocks:
        if block:
            family, held = addresses(str(block))
            yield Rule(True, protocol, ports, held, family, told=f"{_label(protocol, ports)} for {block}")
    for pair in permission.get("UserIdGroupPairs") or ():
        group = str(pair.get("GroupId", ""))
        if group:
            yield Rule(True, protocol, ports, group=group, told=f"{_label(protocol, ports)} for members of {group}")


def _ports(permission: Permission) -> Intervals:
    low, high = permission.get("FromPort"), permission.get("ToPort")
    if low is None or int(low) < 0:
        return ANY_PORT
    return Intervals.of((int(low), int(high if high is not None else low)))


def _label(protocol: str, ports: Intervals) -> str:
    return "everything" if protocol == ALL_PROTOCOLS else f"{protocol} {ports}"
