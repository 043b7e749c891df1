"""Routes, gateways, balancers, and the walk along a path."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope_aws.network import balancers, gateways, routes
from nephoscope_aws.network.intervals import Intervals
from nephoscope_aws.network.path import Hop, trace
from nephoscope_aws.network.traffic import EVERYONE, Peer, Traffic

BLOCKS = ["0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3/32", "192.0.2.0/24"]


def route(block: str, **target: str) -> dict[str, Any]:
    return {"DestinationCidrBlock": block, "State": "active", **(target or {"GatewayId": f"igw-{block}"})}


@given(st.lists(st.sampled_from(BLOCKS), unique=True), st.sampled_from(["10.1.2.3", "10.1.2.4", "10.1.9.9", "10.9.9.9", "192.0.2.7", "8.8.8.8"]))
def test_the_longest_prefix_carries_the_packet(blocks: list[str], address: str) -> None:
    fitting = [block for block in blocks if ipaddress.ip_address(address) in ipaddress.ip_network(block)]
    longest = max(fitting, key=lambda block: ipaddress.ip_network(block).prefixlen, default=None)
    found = routes.lookup([route(block) for block in blocks], Peer.at(address))
    assert found.target == (f"igw-{longest}" if longest else "")
    assert found.covered == (1 if longest else 0)


def test_two_halves_carry_the_internet_and_one_does_not() -> None:
    halves = [route("0.0.0.0/1", GatewayId="igw-1"), route("128.0.0.0/1", GatewayId="igw-1")]
    assert routes.lookup(halves, EVERYONE).target == "igw-1"
    assert routes.lookup(halves[:1], EVERYONE).route is None


def test_a_default_route_carries_the_internet_beside_small_exceptions() -> None:
    table = [route("0.0.0.0/0", NatGatewayId="nat-1"), route("198.51.100.0/24", GatewayId="vgw-1"), route("10.0.0.0/16", GatewayId="local")]
    assert routes.lookup(table, EVERYONE).target == "nat-1"
    assert routes.lookup(table, Peer.at("198.51.100.1")).target == "vgw-1"


def test_blackholes_are_seen() -> None:
    gone = {**route("0.0.0.0/0", NatGatewayId="nat-1"), "State": "blackhole"}
    assert routes.lookup([gone], EVERYONE).blackhole
    assert not routes.lookup([], EVERYONE).blackhole


def table(key: str, *subnets: str, main: bool = False, target: str = "") -> dict[str, Any]:
    held: list[dict[str, Any]] = [{"SubnetId": subnet, "Main": False} for subnet in subnets]
    own = [gateways.default_route(target)] if target else []
    return {"RouteTableId": key, "Associations": [*held, *([{"Main": True}] if main else [])], "Routes": own}


def test_a_subnet_uses_its_own_table_else_the_main_one() -> None:
    main, own = table("rtb-main", main=True), table("rtb-own", "subnet-1")
    assert routes.table_of("subnet-1", [main, own]) == (own, True)
    assert routes.table_of("subnet-2", [main, own]) == (main, False)
    assert routes.table_of("subnet-2", [own]) == (None, False)


@pytest.mark.parametrize(
    ("mine", "explicit", "better", "expected"),
    [
        (table("rtb-a", "subnet-1"), True, [], False),
        (table("rtb-a", "subnet-1"), True, [table("rtb-b", "subnet-2", target="igw-1")], False),
        (table("rtb-a", "subnet-1"), True, [table("rtb-b", target="igw-1")], True),
        (table("rtb-a", "subnet-1", "subnet-3"), True, [table("rtb-b", "subnet-2", target="igw-1")], True),
        (table("rtb-a", "subnet-1", target="nat-1"), True, [table("rtb-b", "subnet-2", target="igw-1")], True),
        (table("rtb-a", main=True), False, [table("rtb-b", "subnet-2", target="igw-1")], True),
    ],
)
def test_a_subnet_is_misplaced_only_when_signs_say_so(mine: dict[str, Any], explicit: bool, better: list[dict[str, Any]], expected: bool) -> None:
    assert gateways.misplaced(mine, explicit, better, routes.lookup(mine["Routes"], EVERYONE)) is expected


def test_only_attached_gateways_lead_to_the_internet() -> None:
    straight, by_nat = table("rtb-a", target="igw-1"), table("rtb-b", target="nat-1")
    assert gateways.tables_to_internet([straight, by_nat], ["igw-1"]) == [straight]
    assert gateways.tables_to_internet([straight, by_nat], ["igw-2"]) == []


@pytest.mark.parametrize(
    ("target", "kind"),
    [("local", "local"), ("igw-1", "internet"), ("nat-1", "nat"), ("pcx-1", "peering"), ("tgw-1", "transit"), ("i-1", "host"), ("vgw-1", "other")],
)
def test_targets_tell_what_they_are(target: str, kind: str) -> None:
    assert gateways.kind_of(target) == kind


def test_forwarding_leaves_out_groups_without_weight() -> None:
    weighted = {"TargetGroups": [{"TargetGroupArn": "a", "Weight": 0}, {"TargetGroupArn": "b", "Weight": 1}]}
    assert balancers.forwarding([{"Type": "forward", "ForwardConfig": weighted}]) == ["b"]
    assert balancers.forwarding([{"Type": "forward", "TargetGroupArn": "a"}]) == ["a"]
    assert balancers.answers_itself([{"Type": "redirect"}])
    assert not balancers.answers_itself([])


API = {"Priority": "10", "Conditions": [{"Field": "path-pattern", "Values": ["/api/*"]}], "Actions": [{"Type": "forward", "TargetGroupArn": "api"}]}
SHOP = {
    "Priority": "9", "Conditions": [{"Field": "host-header", "HostHeaderConfig": {"Values": ["shop.*"]}}],
    "Actions": [{"Type": "forward", "TargetGroupArn": "shop"}],
}  # fmt: skip
BETA = {"Priority": "2", "Conditions": [{"Field": "http-header"}], "Actions": [{"Type": "forward", "TargetGroupArn": "beta"}]}
REST = {"Priority": "default", "Conditions": [], "Actions": [{"Type": "forward", "TargetGroupArn": "rest"}]}


@pytest.mark.parametrize(
    ("path", "host", "groups"),
    [
        ("/api", "", ["beta", "shop", "api"]),
        ("/api/orders", "www.acme.example", ["beta", "api"]),
        ("/apis", "www.acme.example", ["beta", "rest"]),
        ("/", "SHOP.acme.example", ["beta", "shop"]),
        ("/", "", ["beta", "shop", "rest"]),
        ("", "", ["beta", "shop", "api", "rest"]),
    ],
)
def test_a_request_meets_the_first_rule_that_surely_takes_it_and_perhaps_those_before(path: str, host: str, groups: list[str]) -> None:
    met = balancers.routed([REST, API, SHOP, BETA], path, host)
    assert [key for actions in met for key in balancers.forwarding(actions)] == groups


def test_targets_on_their_way_out_do_not_count() -> None:
    targets = [{"Target": {"Id": "i-1"}, "TargetHealth": {"State": state}} for state in ("healthy", "unhealthy", "draining", "initial")]
    assert len(balancers.active(targets)) == 3
    assert [item["TargetHealth"]["State"] for item in balancers.sick(balancers.active(targets))] == ["unhealthy"]
    assert balancers.port_of({"Target": {"Id": "i-1", "Port": 81}}, 80) == 81
    assert balancers.port_of({"Target": {"Id": "i-1"}}, 80) == 80


def hop(name: str, passing: Intervals | None = None) -> Any:
    def judge(traffic: Traffic) -> Hop[str]:
        left = traffic.ports if passing is None else traffic.ports & passing
        return Hop(name, "open" if left else "blocked", "", name, passing=traffic.narrowed(left))

    return judge


def test_ports_that_one_hop_holds_back_do_not_reach_the_next() -> None:
    hops = trace([hop("a", Intervals.of((80, 443))), hop("b", Intervals.of((22, 22))), hop("c")], Traffic())
    assert [one.state for one in hops] == ["open", "blocked", "open"]
