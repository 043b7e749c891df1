"""Probes of what carries a network's packets out: NAT gateways, a public address of one's own, machines that forward."""

from __future__ import annotations

from nephoscope.models import JsonValue, ResourceRef, Supposition
from nephoscope_aws.analyzers.reach.ends import End, Function
from nephoscope_aws.analyzers.reach.ground import gateways, table_of, tables
from nephoscope_aws.analyzers.reach.mending import (
    ANY_WAY,
    BLACKHOLE,
    Position,
    dead_end,
    imagined_nat,
    leads_through_nat,
    position,
    told,
    way_out,
)
from nephoscope_aws.analyzers.reach.probe import Outcome, Probe, skipped
from nephoscope_aws.analyzers.reach.routing import FUNCTION_WITHOUT_NAT, ROUTE_MISSING, PeerOf
from nephoscope_aws.analyzers.reach.sight import Sight, refer
from nephoscope_aws.analyzers.reach.standing import NO_PUBLIC_IP, public_address
from nephoscope_aws.network.gateways import default_route, kind_of
from nephoscope_aws.network.routes import Lookup, lookup, subnets_of
from nephoscope_aws.network.traffic import EVERYONE, Peer, Traffic

NAT_PRIVATE = "aws.ec2.nat-gateway-in-private-subnet"
NAT_FAILED = "aws.ec2.nat-gateway-failed"
SOURCE_DEST_CHECK = "aws.ec2.source-dest-check-on-router"


def nat(end: End, subnet: ResourceRef, peer_of: PeerOf) -> Probe:
    """Where the route leads to a NAT gateway: it is there, available, public, and in a subnet that reaches the internet itself."""

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        here = position(sight, end, subnet, peer_of(sight))
        if here is None or kind_of(here.found.target) != "nat" or here.found.blackhole:
            return skipped("no NAT gateway on this path")
        ref = refer("ec2:nat-gateway", here.found.target, here.vpc)
        existence = sight.view.fact(ref, "exists")
        state = "deleted" if existence is not None and existence.known_absent else str(sight.value(ref, "state"))
        if state in ("deleted", "deleting"):
            reason = f"{sight.name(here.table.ref)} of {sight.name(subnet)} leads to {ref.native_id}, which is {state}"
            return dead_end(sight, here, reason, *way_out(sight, end, here, ANY_WAY))
        connectivity, failure = sight.values(ref, "connectivity", "failure")
        if state != "available" or connectivity == "private":
            details = {**told(sight, here, ref.native_id), "state": state, "why": str(failure or connectivity or "")}
            mended = (("state", "available"), ("connectivity", "public"))
            suppose = tuple(Supposition(subject=ref, attribute=attribute, value=value) for attribute, value in mended)
            return Outcome("blocked", f"{sight.name(ref)} is {state}: {details['why']}", ref, NAT_FAILED, suppose, details)
        return _door(sight, here, ref, peer_of(sight))

    return Probe("aws.ec2.seen-nat-gateway", subnet, (NAT_FAILED, NAT_PRIVATE, BLACKHOLE, ROUTE_MISSING), judge)


def _door(sight: Sight, here: Position, ref: ResourceRef, peer: Peer) -> Outcome:
    """Whether the NAT gateway's own subnet leads straight to the internet."""
    home = refer("ec2:subnet", str(sight.value(ref, "subnet")), here.vpc)
    table, explicit = table_of(sight, here.vpc, home)
    found = lookup(table.routes, peer) if table else Lookup(None, 0.0)
    attached = gateways(sight, here.vpc)
    if kind_of(found.target) == "internet" and (found.target in attached or not attached):
        return Outcome("open", f"{sight.name(ref)} is available, in a subnet that leads to {found.target}", ref)
    if table is None:
        return Outcome("unknown", f"no route table is shown for {home.native_id}", ref)
    door = Position(here.vpc, home, table, explicit, found)
    straight = attached[0] if attached else "igw-mended"
    public = [one for one in tables(sight, here.vpc) if lookup(one.routes, EVERYONE).target in attached and attached]
    rooms = [room for one in public for room in subnets_of(one.document)]
    own_door = table.ref.key != here.table.ref.key and not public and not found.target
    details = {**told(sight, door, straight), "nat": ref.native_id, "private_table": here.table.ref.native_id}
    details |= {"public_subnet": rooms[0]} if rooms else {}
    kept = [route for route in table.routes if route is not found.route]
    way = Supposition(subject=table.ref, attribute="routes", value=[*kept, dict(default_route(straight))])
    if own_door:
        reason = f"{sight.name(table.ref)}, the table of the NAT gateway's subnet, has no route to the internet"
        return Outcome("blocked", reason, table.ref, ROUTE_MISSING, (way,), details)
    suppose = (Supposition(subject=ref, attribute="subnet", value=rooms[0]),) if rooms else _moved(sight, here, ref, straight)
    reason = f"{sight.name(ref)} is in {sight.name(home)}, whose route table does not lead to an internet gateway"
    return Outcome("blocked", reason, ref, NAT_PRIVATE, suppose, details)


