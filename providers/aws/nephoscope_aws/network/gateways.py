"""Ways out of a network and between networks: internet gateways, NAT gateways, peerings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nephoscope_aws.network.routes import Lookup, Route, Table, lookup, subnets_of
from nephoscope_aws.network.traffic import EVERYONE, Peer


def kind_of(target: str) -> str:
    """What a route points at: ``local``, ``internet``, ``nat``, ``peering``, ``transit``, ``endpoint``, ``host``, ``other`` or nothing at all."""
    prefixes = {
        "local": "local",
        "igw-": "internet",
        "nat-": "nat",
        "pcx-": "peering",
        "tgw-": "transit",
        "vpce-": "endpoint",
        "eni-": "host",
        "i-": "host",
    }
    return next((kind for prefix, kind in prefixes.items() if target.startswith(prefix)), "other" if target else "")


def tables_to_internet(tables: Sequence[Table], gateways: Iterable[str], peer: Peer = EVERYONE) -> list[Table]:
    """The tables that send internet traffic straight to one of these attached gateways."""
    alive = set(gateways)
    return [table for table in tables if _usable(lookup(table.get("Routes") or (), peer)) in alive]


def misplaced(table: Table, explicit: bool, better: Sequence[Table], found: Lookup) -> bool:
    """Whether a subnet more probably sits on the wrong table than on its own table that lost a route.

    ``better`` are the tables of the network that have the wanted route. A subnet is on the wrong one when it fell back to the
    main table, when its table leads elsewhere on purpose, when it shares the table with other subnets, or when nobody uses a better one.
    """
    if not better:
        return False
    unused = any(not subnets_of(other) for other in better)
    return not explicit or bool(found.target) or len(subnets_of(table)) > 1 or unused


def default_route(target: str, cidr: str = "0.0.0.0/0") -> Route:
    """The route as it would read with the fault mended."""
    keys = {"internet": "GatewayId", "nat": "NatGatewayId", "peering": "VpcPeeringConnectionId"}
    return {"DestinationCidrBlock": cidr, keys.get(kind_of(target), "GatewayId"): target, "Origin": "CreateRoute", "State": "active"}


def _usable(found: Lookup) -> str:
    return "" if found.blackhole else found.target
