"""Probes of the way between two networks of the account: a peering that is active, and routes to it on both sides."""

from __future__ import annotations

from nephoscope.models import JsonValue, ResourceRef, Supposition
from nephoscope_aws.analyzers.reach import transit
from nephoscope_aws.analyzers.reach.ends import End, peer_of
from nephoscope_aws.analyzers.reach.mending import BLACKHOLE, Position, position
from nephoscope_aws.analyzers.reach.probe import Outcome, Probe, skipped
from nephoscope_aws.analyzers.reach.sight import Sight, refer
from nephoscope_aws.network.gateways import default_route, kind_of
from nephoscope_aws.network.routes import target_of
from nephoscope_aws.network.traffic import Traffic

NOT_ACCEPTED = "aws.ec2.vpc-peering-not-accepted"
PEERING_ROUTE_MISSING = "aws.ec2.vpc-peering-route-missing"
NOT_CONNECTED = "aws.ec2.vpcs-not-connected"


def route_across(here: End, subnet: ResourceRef, there: End) -> Probe:
    """One side's route to the other network leads to the peering between them."""

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        own, far = here.vpc(sight), there.vpc(sight)
        if own.key == far.key:
            return skipped("both ends are in the same network, whose local route is always there")
        at = position(sight, here, subnet, peer_of(there, sight))
        if at is None:
            return Outcome("unknown", f"no route table is shown for {sight.name(subnet)}")
        kind = kind_of(at.found.target)
        told = f"{sight.name(at.table.ref)} of {sight.name(subnet)}"
        if kind == "transit" and not at.found.blackhole:
            return transit.through(sight, at, far, peer_of(there, sight))
        between = peerings(sight, own, far)
        if kind == "peering" and at.found.target in {ref.native_id for ref in between} and not at.found.blackhole:
            return Outcome("open", f"{told} leads to {at.found.target}", at.table.ref)
        if between:
            return _unrouted(sight, at, between, far)
        joined = transit.common(sight, own, far)
        return transit.unrouted(sight, at, joined, far) if joined else _strangers(sight, here, there)

    return Probe("aws.ec2.seen-route-across", subnet, (PEERING_ROUTE_MISSING, NOT_CONNECTED, BLACKHOLE, *transit.CAUSES), judge)


def joined(end: End) -> Probe:
    """A caller that nobody placed is inside the end's own network, or in one that is joined to it: the way from there was then not walked."""

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        places = [position(sight, end, subnet, peer_of(end, sight)) for subnet in end.subnets(sight)]
        targets = {target_of(route) for place in places if place for route in place.table.routes}
        beyond = sorted(target for target in targets if kind_of(target) in ("transit", "peering", "other"))
        if not beyond:
            return skipped("no other network is joined to this one")
        return Outcome(
            "unknown", f"{end.ref.label} is also called by way of {', '.join(beyond)}: the way from there depends on who calls, which is not told"
        )

    return Probe("aws.ec2.seen-caller-placed", end.ref, (), judge)


def _strangers(sight: Sight, here: End, there: End) -> Outcome:
    """No peering at all. Told once for the pair, whichever side is looked at first."""
    ends = sorted((here, there), key=lambda end: end.vpc(sight).native_id)
    own, far = (end.vpc(sight) for end in ends)
    peering = refer("ec2:vpc-peering-connection", "pcx-mended", own)
    suppose = [
        Supposition(subject=own, attribute="peerings_requested", value=[*(sight.value(own, "peerings_requested") or ()), peering.native_id]),
        Supposition(subject=far, attribute="peerings_received", value=[*(sight.value(far, "peerings_received") or ()), peering.native_id]),
        Supposition(subject=peering, attribute="requester", value={"VpcId": own.native_id}),
        Supposition(subject=peering, attribute="accepter", value={"VpcId": far.native_id}),
        Supposition(subject=peering, attribute="status", value="active"),
    ]
    for end, other in (ends, ends[::-1]):
        block = str(sight.value(other.vpc(sight), "cidr"))
        tables = [at.table for subnet in end.subnets(sight) if (at := position(sight, end, subnet, peer_of(other, sight)))]
        for table in {one.ref.key: one for one in tables}.values():
            routes: list[JsonValue] = [*table.routes, dict(default_route(peering.native_id, block))]
            suppose.append(Supposition(subject=table.ref, attribute="routes", value=routes))
    reason = f"{sight.name(own)} and {sight.name(far)} are not connected: there is no peering between them and no other route"
    details: dict[str, JsonValue] = {"vpc": own.native_id, "other_vpc": far.native_id}
    return Outcome("blocked", reason, own, NOT_CONNECTED, tuple(suppose), details)


