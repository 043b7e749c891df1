"""Transit gateways: one table at a time for each attachment, what it propagates, and routes that give way to others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[[str], Any]
PLAIN = {"DefaultRouteTableAssociation": "disable", "DefaultRouteTablePropagation": "disable"}


def attached(ec2: Any, options: dict[str, str]) -> tuple[str, str]:
    """A gateway and the attachment of a network to it."""
    gateway = ec2.create_transit_gateway(Options=options)["TransitGateway"]["TransitGatewayId"]
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24")["Subnet"]["SubnetId"]
    made = ec2.create_transit_gateway_vpc_attachment(TransitGatewayId=gateway, VpcId=vpc, SubnetIds=[subnet])["TransitGatewayVpcAttachment"]
    return gateway, made["TransitGatewayAttachmentId"]


def held_by(ec2: Any, attachment: str) -> str | None:
    told = ec2.describe_transit_gateway_attachments(TransitGatewayAttachmentIds=[attachment])["TransitGatewayAttachments"][0]
    return (told.get("Association") or {}).get("TransitGatewayRouteTableId")


def routes(ec2: Any, table: str, *states: str) -> dict[str, tuple[str, str]]:
    told = ec2.search_transit_gateway_routes(
        TransitGatewayRouteTableId=table, Filters=[{"Name": "state", "Values": list(states) or ["active", "blackhole"]}]
    )
    return {one["DestinationCidrBlock"]: (one["Type"], one["State"]) for one in told["Routes"]}


def test_a_gateway_with_defaults_associates_and_propagates_by_itself(client: Client) -> None:
    ec2 = client("ec2")
    _, attachment = attached(ec2, {})
    default = ec2.describe_transit_gateway_route_tables()["TransitGatewayRouteTables"][0]["TransitGatewayRouteTableId"]
    assert held_by(ec2, attachment) == default
    assert routes(ec2, default) == {"10.7.0.0/16": ("propagated", "active")}


def test_without_defaults_nothing_is_associated_until_somebody_does_it(client: Client) -> None:
    ec2 = client("ec2")
    gateway, attachment = attached(ec2, PLAIN)
    assert not ec2.describe_transit_gateway_route_tables()["TransitGatewayRouteTables"]
    assert held_by(ec2, attachment) is None
    tables = [
        ec2.create_transit_gateway_route_table(TransitGatewayId=gateway)["TransitGatewayRouteTable"]["TransitGatewayRouteTableId"] for _ in "ab"
    ]
    for table in tables:
        ec2.associate_transit_gateway_route_table(TransitGatewayAttachmentId=attachment, TransitGatewayRouteTableId=table)
        assert held_by(ec2, attachment) == table
    ec2.disassociate_transit_gateway_route_table(TransitGatewayAttachmentId=attachment, TransitGatewayRouteTableId=tables[1])
    assert held_by(ec2, attachment) is None


def test_a_static_route_goes_before_a_propagated_one_and_is_replaced(client: Client) -> None:
    ec2 = client("ec2")
    gateway, attachment = attached(ec2, PLAIN)
    table = ec2.create_transit_gateway_route_table(TransitGatewayId=gateway)["TransitGatewayRouteTable"]["TransitGatewayRouteTableId"]
    ec2.enable_transit_gateway_route_table_propagation(TransitGatewayAttachmentId=attachment, TransitGatewayRouteTableId=table)
    where = {"TransitGatewayRouteTableId": table, "DestinationCidrBlock": "10.7.0.0/16"}
    with pytest.raises(ClientError, match=r"InvalidRoute\.NotFound"):
        ec2.replace_transit_gateway_route(**where, TransitGatewayAttachmentId=attachment)
    ec2.create_transit_gateway_route(**where, Blackhole=True)
    assert routes(ec2, table) == {"10.7.0.0/16": ("static", "blackhole")}
    assert not routes(ec2, table, "active")
    ec2.replace_transit_gateway_route(**where, TransitGatewayAttachmentId=attachment)
    told = ec2.search_transit_gateway_routes(TransitGatewayRouteTableId=table, Filters=[{"Name": "state", "Values": ["active"]}])["Routes"]
    assert [one["TransitGatewayAttachments"][0]["TransitGatewayAttachmentId"] for one in told] == [attachment]
