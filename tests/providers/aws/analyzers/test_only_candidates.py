"""A fix names what is to be taken only where one thing fits by its facts; where several do, or not all could be seen, it stays in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from harness import ACCOUNT, IDENTITY, NOW, REGION, known_facts

from nephoscope.knowledge.view import Evidence
from nephoscope.models import Gap, Problem, ResourceRef
from nephoscope_aws.analyzers.reach.ends import Balancer
from nephoscope_aws.analyzers.reach.sight import Sight, Unseen, refer
from nephoscope_aws.analyzers.reach.transit import Attachment, _leading
from nephoscope_aws.analyzers.reach.vacancies import machines
from nephoscope_aws.network.traffic import Peer

FRONT = ResourceRef(cloud="aws", kind="network.load_balancer", native_type="elbv2:load-balancer", native_id="front", account=ACCOUNT, region=REGION)
GROUP, VPC = refer("elbv2:target-group", "app", FRONT), refer("ec2:vpc", "vpc-1", FRONT)
HUB = refer("ec2:vpc", "vpc-hub", FRONT)
OWN = Attachment(refer("ec2:transit-gateway-attachment", "tgw-attach-1", FRONT), "tgw-1", own=True)
GATEWAY = refer("ec2:transit-gateway", "tgw-1", FRONT)
TO_HUB = {"DestinationCidrBlock": "10.9.0.0/16", "State": "active", "TransitGatewayAttachments": [{"ResourceId": "vpc-hub"}]}
DROPPED = {"DestinationCidrBlock": "10.9.0.0/16", "State": "blackhole"}
OPEN = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": [{"GroupId": "sg-door"}]}


def sight(known: Mapping[tuple[ResourceRef, str], Any], denied: Sequence[tuple[ResourceRef, str]] = ()) -> Sight:
    gaps = [Gap(subject=ref, attribute=name, what=f"{name} of {ref.label}", reason="access_denied") for ref, name in denied]
    return Sight(Evidence(Problem(text="", symptom="timeout", now=NOW), known_facts(dict(known)), gaps, [IDENTITY]))


@pytest.mark.parametrize(
    ("tables", "right"),
    [
        ({"tgw-rtb-1": [TO_HUB], "tgw-rtb-2": []}, "tgw-rtb-1"),
        ({"tgw-rtb-1": [TO_HUB], "tgw-rtb-2": [DROPPED]}, "tgw-rtb-1"),
        ({"tgw-rtb-1": [TO_HUB], "tgw-rtb-2": [TO_HUB]}, None),
        ({"tgw-rtb-1": []}, None),
        ({}, None),
    ],
)
def test_the_table_of_a_gateway_that_alone_leads_there(tables: dict[str, Any], right: str | None) -> None:
    known = {(refer("ec2:transit-gateway-route-table", key, FRONT), "routes"): routes for key, routes in tables.items()}
    found = _leading(sight({**known, (GATEWAY, "tables"): list(tables)}), OWN, HUB, Peer.at("10.9.0.0/16"))
    assert (found.native_id if found else None) == right


def test_tables_are_asked_for_and_done_without_where_they_are_denied() -> None:
    with pytest.raises(Unseen):
        _leading(sight({}), OWN, HUB, Peer.at("10.9.0.0/16"))
    assert _leading(sight({}, [(GATEWAY, "tables")]), OWN, HUB, Peer.at("10.9.0.0/16")) is None
    table = refer("ec2:transit-gateway-route-table", "tgw-rtb-1", FRONT)
    assert _leading(sight({(GATEWAY, "tables"): ["tgw-rtb-1"]}, [(table, "routes")]), OWN, HUB, Peer.at("10.9.0.0/16")) is None


def behind(group: Mapping[str, Any] = {}, rules: Mapping[str, Any] = {}, held: Mapping[str, Any] = {}) -> dict[tuple[ResourceRef, str], Any]:
    """An empty group behind a balancer; one machine carries a security group for it, another one does not."""
    known: dict[tuple[ResourceRef, str], Any] = {(FRONT, "target_groups"): ["app"], (FRONT, "security_groups"): ["sg-door"]}
    known |= {(GROUP, name): value for name, value in {"target_type": "instance", "port": 8080, "vpc": "vpc-1", **group}.items()}
    known[VPC, "instances"] = ["i-app", "i-db"]
    for key, name in (("i-app", "sg-app"), ("i-db", "sg-db")):
        row = {"state": "running", "security_groups": [{"GroupId": name}], "tags": [], **(held if key == "i-app" else {})}
        known |= {(refer("ec2:instance", key, FRONT), attribute): value for attribute, value in row.items()}
    opened = {"sg-app": [OPEN], "sg-db": [{**OPEN, "FromPort": 5432, "ToPort": 5432}], **rules}
    return known | {(refer("ec2:security-group", key, FRONT), "ingress"): value for key, value in opened.items()}


@pytest.mark.parametrize(
    ("known", "found"),
    [
        (behind(), ["i-app"]),
        (behind(rules={"sg-db": [OPEN]}), []),  # two kinds of machines let it in
        (behind(rules={"sg-app": [{**OPEN, "FromPort": 0, "ToPort": 65535}]}), []),  # whoever opens everything says nothing
        (behind(rules={"sg-app": [{**OPEN, "UserIdGroupPairs": [{"GroupId": "sg-other"}]}]}), []),
        (behind(held={"state": "stopped"}), []),
        (behind(held={"tags": [{"Key": "aws:autoscaling:groupName", "Value": "fleet"}]}), []),  # the group of machines registers them
        (behind(group={"target_type": "ip"}), []),
        (behind() | {(FRONT, "target_groups"): ["app", "api"]}, []),  # which of them it is for nobody says
    ],
)
def test_who_is_meant_to_answer(known: dict[tuple[ResourceRef, str], Any], found: list[str]) -> None:
    assert machines(sight(known), GROUP, Balancer(FRONT)) == found


def test_machines_that_may_not_be_listed_are_done_without() -> None:
    known = {place: value for place, value in behind().items() if place != (VPC, "instances")}
    with pytest.raises(Unseen):
        machines(sight(known), GROUP, Balancer(FRONT))
    assert machines(sight(known, [(VPC, "instances")]), GROUP, Balancer(FRONT)) == []
