"""What a security group lets in depends on who calls: a caller that nobody placed is no member of any group, for all we know."""

from __future__ import annotations

from typing import Any

import pytest
from harness import ACCOUNT, IDENTITY, NOW, REGION

from nephoscope.knowledge.view import Evidence
from nephoscope.models import Fact, Problem, ResourceRef
from nephoscope_aws.analyzers.reach.ends import Instance
from nephoscope_aws.analyzers.reach.guards import group_in
from nephoscope_aws.analyzers.reach.sight import Sight, refer
from nephoscope_aws.network.intervals import Intervals
from nephoscope_aws.network.traffic import ANYWHERE, NEARBY, Peer, Traffic

HOST = ResourceRef(cloud="aws", kind="compute.instance", native_type="ec2:instance", native_id="i-1", account=ACCOUNT, region=REGION, name="db-1")
GROUP = refer("ec2:security-group", "sg-db", HOST)
MEMBERS: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "UserIdGroupPairs": [{"GroupId": "sg-app"}]}
BLOCK: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
APP, OTHER = (Peer.at("10.0.1.5", groups=frozenset({group}), label="app-1") for group in ("sg-app", "sg-other"))


def sight(rules: list[dict[str, Any]]) -> Sight:
    known = {(HOST, "security_groups"): [{"GroupId": "sg-db"}], (HOST, "interfaces"): [], (GROUP, "ingress"): rules, (GROUP, "name"): "db"}
    facts = [
        Fact(
            id=f"{ref.native_id}#{name}", subject=ref, attribute=name, value=value, grounding="exact", calls=("s1.c1",), pointer="",
            identity=IDENTITY, observed_at=NOW,
        )
        for (ref, name), value in known.items()
    ]  # fmt: skip
    return Sight(Evidence(problem=Problem(text="", symptom="timeout", now=NOW), facts=facts, identities=[IDENTITY]))


@pytest.mark.parametrize(
    ("rules", "peer", "state"),
    [
        ([MEMBERS], APP, "open"),
        ([MEMBERS], OTHER, "blocked"),
        ([MEMBERS], NEARBY, "unknown"),
        ([MEMBERS], ANYWHERE, "unknown"),
        ([BLOCK], NEARBY, "open"),
        ([MEMBERS, BLOCK], NEARBY, "open"),
        ([], NEARBY, "blocked"),
    ],
)
def test_a_rule_for_members_says_nothing_of_a_caller_nobody_placed(rules: list[dict[str, Any]], peer: Peer, state: str) -> None:
    outcome = group_in(Instance(HOST), lambda _: peer).judge(sight(rules), Traffic(Intervals.of((5432, 5432)), each=True))
    assert outcome.state == state, outcome
