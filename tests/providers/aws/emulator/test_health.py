"""Health of targets: who is not let in cannot check."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Client = Callable[[str], Any]
NEAR, FAR = "10.6.1.0/24", "10.6.2.0/24"


def checked(client: Client, kind: str, source: dict[str, Any], port: int = 8080, **group: Any) -> dict[str, Any]:
    """The health of a machine in the first of two zones, whose security group opens a port to somebody."""
    ec2, balancers = client("ec2"), client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.6.0.0/16")["Vpc"]["VpcId"]
    rooms = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=f"eu-west-1{zone}")["Subnet"]["SubnetId"]
        for block, zone in ((NEAR, "a"), (FAR, "b"))
    ]
    door, own = (ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"] for name in ("door", "own"))
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **(source or {"UserIdGroupPairs": [{"GroupId": door}]})}
    ec2.authorize_security_group_ingress(GroupId=own, IpPermissions=[rule])
    machine = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, SubnetId=rooms[0], SecurityGroupIds=[own])["Instances"][0]
    with_groups = {"SecurityGroups": [door]} if kind == "application" else {}
    balancer = balancers.create_load_balancer(Name="front", Type=kind, Subnets=rooms, **with_groups)["LoadBalancers"][0]["LoadBalancerArn"]
    protocol = "HTTP" if kind == "application" else "TCP"
    target = balancers.create_target_group(Name="app", Protocol=protocol, Port=8080, VpcId=vpc, **group)["TargetGroups"][0]["TargetGroupArn"]
    balancers.register_targets(TargetGroupArn=target, Targets=[{"Id": machine["InstanceId"]}])
    forward = [{"Type": "forward", "TargetGroupArn": target}]
    balancers.create_listener(LoadBalancerArn=balancer, Protocol=protocol, Port=80, DefaultActions=forward)
    health: dict[str, Any] = balancers.describe_target_health(TargetGroupArn=target)["TargetHealthDescriptions"][0]["TargetHealth"]
    return health


@pytest.mark.parametrize(
    ("kind", "source", "port", "group", "state"),
    [
        ("application", {}, 8080, {}, "healthy"),
        ("application", {}, 80, {}, "unhealthy"),  # the balancer's own port says nothing of the target's
        ("application", {"IpRanges": [{"CidrIp": FAR}]}, 8080, {}, "healthy"),  # one of its nodes gets through
        ("application", {"IpRanges": [{"CidrIp": "192.168.0.0/16"}]}, 8080, {}, "unhealthy"),
        ("network", {"IpRanges": [{"CidrIp": NEAR}]}, 8080, {}, "healthy"),
        ("network", {"IpRanges": [{"CidrIp": FAR}]}, 8080, {}, "unhealthy"),  # its own zone's node is the one that asks
        ("network", {"IpRanges": [{"CidrIp": NEAR}]}, 8080, {"HealthCheckPort": "9000"}, "unhealthy"),
        ("network", {"IpRanges": [{"CidrIp": NEAR}]}, 9000, {"HealthCheckPort": "9000"}, "healthy"),
    ],
)
def test_a_check_that_nobody_lets_in_fails(client: Client, kind: str, source: Any, port: int, group: Any, state: str) -> None:
    health = checked(client, kind, source, port, **group)
    reason = {"application": "Target.Timeout", "network": "Target.FailedHealthChecks"}[kind] if state == "unhealthy" else None
    assert (health["State"], health.get("Reason")) == (state, reason)