def _unrouted(sight: Sight, at: Position, between: list[ResourceRef], far: ResourceRef) -> Outcome:
    told = f"{sight.name(at.table.ref)} of {sight.name(at.subnet)}"
    block = str(sight.value(far, "cidr"))
    kept = [route for route in at.table.routes if route is not at.found.route or not at.found.blackhole]
    mended = Supposition(subject=at.table.ref, attribute="routes", value=[*kept, dict(default_route(between[0].native_id, block))])
    details: dict[str, JsonValue] = {
        "table": at.table.ref.native_id, "table_name": sight.name(at.table.ref), "subnet_name": sight.name(at.subnet), "destination": block,
        "peering": between[0].native_id, "former": at.found.target, "target": between[0].native_id,
        "route": {"RouteTableId": at.table.ref.native_id, "DestinationCidrBlock": block, "VpcPeeringConnectionId": between[0].native_id},
    }  # fmt: skip
    if kind_of(at.found.target) == "peering":
        reason = f"{told} leads to {at.found.target}, which does not join the two networks"
        return Outcome("blocked", reason, at.table.ref, BLACKHOLE, (mended,), details)
    reason = f"{told} has no route to {block} by {between[0].native_id}"
    return Outcome("blocked", reason, at.table.ref, PEERING_ROUTE_MISSING, (mended,), details)


def accepted(here: End, there: End) -> Probe:
    """A peering between the two networks is active."""

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        own, far = here.vpc(sight), there.vpc(sight)
        between = [] if own.key == far.key else peerings(sight, own, far)
        if not between:
            return skipped("no peering on this path")
        states = dict(zip(between, sight.all_of([(ref, "status") for ref in between]), strict=True))
        active = next((ref for ref, state in states.items() if state == "active"), None)
        if active:
            return Outcome("open", f"{sight.name(active)} is active", active)
        ref = between[0]
        details: dict[str, JsonValue] = {"peering": ref.native_id, "status": str(states[ref]), "vpc": own.native_id, "other_vpc": far.native_id}
        mended = Supposition(subject=ref, attribute="status", value="active")
        return Outcome("blocked", f"{sight.name(ref)} is {states[ref]}, not active", ref, NOT_ACCEPTED, (mended,), details)

    return Probe("aws.ec2.seen-peering-active", here.ref, (NOT_ACCEPTED,), judge)


_OVER = frozenset({"deleted", "deleting", "rejected", "expired", "failed"})


def peerings(sight: Sight, own: ResourceRef, far: ResourceRef) -> list[ResourceRef]:
    """Peerings between two networks, those that are over only when there are no others."""
    requested, received = sight.values(own, "peerings_requested", "peerings_received")
    refs = [refer("ec2:vpc-peering-connection", str(key), own) for key in (*(requested or ()), *(received or ()))]
    sides = sight.all_of([(ref, attribute) for ref in refs for attribute in ("requester", "accepter", "status")])
    joined = [
        (ref, status)
        for ref, one, other, status in zip(refs, sides[::3], sides[1::3], sides[2::3], strict=True)
        if {own.native_id, far.native_id} == {(one or {}).get("VpcId"), (other or {}).get("VpcId")}
    ]
    return [ref for ref, status in joined if status not in _OVER] or [ref for ref, status in joined if status not in ("deleted", "deleting")]
