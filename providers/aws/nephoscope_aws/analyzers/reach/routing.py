"""Probes of the way between a subnet and the internet gateway of its network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nephoscope.models import JsonValue, ResourceRef, Supposition
from nephoscope_aws.analyzers.reach.ends import Balancer, Database, End, Function
from nephoscope_aws.analyzers.reach.ground import Table, gateways, tables
from nephoscope_aws.analyzers.reach.mending import (
    BLACKHOLE,
    STRAIGHT,
    WRONG_TABLE,
    Position,
    Way,
    dead_end,
    leads_through_nat,
    position,
    told,
    way_out,
    wrong_table,
)
from nephoscope_aws.analyzers.reach.probe import Outcome, Probe, skipped
from nephoscope_aws.analyzers.reach.sight import Sight, refer
from nephoscope_aws.network.gateways import default_route, kind_of, misplaced, tables_to_internet
from nephoscope_aws.network.routes import lookup
from nephoscope_aws.network.traffic import EVERYONE, Peer, Traffic

ROUTE_MISSING = "aws.ec2.route-table-default-route-missing"
GATEWAY_DETACHED = "aws.ec2.internet-gateway-detached"
FUNCTION_WITHOUT_NAT = "aws.lambda.in-vpc-without-nat"

PeerOf = Callable[[Sight], Peer]


def gateway(end: End) -> Probe:
    """An internet gateway is attached to the network."""

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        vpc = end.vpc(sight)
        if _never_called(sight, end) or not vpc.native_id:
            return skipped("what is private is not called by way of an internet gateway")
        attached = gateways(sight, vpc)
        if attached:
            return Outcome("open", f"{', '.join(attached)} is attached to {sight.name(vpc)}", refer("ec2:internet-gateway", attached[0], vpc))
        routed = [lookup(table.routes, EVERYONE).target for table in tables(sight, vpc)]
        former = next((target for target in routed if kind_of(target) == "internet"), "")
        details: dict[str, JsonValue] = {"vpc": vpc.native_id, "vpc_name": sight.name(vpc), "gateway": former or "INTERNET-GATEWAY"}
        mended = Supposition(subject=vpc, attribute="internet_gateways", value=[former or "igw-mended"])
        subject = refer("ec2:internet-gateway", former, vpc) if former else vpc
        reason = f"no internet gateway is attached to {sight.name(vpc)}" + (f", though routes lead to {former}" if former else "")
        return Outcome("blocked", reason, subject, GATEWAY_DETACHED, (mended,), details)

    return Probe("aws.ec2.seen-internet-gateway", end.ref, (GATEWAY_DETACHED,), judge)


def _never_called(sight: Sight, end: End) -> bool:
    """Whether callers on the internet are turned away by the end's own setting, before any route matters."""
    return isinstance(end, Database | Balancer) and not end.public(sight)


def route_out(end: End, subnet: ResourceRef, way: Way, peer_of: PeerOf) -> Probe:
    """The subnet's route to the internet leads to something that can carry it."""
    causes = [ROUTE_MISSING, BLACKHOLE, WRONG_TABLE]
    if isinstance(end, Function):
        causes.append(FUNCTION_WITHOUT_NAT)

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        if way == STRAIGHT and _never_called(sight, end):
            return skipped("what is private is not called by way of an internet gateway")
        here = position(sight, end, subnet, peer_of(sight))
        return _leads(sight, end, here, way) if here else Outcome("unknown", f"no route table is shown for {sight.name(subnet)}")

    return Probe("aws.ec2.seen-route-to-internet", subnet, tuple(causes), judge)


def _leads(sight: Sight, end: End, here: Position, way: Way) -> Outcome:
    target, kind, attached = here.found.target, kind_of(here.found.target), gateways(sight, here.vpc)
    leads = f"{sight.name(here.table.ref)} of {sight.name(here.subnet)} leads to {target}"
    if kind == "internet" and kind in way and attached and target not in attached:
        return dead_end(sight, here, f"{leads}, which is not attached to this network", attached[0])
    if kind != "internet" and here.found.blackhole:
        return dead_end(sight, here, f"{leads}, which is gone (blackhole)", *way_out(sight, end, here, way))
    if kind in way:
        return Outcome("open", leads, here.table.ref)
    if kind in ("transit", "other", "endpoint", "host"):
        return Outcome("unknown", f"{leads}, beyond which this account does not show the path", here.table.ref)
    return _no_way(sight, end, here, way)


def _no_way(sight: Sight, end: End, here: Position, way: Way) -> Outcome:
    better = _better(sight, end, here, way)
    where = f"{sight.name(here.table.ref)}, the {'' if here.explicit else 'main '}route table that {sight.name(here.subnet)} uses,"
    leads = f" leads to {here.found.target} only" if here.found.target else " has no route to the internet"
    if better and misplaced(here.table.document, here.explicit, [table.document for table in better], here.found):
        return wrong_table(sight, here, better[0], f"{where}{leads}; {sight.name(better[0].ref)} has one")
    target, more = way_out(sight, end, here, way)
    kept = [route for route in here.table.routes if route is not here.found.route]
    mended = Supposition(subject=here.table.ref, attribute="routes", value=[*kept, dict(default_route(target))])
    shut_in = isinstance(end, Function) and bool(more)
    subject, fault = (end.ref, FUNCTION_WITHOUT_NAT) if shut_in else (here.table.ref, ROUTE_MISSING)
    details: dict[str, JsonValue] = {**told(sight, here, target), "groups": [group.native_id for group in end.groups(sight)] if shut_in else []}
    return Outcome("blocked", f"{where}{leads}", subject, fault, (mended, *more), details)


def _better(sight: Sight, end: End, here: Position, way: Way) -> list[Table]:
    known, attached = tables(sight, here.vpc), gateways(sight, here.vpc)
    by_nat = [table for table in known if leads_through_nat(sight, table)] if "nat" in way else []
    fits: list[Mapping[str, Any]] = [table.document for table in by_nat]
    if way == STRAIGHT or (end.public(sight) and not fits):
        fits = list(tables_to_internet([table.document for table in known], attached))
    return [table for table in known if any(table.document is fit for fit in fits)]
