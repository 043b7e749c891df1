"""What routes would look like with the fault mended: a live target, the right table, a gateway that has yet to be made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nephoscope.models import JsonValue, ResourceRef, Supposition
from nephoscope_aws.analyzers.reach.ends import End
from nephoscope_aws.analyzers.reach.ground import Table, gateways, table_of
from nephoscope_aws.analyzers.reach.probe import Outcome
from nephoscope_aws.analyzers.reach.sight import Sight, refer
from nephoscope_aws.network.gateways import default_route, kind_of
from nephoscope_aws.network.routes import Lookup, lookup
from nephoscope_aws.network.traffic import EVERYONE, Peer

BLACKHOLE = "aws.ec2.route-blackhole"
WRONG_TABLE = "aws.ec2.subnet-associated-with-wrong-route-table"

Way = frozenset[str]
STRAIGHT: Way = frozenset({"internet"})
"""What the internet comes in by."""
ANY_WAY: Way = frozenset({"internet", "nat", "host"})
"""What a network gets out by."""


@dataclass(frozen=True)
class Position:
    """Where a subnet's packets go: its table, how it came by it, the route that carries them."""

    vpc: ResourceRef
    subnet: ResourceRef
    table: Table
    explicit: bool
    found: Lookup


def position(sight: Sight, end: End, subnet: ResourceRef, peer: Peer) -> Position | None:
    """The route from a subnet to a peer."""
    vpc = end.vpc(sight)
    table, explicit = table_of(sight, vpc, subnet)
    return Position(vpc, subnet, table, explicit, lookup(table.routes, peer)) if table else None


def dead_end(sight: Sight, here: Position, reason: str, target: str, more: tuple[Supposition, ...] = ()) -> Outcome:
    """The route leads to something that is gone; ``target`` is what it would lead to instead."""
    mended: list[JsonValue] = [_renewed(route, target) if route is here.found.route else route for route in here.table.routes]
    suppose = (Supposition(subject=here.table.ref, attribute="routes", value=mended), *more)
    return Outcome("blocked", reason, here.table.ref, BLACKHOLE, suppose, {**told(sight, here, target), "former": here.found.target})


def _renewed(route: Any, target: str) -> JsonValue:
    return dict(default_route(target, str(route.get("DestinationCidrBlock") or "0.0.0.0/0")))


def _leading(target: str) -> dict[str, JsonValue]:
    """A default route to the target, as the parameters of a call."""
    return {key: value for key, value in default_route(target).items() if key not in ("Origin", "State")}


def told(sight: Sight, here: Position, target: str) -> dict[str, JsonValue]:
    """Details of a finding about a subnet's route."""
    return {
        "table": here.table.ref.native_id, "table_name": sight.name(here.table.ref), "subnet": here.subnet.native_id,
        "subnet_name": sight.name(here.subnet), "vpc": here.vpc.native_id, "target": target, "destination": "0.0.0.0/0",
        "route": {"RouteTableId": here.table.ref.native_id, **_leading(target)},
    }  # fmt: skip


def wrong_table(sight: Sight, here: Position, right: Table, reason: str) -> Outcome:
    """The subnet sits on one table and belongs on another."""
    moved: JsonValue = {"SubnetId": here.subnet.native_id, "RouteTableId": right.ref.native_id, "Main": False}
    held = here.table.document["Associations"]
    own: dict[str, Any] = next((item for item in held if item.get("SubnetId") == here.subnet.native_id), {})
    suppose = (
        Supposition(subject=here.table.ref, attribute="associations", value=[item for item in held if item is not own]),
        Supposition(subject=right.ref, attribute="associations", value=[*right.document["Associations"], moved]),
    )
    details = {
        **told(sight, here, ""), "right_table": right.ref.native_id, "right_table_name": sight.name(right.ref),
        **_association(here, right, str(own.get("RouteTableAssociationId", ""))),
    }  # fmt: skip
    return Outcome("blocked", reason, here.table.ref, WRONG_TABLE, suppose, details)


def _association(here: Position, right: Table, own: str) -> dict[str, JsonValue]:
    """The call that moves the subnet: a subnet that has an association of its own cannot be given a second one."""
    change = {"AssociationId": own} if own else {"SubnetId": here.subnet.native_id}
    return {"operation": "ReplaceRouteTableAssociation" if own else "AssociateRouteTable", "change": {**change, "RouteTableId": right.ref.native_id}}


def way_out(sight: Sight, end: End, here: Position, way: Way) -> tuple[str, tuple[Supposition, ...]]:
    """What a mended route would lead to; with the gateway that would have to be made first, where there is none."""
    attached = gateways(sight, here.vpc)
    straight = attached[0] if attached else "igw-mended"
    if way == STRAIGHT or end.public(sight):
        return straight, ()
    known = [refer("ec2:nat-gateway", str(key), here.vpc) for key in sight.value(here.vpc, "nat_gateways") or ()]
    for nat in known:
        if sight.value(nat, "state") == "available":
            return nat.native_id, ()
    return imagined_nat(sight, here, straight)


def leads_through_nat(sight: Sight, table: Table) -> bool:
    """Whether a table leads to a NAT gateway that is available."""
    target = lookup(table.routes, EVERYONE).target
    return kind_of(target) == "nat" and sight.value(refer("ec2:nat-gateway", target, table.ref), "state") == "available"


def wired(sight: Sight, end: End) -> tuple[Supposition, ...]:
    """The end's subnets as public ones: an attached internet gateway, and routes that lead to it."""
    vpc = end.vpc(sight)
    if not vpc.native_id:
        return ()
    attached = gateways(sight, vpc)
    straight = attached[0] if attached else "igw-mended"
    suppose = [] if attached else [Supposition(subject=vpc, attribute="internet_gateways", value=[straight])]
    places = [position(sight, end, subnet, EVERYONE) for subnet in end.subnets(sight)]
    for table, found in {place.table.ref.key: (place.table, place.found) for place in places if place}.values():
        kept = [route for route in table.routes if route is not found.route]
        suppose.append(Supposition(subject=table.ref, attribute="routes", value=[*kept, dict(default_route(straight))]))
    return tuple(suppose)


def imagined_nat(sight: Sight, here: Position, straight: str) -> tuple[str, tuple[Supposition, ...]]:
    """A NAT gateway in a public subnet that has yet to be made."""
    nat = refer("ec2:nat-gateway", "nat-mended", here.vpc)
    door = refer("ec2:route-table", "rtb-mended", here.vpc)
    tables_held = [*(sight.value(here.vpc, "route_tables") or ()), door.native_id]
    return nat.native_id, (
        Supposition(subject=nat, attribute="state", value="available"),
        Supposition(subject=nat, attribute="connectivity", value="public"),
        Supposition(subject=nat, attribute="failure", value=None, absent=True),
        Supposition(subject=nat, attribute="subnet", value="subnet-mended"),
        Supposition(subject=here.vpc, attribute="route_tables", value=tables_held),
        Supposition(subject=door, attribute="routes", value=[dict(default_route(straight))]),
        Supposition(subject=door, attribute="associations", value=[{"SubnetId": "subnet-mended", "Main": False}]),
    )
