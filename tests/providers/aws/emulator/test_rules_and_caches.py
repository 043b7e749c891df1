"""Rules of a listener that change places, and caches that say what they carry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[[str], Any]


def test_rules_of_one_request_may_change_places_and_others_keep_theirs(client: Client) -> None:
    ec2, balancers = client("ec2"), client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    rooms = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"eu-west-1{zone}")["Subnet"]["SubnetId"]
        for number, zone in enumerate("ab")
    ]
    balancer = balancers.create_load_balancer(Name="front", Subnets=rooms)["LoadBalancers"][0]["LoadBalancerArn"]
    answer = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
    listener = balancers.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=answer)["Listeners"][0]["ListenerArn"]
    first, second, third = (
        balancers.create_rule(ListenerArn=listener, Priority=place, Conditions=[{"Field": "path-pattern", "Values": [f"/{place}"]}], Actions=answer)[
            "Rules"
        ][0]["RuleArn"]
        for place in (10, 20, 30)
    )

    def places() -> list[str]:
        held = {one["RuleArn"]: one["Priority"] for one in balancers.describe_rules(ListenerArn=listener)["Rules"]}
        return [held[one] for one in (first, second, third)]

    balancers.set_rule_priorities(RulePriorities=[{"RuleArn": first, "Priority": 20}, {"RuleArn": second, "Priority": 10}])
    assert places() == ["20", "10", "30"]
    with pytest.raises(ClientError, match="PriorityInUse"):
        balancers.set_rule_priorities(RulePriorities=[{"RuleArn": first, "Priority": 30}])
    assert places() == ["20", "10", "30"]


def test_a_cache_says_which_groups_it_carries(client: Client) -> None:
    caches = client("elasticache")
    caches.create_cache_cluster(CacheClusterId="c", Engine="redis", CacheNodeType="cache.t3.micro", NumCacheNodes=1, SecurityGroupIds=["sg-1"])
    assert caches.describe_cache_clusters()["CacheClusters"][0]["SecurityGroups"] == [{"SecurityGroupId": "sg-1", "Status": "active"}]
