"""Route tables: which one a subnet uses, and where the longest matching prefix sends packets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nephoscope_aws.network.intervals import Intervals
from nephoscope_aws.network.traffic import Certainty, Peer, addresses

Table = Mapping[str, Any]
"""An item of RouteTables: at least ``Routes`` and ``Associations``."""
Route = Mapping[str, Any]

_TARGETS = (
    "GatewayId",
    "NatGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "EgressOnlyInternetGatewayId",
    "LocalGatewayId",
    "CarrierGatewayId",
    "CoreNetworkArn",
    "NetworkInterfaceId",
    "InstanceId",
)
_ENOUGH: dict[Certainty, float] = {"exact": 1, "everyone": 255 / 256, "someone": 255 / 256, "any": 0}


@dataclass(frozen=True)
class Lookup:
    """The route that carries the packets; ``None``: nothing does, or not nearly all of them."""

    route: Route | None
    covered: float
    """Share of the destination's addresses that some route covers, 0 to 1."""

    @property
    def target(self) -> str:
        """Id of what the route points at; ``local`` inside the network, empty when there is no route."""
        return target_of(self.route) if self.route is not None else ""

    @property
    def blackhole(self) -> bool:
        """Whether the cloud itself says that the target is gone."""
        return self.route is not None and self.route.get("State") == "blackhole"


def table_of(subnet: str, tables: Sequence[Table]) -> tuple[Table | None, bool]:
    """The table a subnet uses and whether by explicit association; else the network's main table."""
    for table in tables:
        if any(item.get("SubnetId") == subnet for item in table.get("Associations") or ()):
            return table, True
    return next((table for table in tables if any(item.get("Main") for item in table.get("Associations") or ())), None), False


def subnets_of(table: Table) -> list[str]:
    """Subnets that are explicitly associated with a table."""
    return [str(item["SubnetId"]) for item in table.get("Associations") or () if item.get("SubnetId")]


def target_of(route: Route) -> str:
    """Id of a route's target."""
    return next((str(route[key]) for key in _TARGETS if route.get(key)), "")


def lookup(routes: Sequence[Route], peer: Peer) -> Lookup:
    """Longest prefix first; for a set of addresses, the route that carries most of them."""
    left, carried = peer.addresses, []
    for held, route in sorted(_blocks(routes, peer.family), key=lambda item: item[0].size):
        hit = left & held
        if hit:
            left -= hit
            carried.append((hit.size, route))
    covered = 1 - left.size / peer.addresses.size if peer.addresses else 0.0
    if not carried or covered < _ENOUGH[peer.certainty]:
        return Lookup(None, covered)
    return Lookup(max(carried, key=lambda item: item[0])[1], covered)


def _blocks(routes: Sequence[Route], family: int) -> list[tuple[Intervals, Route]]:
    blocks = [(str(route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock") or ""), route) for route in routes]
    parsed = [(*addresses(block), route) for block, route in blocks if block]
    return [(held, route) for version, held, route in parsed if version == family]
