"""What address filters let everybody in to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

ADMIN = (22, 3389)
DATA = (1433, 1521, 3306, 5432, 5439, 6379, 9042, 9200, 9300, 11211, 27017)
EVERYBODY = ("0.0.0.0/0", "::/0")
_LAST = 65_535
_PORTED = {"tcp": "6", "udp": "17", "6": "6", "17": "17"}


def openings(rules: object) -> Iterator[tuple[str, int, int]]:
    """Source, first and last port of every rule of a security group that lets everybody in. Other protocols than TCP and UDP have no ports."""
    for rule in rules if isinstance(rules, list) else ():
        protocol = str(rule.get("IpProtocol"))
        if protocol != "-1" and protocol not in _PORTED:
            continue
        first, last = (0, _LAST) if protocol == "-1" else (int(rule.get("FromPort") or 0), int(rule.get("ToPort") or _LAST))
        for source in _sources(rule):
            if source in EVERYBODY:
                yield source, first, last


def _sources(rule: Mapping[str, Any]) -> Iterator[str]:
    yield from (str(one.get("CidrIp")) for one in rule.get("IpRanges") or ())
    yield from (str(one.get("CidrIpv6")) for one in rule.get("Ipv6Ranges") or ())


def acl_opening(entries: object, port: int) -> str:
    """From where the first matching rule of an access list lets everybody in to a TCP port; empty when it does not."""
    rows = [one for one in entries if isinstance(one, dict) and not one.get("Egress")] if isinstance(entries, list) else []
    for family in EVERYBODY:
        for row in sorted(rows, key=lambda one: int(one.get("RuleNumber") or 0)):
            source = row.get("CidrBlock") or row.get("Ipv6CidrBlock")
            ports = row.get("PortRange") or {}
            concerns = str(row.get("Protocol")) in ("-1", "6") and int(ports.get("From") or 0) <= port <= int(ports.get("To") or _LAST)
            if source == family and concerns:
                if row.get("RuleAction") == "allow":
                    return family
                break
    return ""