def _moved(sight: Sight, here: Position, ref: ResourceRef, straight: str) -> tuple[Supposition, ...]:
    _, imagined = imagined_nat(sight, here, straight)
    return (Supposition(subject=ref, attribute="subnet", value="subnet-mended"), *(one for one in imagined if one.subject.native_id != "nat-mended"))


def own_address(end: End, subnet: ResourceRef, peer_of: PeerOf) -> Probe:
    """Where the route leads straight to the internet gateway, the caller needs a public address of its own."""
    fault = FUNCTION_WITHOUT_NAT if isinstance(end, Function) else NO_PUBLIC_IP

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        here = position(sight, end, subnet, peer_of(sight))
        if here is None or kind_of(here.found.target) != "internet":
            return skipped("no internet gateway on this path")
        if isinstance(end, Function):
            return _function_at_the_gateway(sight, end, here)
        shown = public_address(end)
        return shown[0].judge(sight, traffic) if shown else skipped("stands for whatever has an address")

    return Probe("aws.ec2.seen-own-public-address", end.ref, (fault,), judge)


def _function_at_the_gateway(sight: Sight, end: Function, here: Position) -> Outcome:
    rooms = [room for table in tables(sight, here.vpc) if leads_through_nat(sight, table) for room in subnets_of(table.document)]
    reason = f"{end.ref.label} runs in {sight.name(here.subnet)}, which leads to an internet gateway: a function has no public address there"
    suppose = _into(end, here, rooms[0]) if rooms else _behind_nat(sight, here)
    details: dict[str, JsonValue] = {**told(sight, here, here.found.target), **({"private_subnets": [*rooms]} if rooms else {})}
    details |= {"groups": [group.native_id for group in end.groups(sight)]}
    return Outcome("blocked", reason, end.ref, FUNCTION_WITHOUT_NAT, suppose, details)


def _into(end: Function, here: Position, room: str) -> tuple[Supposition, ...]:
    """The function in a subnet that leads to a NAT gateway."""
    moved = Supposition(subject=end.ref, attribute="vpc.subnets", value=[room])
    return moved, Supposition(subject=refer("ec2:subnet", room, here.vpc), attribute="vpc", value=here.vpc.native_id)


def _behind_nat(sight: Sight, here: Position) -> tuple[Supposition, ...]:
    """The function's subnet behind a NAT gateway that has yet to be made."""
    straight = next(iter(gateways(sight, here.vpc)), "igw-mended")
    target, imagined = imagined_nat(sight, here, straight)
    kept = [route for route in here.table.routes if route is not here.found.route]
    return Supposition(subject=here.table.ref, attribute="routes", value=[*kept, dict(default_route(target))]), *imagined


def router(end: End, subnet: ResourceRef, peer_of: PeerOf) -> Probe:
    """Where the route leads to a machine that forwards for others: it may forward."""

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        here = position(sight, end, subnet, peer_of(sight))
        if here is None or kind_of(here.found.target) != "host" or here.found.blackhole:
            return skipped("no forwarding machine on this path")
        native = "ec2:instance" if here.found.target.startswith("i-") else "ec2:network-interface"
        ref = refer(native, here.found.target, here.vpc)
        if not sight.value(ref, "source_dest_check"):
            return Outcome("open", f"{sight.name(ref)} may forward packets of others", ref)
        mended = Supposition(subject=ref, attribute="source_dest_check", value=False)
        details = {**told(sight, here, ref.native_id), "router": ref.native_id}
        reason = f"{sight.name(ref)} forwards for {sight.name(subnet)}, but its source/destination check is on"
        return Outcome("blocked", reason, ref, SOURCE_DEST_CHECK, (mended,), details)

    return Probe("aws.ec2.seen-forwarding-machine", subnet, (SOURCE_DEST_CHECK,), judge)
