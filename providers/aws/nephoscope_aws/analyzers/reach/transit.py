"""The way between two networks through a transit gateway: attached, associated with a table, and routed there to the other network's attachment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from nephoscope.models import JsonValue, ResourceRef, Supposition
from nephoscope_aws.analyzers.reach.mending import Position
from nephoscope_aws.analyzers.reach.probe import Outcome
from nephoscope_aws.analyzers.reach.sight import Sight, refer, together
from nephoscope_aws.network.routes import lookup
from nephoscope_aws.network.traffic import Peer

ROUTE_MISSING = "aws.ec2.transit-route-missing"
TABLE_LACKS = "aws.ec2.transit-table-lacks-route"
TABLE_DROPS = "aws.ec2.transit-table-drops"
UNASSOCIATED = "aws.ec2.transit-attachment-without-table"
CAUSES = (ROUTE_MISSING, TABLE_LACKS, TABLE_DROPS, UNASSOCIATED)

_LIVE = frozenset({"available", "modifying"})


@dataclass(frozen=True)
class Attachment:
    """A network's place at a transit gateway."""

    ref: ResourceRef
    gateway: str
    own: bool
    """Whether the gateway is of this account: another's tables cannot be seen."""


def attachments(sight: Sight, vpc: ResourceRef) -> dict[str, Attachment]:
    """By gateway, the live attachments of a network."""
    refs = [refer("ec2:transit-gateway-attachment", str(key), vpc) for key in sight.value(vpc, "transit_attachments") or ()]
    found = sight.all_of([(ref, attribute) for ref in refs for attribute in ("transit_gateway", "vpc", "state", "owner")])
    rows = zip(refs, found[::4], found[1::4], found[2::4], found[3::4], strict=True)
    return {
        str(gateway): Attachment(ref, str(gateway), not owner or str(owner) == vpc.account)
        for ref, gateway, held, state, owner in rows
        if state in _LIVE and held == vpc.native_id
    }


def common(sight: Sight, own: ResourceRef, far: ResourceRef) -> Attachment | None:
    """The own attachment to a gateway at which the other network is attached too."""
    here, there = attachments(sight, own), attachments(sight, far)
    return next((here[gateway] for gateway in sorted(here) if gateway in there), None)


def through(sight: Sight, at: Position, far: ResourceRef, peer: Peer) -> Outcome:
    """The subnet's route leads to a transit gateway: what the gateway does with the packets."""
    gateway = at.found.target
    told = f"{sight.name(at.table.ref)} of {sight.name(at.subnet)} leads to {gateway}"
    own = attachments(sight, at.vpc).get(gateway)
    if own is None or not own.own:
        return Outcome("unknown", f"{told}, beyond which this account does not show the path", at.table.ref)
    table = sight.value(own.ref, "route_table")
    if not table:
        return _unassociated(sight, own, far, peer)
    ref = refer("ec2:transit-gateway-route-table", str(table), at.vpc)
    routes = [route for route in sight.value(ref, "routes") or () if isinstance(route, dict)]
    found = lookup(routes, peer)
    leads = f"{told}, whose table {sight.name(ref)}"
    if found.route is None:
        return replace(_mended(sight, ref, None, far, own), fault=TABLE_LACKS, reason=f"{leads} has no route to {sight.value(far, 'cidr')}")
    if found.blackhole:
        block = str(found.route.get("DestinationCidrBlock"))
        return replace(_mended(sight, ref, found.route, far, own), fault=TABLE_DROPS, reason=f"{leads} drops what goes to {block} (blackhole)")
    ends = _ends(found.route)
    if far.native_id in ends:
        return Outcome("open", f"{leads} leads to {sight.name(far)}", ref)
    return Outcome(
        "unknown", f"{leads} leads to {', '.join(sorted(ends)) or 'an attachment that is not told'}, beyond which the path is not shown", ref
    )


