"""Whose field a change is: names and references by which a diagnosis can show that it means it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from nephoscope_suite_aws.mutators import NAMES, Mutant, Step

_REFERENCES = re.compile(r"\$\{[\w.]+\}")
_BLOCK = re.compile(r"[\d.]+/\d+")
_OWN = {"ec2:RunInstances": "Instances.0.InstanceId", "ec2:CreateVpc": "Vpc.VpcId", "ec2:CreateSubnet": "Subnet.SubnetId",
        "ec2:CreateSecurityGroup": "GroupId", "ec2:CreateRouteTable": "RouteTable.RouteTableId", "ec2:CreateNatGateway": "NatGateway.NatGatewayId",
        "ec2:CreateInternetGateway": "InternetGateway.InternetGatewayId", "ec2:CreateVpcEndpoint": "VpcEndpoint.VpcEndpointId",
        "ec2:CreateNetworkAcl": "NetworkAcl.NetworkAclId", "ec2:CreateVpcPeeringConnection": "VpcPeeringConnection.VpcPeeringConnectionId",
        "elbv2:CreateLoadBalancer": "LoadBalancers.0.LoadBalancerArn", "elbv2:CreateTargetGroup": "TargetGroups.0.TargetGroupArn",
        "iam:CreatePolicy": "Policy.Arn", "kms:CreateKey": "KeyMetadata.KeyId"}  # fmt: skip
"""Where a reply holds the identifier of what was made."""
_NAMED = (*NAMES, "QueueName", "TopicArn", "SecretId", "StateMachineName", "DBSubnetGroupName")
_MAKING = ("Create", "Run", "Allocate")


def touched(mutant: Mutant, blamed: Iterable[str]) -> Iterator[str]:
    """The changed thing, what the changed field said before and says now; of what was left out, whatever it joined; what is in the way."""
    step = mutant.touched
    whole = mutant.how == "left out" and "." not in mutant.field
    told = list(_thing(step))
    if whole or not step["do"].partition(":")[2].startswith(_MAKING):
        told += _ends(step.get("params", {}))
    if mutant.changed is not None:
        told += _difference(step.get("params", {}), mutant.changed.get("params", {}))
    told += [one for name in sorted(blamed) for one in _named(mutant.steps, name)]
    yield from dict.fromkeys(one for one in told if len(one) > 2 and one not in ("${account}", "${region}"))


def _named(steps: Iterable[Step], name: str) -> Iterator[str]:
    """A step's own name stands for what it made."""
    made = [one for one in steps if one.get("as") == name]
    yield from (one for step in made for one in _thing(step))
    if not made and not name.startswith("#"):
        yield name


def _thing(step: Step) -> Iterator[str]:
    """What the step made or is about."""
    if step.get("as"):
        path = _OWN.get(step["do"])
        yield f"${{{step['as']}.{path}}}" if path else f"${{{step['as']}}}"
    params = {} if step["do"].startswith("ec2:") else step.get("params", {})
    yield from (str(params[key]) for key in _NAMED if isinstance(params.get(key), str))


def _ends(params: Any) -> Iterator[str]:
    """References and names directly in the parameters: the two things that a joining step joins."""
    for value in params.values():
        if isinstance(value, str) and (_REFERENCES.fullmatch(value) or value.startswith("arn:")):
            yield value


def _difference(before: Any, after: Any) -> Iterator[str]:
    """Texts that stand on one side only."""
    old, new = set(_texts(before)), set(_texts(after))
    for one in sorted(old ^ new):
        if one.startswith(("arn:", "${")) or (_BLOCK.fullmatch(one) and not one.endswith("/0")):
            yield one


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for member in value.values():
            yield from _texts(member)
    elif isinstance(value, list):
        for member in value:
            yield from _texts(member)
    elif isinstance(value, str):
        if value.startswith("{") and '"Statement"' in value:
            yield from _texts(json.loads(value))
        else:
            yield value
