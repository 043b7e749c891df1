"""What travels: protocol, ports and the party at the other end, each possibly known only as a set."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace
from typing import Literal

from nephoscope_aws.network.intervals import Intervals

ANY_PORT = Intervals.of((0, 65535))
EPHEMERAL = Intervals.of((1024, 65535))
"""Ports that load balancers, NAT gateways and functions call from."""
COMMON_EPHEMERAL = Intervals.of((32768, 60999))
"""Ports that ordinary hosts call from; a filter may be narrower than the full range and still let all of these answer."""

Certainty = Literal["exact", "everyone", "someone", "any"]


def addresses(cidr: str) -> tuple[int, Intervals]:
    """IP version (4 or 6) and the addresses of a CIDR block or single address. Raises ``ValueError`` for anything else."""
    block = ipaddress.ip_network(cidr.strip(), strict=False)
    return block.version, Intervals.of((int(block.network_address), int(block.broadcast_address)))


def _blocks(*cidrs: str) -> Intervals:
    return Intervals.union(addresses(cidr)[1] for cidr in cidrs)


EVERY_V4 = _blocks("0.0.0.0/0")
PRIVATE_V4 = _blocks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8", "224.0.0.0/3")
PUBLIC_V4 = EVERY_V4 - PRIVATE_V4


@dataclass(frozen=True)
class Peer:
    """The party at the other end.

    ``exact``: all its addresses count; ``everyone``: the public at large; ``someone``: one address of the set, we do not know which;
    ``any``: it is enough that one of the addresses passes. ``groups`` None: it may carry any security group.
    """

    addresses: Intervals
    family: int = 4
    certainty: Certainty = "exact"
    groups: frozenset[str] | None = frozenset()
    label: str = ""

    @classmethod
    def at(cls, *cidrs: str, groups: frozenset[str] | None = frozenset(), label: str = "", certainty: Certainty = "exact") -> Peer:
        """A peer at known blocks of one IP version."""
        parsed = [addresses(cidr) for cidr in cidrs]
        family = parsed[0][0] if parsed else 4
        held = Intervals.union(block for version, block in parsed if version == family)
        return cls(held, family, certainty, groups, label or ", ".join(cidrs))

    @property
    def public(self) -> bool:
        """Whether it has only addresses of the public internet."""
        return bool(self.addresses) and (self.family == 6 or not self.addresses & PRIVATE_V4)


EVERYONE = Peer(PUBLIC_V4, 4, "everyone", label="the internet")
SOMEONE = Peer(PUBLIC_V4, 4, "someone", label="an unknown address on the internet")
ANYWHERE = Peer(EVERY_V4, 4, "any", None, "a caller the problem does not place")
NEARBY = Peer(PRIVATE_V4, 4, "any", None, "a caller inside the network or beside it")


@dataclass(frozen=True)
class Traffic:
    """One conversation's request, or its answer. ``each``: every port of the set must pass; else one that passes is enough."""

    ports: Intervals = ANY_PORT
    protocol: str = "tcp"
    each: bool = False

    def narrowed(self, ports: Intervals) -> Traffic:
        """The same, with only these ports left."""
        return replace(self, ports=ports)

    @property
    def told(self) -> str:
        """Protocol and ports in words."""
        if self.protocol == "icmp":
            return "icmp"
        return f"{self.protocol} {self.ports}" if self.ports != ANY_PORT else f"any {self.protocol} port"


def answer(traffic: Traffic, ports: Intervals = COMMON_EPHEMERAL) -> Traffic:
    """The packets that travel back: to the port the caller chose, all of which must be able to pass."""
    return Traffic(ports=ports, protocol=traffic.protocol, each=True)
