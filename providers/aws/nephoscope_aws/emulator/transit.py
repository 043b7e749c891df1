"""Transit gateways as AWS keeps them: whom a route table belongs to, what attachments tell it of, and routes that are replaced."""

from __future__ import annotations

from typing import Any

from nephoscope_aws.emulator.wrapping import once, put

_DEFAULTS = ("DefaultRouteTableAssociation", "DefaultRouteTablePropagation")


def amend() -> None:
    """Once per process is enough; a second time changes nothing."""
    from moto.ec2.models import EC2Backend
    from moto.ec2.models.transit_gateway_attachments import TransitGatewayAttachment
    from moto.ec2.responses import EC2Response

    put(EC2Response, "replace_transit_gateway_route", _replace_route)
    put(TransitGatewayAttachment, "association", property(_association))
    once(EC2Backend, "create_transit_gateway_vpc_attachment", _by_default)
    once(EC2Backend, "create_transit_gateway_vpn_attachment", _by_default)
    once(EC2Backend, "get_all_transit_gateway_route_tables", _without_unwanted)
    once(EC2Backend, "associate_transit_gateway_route_table", _leaves_former)
    once(EC2Backend, "search_transit_gateway_routes", _with_propagated)


def _replace_route(self: Any) -> Any:
    """A static route of a transit gateway gives way to another one; where there is none, there is nothing to replace."""
    from moto.core.responses import ActionResult
    from moto.ec2.exceptions import InvalidRouteError
    from moto.utilities.utils import str2bool

    table, block = self._get_param("TransitGatewayRouteTableId"), self._get_param("DestinationCidrBlock")
    held = self.ec2_backend.transit_gateways_route_tables.get(table)
    if held is None or block not in held.routes:
        raise InvalidRouteError(table, block)
    attachment, dropped = self._get_param("TransitGatewayAttachmentId"), str2bool(self._get_param("Blackhole"))
    return ActionResult({"route": self.ec2_backend.create_transit_gateway_route(table, block, attachment, bool(dropped))})


def _association(self: Any) -> dict[str, str] | None:
    """An attachment tells the table with which it was associated last, and none after it was taken from it."""
    held = self._association_data
    table = held.get("transitGatewayRouteTableId")
    return {"State": held["state"], "TransitGatewayRouteTableId": table} if self.state == "available" and table else None


def _by_default(real: Any) -> Any:
    """A new attachment is associated with the gateway's default table and propagates to it, where the gateway's options say so."""

    def create(self: Any, transit_gateway_id: str, *args: Any, **kwargs: Any) -> Any:
        made = real(self, *args, transit_gateway_id=transit_gateway_id, **kwargs)
        options, default = self.transit_gateways[transit_gateway_id].options, made.transit_gateway_route_table
        default.route_table_associations.pop(made.id, None)
        if options.get("DefaultRouteTableAssociation") != "disable":
            self.associate_transit_gateway_route_table(made.id, default.id)
        if options.get("DefaultRouteTablePropagation") != "disable":
            self.enable_transit_gateway_route_table_propagation(made.id, default.id)
        return made

    return create


def _without_unwanted(real: Any) -> Any:
    """A gateway that neither associates nor propagates by default has no default table."""

    def get(self: Any, *args: Any, **kwargs: Any) -> list[Any]:
        plain = {key for key, one in self.transit_gateways.items() if {one.options.get(name) for name in _DEFAULTS} == {"disable"}}
        found = real(self, *args, **kwargs)
        return [one for one in found if not (one.default_association_route_table and one.transit_gateway_id in plain)]

    return get


def _leaves_former(real: Any) -> Any:
    """An attachment is associated with one table at a time."""

    def associate(self: Any, transit_gateway_attachment_id: str, transit_gateway_route_table_id: str) -> Any:
        for table in self.transit_gateways_route_tables.values():
            table.route_table_associations.pop(transit_gateway_attachment_id, None)
        return real(self, transit_gateway_attachment_id, transit_gateway_route_table_id)

    return associate


def _with_propagated(real: Any) -> Any:
    """Networks tell the tables they propagate to of their blocks; a static route to the same block goes before."""

    def search(self: Any, transit_gateway_route_table_id: str, filters: Any, max_results: int | None = None) -> Any:
        table = self.transit_gateways_route_tables.get(transit_gateway_route_table_id)
        if table is None:
            return []
        static = dict(table.routes)
        try:
            table.routes = {**_propagated(self, table), **{block: _listed(route) for block, route in static.items()}}
            return real(self, transit_gateway_route_table_id, filters or {})[:max_results]
        finally:
            table.routes = static

    return search


def _propagated(backend: Any, table: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for one in table.route_table_propagation:
        vpc = backend.vpcs.get(one.resourceId)
        if vpc is not None and one.transitGatewayAttachmentId in backend.transit_gateway_attachments:
            ends = [{"resourceId": vpc.id, "resourceType": "vpc", "transitGatewayAttachmentId": one.transitGatewayAttachmentId}]
            route = {"destinationCidrBlock": vpc.cidr_block, "state": "active", "type": "propagated", "transitGatewayAttachments": ends}
            found[vpc.cidr_block] = route
    return found


def _listed(route: dict[str, Any]) -> dict[str, Any]:
    ends = route.get("transitGatewayAttachments")
    return {**route, "transitGatewayAttachments": [ends]} if isinstance(ends, dict) else route