def unrouted(sight: Sight, at: Position, own: Attachment, far: ResourceRef) -> Outcome:
    """Both networks are attached to one gateway, and the subnet has no route to it."""
    block = str(sight.value(far, "cidr"))
    route = {"DestinationCidrBlock": block, "TransitGatewayId": own.gateway}
    kept = [one for one in at.table.routes if one is not at.found.route or not at.found.blackhole]
    mended: list[JsonValue] = [*kept, {**route, "Origin": "CreateRoute", "State": "active"}]
    details: dict[str, JsonValue] = {
        "table": at.table.ref.native_id, "table_name": sight.name(at.table.ref), "subnet_name": sight.name(at.subnet), "destination": block,
        "gateway": own.gateway, "route": {"RouteTableId": at.table.ref.native_id, **route},
    }  # fmt: skip
    reason = f"{sight.name(at.table.ref)} of {sight.name(at.subnet)} has no route to {block} by {own.gateway}"
    suppose = (Supposition(subject=at.table.ref, attribute="routes", value=mended),)
    return Outcome("blocked", reason, at.table.ref, ROUTE_MISSING, suppose, details)


def _mended(sight: Sight, ref: ResourceRef, dead: Mapping[str, Any] | None, far: ResourceRef, own: Attachment) -> Outcome:
    """What would lead to the other network instead of what drops its packets, or beside what there is."""
    routes = sight.value(ref, "routes") or ()
    wanted = next((one for gateway, one in attachments(sight, far).items() if gateway == own.gateway), None)
    block = str(dead.get("DestinationCidrBlock") if dead else sight.value(far, "cidr"))
    live: JsonValue = {
        "DestinationCidrBlock": block, "State": "active", "Type": "static",
        "TransitGatewayAttachments": [{"ResourceId": far.native_id, "ResourceType": "vpc"}],
    }  # fmt: skip
    attachment = wanted.ref.native_id if wanted else "ATTACHMENT"
    suppose = [Supposition(subject=ref, attribute="routes", value=[*(one for one in routes if one is not dead), live])]
    details: dict[str, JsonValue] = {
        "table": ref.native_id, "destination": block, "gateway": own.gateway, "attachment": attachment, "far": sight.name(far),
        "route": {"TransitGatewayRouteTableId": ref.native_id, "DestinationCidrBlock": block, "TransitGatewayAttachmentId": attachment},
    }  # fmt: skip
    return Outcome("blocked", "", ref, suppose=tuple(suppose), details=details)


def _unassociated(sight: Sight, own: Attachment, far: ResourceRef, peer: Peer) -> Outcome:
    reason = f"attachment {sight.name(own.ref)} is associated with no route table of {own.gateway}"
    details: dict[str, JsonValue] = {"attachment": own.ref.native_id, "gateway": own.gateway, "far": sight.name(far)}
    right = _leading(sight, own, far, peer)
    if right is not None:
        taken = Supposition(subject=own.ref, attribute="route_table", value=right.native_id)
        return Outcome("blocked", reason, own.ref, UNASSOCIATED, (taken,), {**details, "table": right.native_id})
    table = refer("ec2:transit-gateway-route-table", "tgw-rtb-mended", own.ref)
    live: JsonValue = {
        "DestinationCidrBlock": str(sight.value(far, "cidr")), "State": "active", "TransitGatewayAttachments": [{"ResourceId": far.native_id}],
    }  # fmt: skip
    suppose = (
        Supposition(subject=own.ref, attribute="route_table", value=table.native_id),
        Supposition(subject=table, attribute="routes", value=[live]),
    )
    return Outcome("blocked", reason, own.ref, UNASSOCIATED, suppose, details)


def _leading(sight: Sight, own: Attachment, far: ResourceRef, peer: Peer) -> ResourceRef | None:
    """The one table of the gateway that leads to the other network; none where several do, or not all of them could be seen."""
    gateway = refer("ec2:transit-gateway", own.gateway, own.ref)
    refs = [refer("ec2:transit-gateway-route-table", str(key), own.ref) for key in sight.wished(gateway, "tables") or ()]
    held = together(*(partial(sight.wished, ref, "routes") for ref in refs))
    if None in held:
        return None
    found = [lookup([route for route in routes if isinstance(route, dict)], peer) for routes in held]
    right = [ref for ref, one in zip(refs, found, strict=True) if one.route and not one.blackhole and far.native_id in _ends(one.route)]
    return right[0] if len(right) == 1 else None


def _ends(route: Mapping[str, Any]) -> set[str]:
    return {str(one.get("ResourceId")) for one in route.get("TransitGatewayAttachments") or ()}
