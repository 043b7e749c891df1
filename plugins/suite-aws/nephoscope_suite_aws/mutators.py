"""One-field changes of a seeded account: what people do by mistake, without knowing what it means."""

from __future__ import annotations

import copy
import ipaddress
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Step = dict[str, Any]
_SKIPPED = frozenset(
    """TagSpecifications Description DBSubnetGroupDescription DBSubnetGroupName GroupName ImageId MinCount MaxCount InstanceType Runtime Handler Code
    DBInstanceClass AllocatedStorage MasterUsername MasterUserPassword SecretString KeySchema AttributeDefinitions BillingMode Version Sid Tagging
    AvailabilityZone Engine FunctionName TableName Bucket RoleName UserName PolicyName QueueName Name DBInstanceIdentifier CreateBucketConfiguration
    InstanceProfileName LocationConstraint Domain TagSet VpcEndpointType SSEAlgorithm TargetType""".split()
)
"""Names, sizes and words: whoever changes these has another thing, not a fault."""
_SWAPS = {
    "allow": "deny", "Allow": "Deny", "Deny": "Allow", "tcp": "udp", "-1": "tcp", "6": "17", "HTTP": "HTTPS",
    "internet-facing": "internal", "internal": "internet-facing", "s3:ObjectCreated:*": "s3:ObjectRemoved:*", "ENABLED": "DISABLED",
}  # fmt: skip
_REFERENCE = re.compile(r"\$\{(\w+)\.([\w.]+)\}\Z")
_DOCUMENTS = ("PolicyDocument", "AssumeRolePolicyDocument", "Policy", "ResourcePolicy")


@dataclass(frozen=True)
class Mutant:
    """A changed list of steps. ``field``: the operation and path of what was changed; ``touched``: the step that tells whose field it is."""

    field: str
    how: str
    steps: tuple[Step, ...]
    touched: Step
    changed: Step | None = None
    """The step as it is now, where it is still there."""


def mutants(steps: Sequence[Step]) -> Iterator[Mutant]:
    """Every one-field change, in the order of the steps."""
    for place, step in enumerate(steps):
        yield from _dropped(steps, place)
        siblings = _siblings(steps, place)
        for path, how, params in _changed(step.get("params", {}), siblings, ()):
            made = {**step, "params": params}
            yield Mutant(f"{step['do']}.{'.'.join(path)}", how, (*steps[:place], made, *steps[place + 1 :]), step, made)
        yield from _later(steps, step)


NAMES = ["RoleName", "UserName", "GroupName", "Bucket", "TableName", "FunctionName", "Name", "InstanceProfileName", "DBInstanceIdentifier"]


def near(steps: Sequence[Step], words: str) -> list[Step]:
    """The steps that build what the words name, what that refers to, and what is said about any of it: the others are bystanders."""
    names = set(re.findall(r"[\w-]{3,}", words))
    kept: list[Step] = []
    grown = True
    while grown:
        grown = False
        for step in steps:
            told = json.dumps(step.get("params", {}))
            if step not in kept and (step.get("as") in names or names & set(re.findall(r"[\w-]{2,}", told))):
                kept.append(step)
                grown = True
                names |= set(re.findall(r"\$\{(\w+)\.", told)) | {step.get("as", "it")}
                names |= {str(step["params"][key]) for key in NAMES if key in step.get("params", {}) and not step["do"].startswith("ec2:")}
        names -= {one.get("as", "") for one in steps if one["do"] == "ec2:CreateVpc"} | {"account", "region"}
    return kept


def _dropped(steps: Sequence[Step], place: int) -> Iterator[Mutant]:
    step = steps[place]
    name = step.get("as")
    if step["do"].split(":")[1].startswith("Describe") or (name and re.search(rf"\$\{{{name}[.}}]", json.dumps(steps[place + 1 :]))):
        return
    yield Mutant(step["do"], "left out", (*steps[:place], *steps[place + 1 :]), step)


def _siblings(steps: Sequence[Step], place: int) -> dict[str, list[str]]:
    """Other things of the same kind that exist by then: operation → names."""
    found: dict[str, list[str]] = {}
    for step in steps[:place]:
        if "as" in step:
            found.setdefault(step["do"], []).append(step["as"])
    return {name: names for names in found.values() for name in names}


Path = tuple[str, ...]


def _changed(value: Any, siblings: Mapping[str, list[str]], path: Path) -> Iterator[tuple[Path, str, Any]]:
    if isinstance(value, dict):
        yield from _members(value, siblings, path)
        if {"FromPort", "ToPort"} <= value.keys():
            yield (*path, "Ports"), "both shifted", {**value, "FromPort": value["FromPort"] + 1, "ToPort": value["ToPort"] + 1}
    elif isinstance(value, list):
        for index, member in enumerate(value):
            if len(value) > 1:
                yield path, f"without {index}", [*value[:index], *value[index + 1 :]]
            for where, how, made in _changed(member, siblings, (*path, str(index))):
                yield where, how, [*value[:index], made, *value[index + 1 :]]
    else:
        for how, made in _leaf(value, siblings):
            yield path, how, made


def _members(value: dict[str, Any], siblings: Mapping[str, list[str]], path: Path) -> Iterator[tuple[Path, str, Any]]:
    for key, member in value.items():
        if key in _SKIPPED:
            continue
        if key in _DOCUMENTS and isinstance(member, str):
            for where, how, made in _document(json.loads(member), (*path, key)):
                yield where, how, {**value, key: json.dumps(made)}
            continue
        for where, how, made in _changed(member, siblings, (*path, key)):
            yield where, how, {**value, key: made}


def _leaf(value: Any, siblings: Mapping[str, list[str]]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, bool):
        yield "flipped", not value
    elif isinstance(value, int):
        yield "shifted", value + 1
    elif isinstance(value, str):
        if value in _SWAPS:
            yield "swapped", _SWAPS[value]
        reference = _REFERENCE.match(value)
        if reference:
            for other in siblings.get(reference[1], ()):
                if other != reference[1]:
                    yield f"redirected to {other}", f"${{{other}.{reference[2]}}}"
        elif "/" in value and (moved := _moved(value)):
            yield "moved", moved
        elif value.startswith("arn:"):
            yield "misspelt", re.sub(r"(\w)(\W*)\Z", r"\1\1\2", value)
        elif value.endswith(".amazonaws.com"):
            yield "another service", "batch.amazonaws.com"


def _moved(block: str) -> str:
    """The neighbouring block of the same size; of everything, one block of documentation addresses."""
    try:
        network = ipaddress.ip_network(block)
    except ValueError:
        return ""
    if network.prefixlen == 0:
        return "198.51.100.0/24"
    return str(ipaddress.ip_network((int(network.network_address) ^ (1 << (32 - network.prefixlen)), network.prefixlen)))


def _document(document: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    """A policy's statements, changed in one member."""
    statements = document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]
    for index, statement in enumerate(statements):
        for key, how, made in _statement(statement):
            changed = copy.deepcopy(statements)
            changed[index] = made
            yield (*path, "Statement", str(index), key), how, {**document, "Statement": changed}
        if len(statements) > 1:
            yield (*path, "Statement", str(index)), "left out", {**document, "Statement": [*statements[:index], *statements[index + 1 :]]}


def _statement(statement: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    yield "Effect", "swapped", {**statement, "Effect": _SWAPS[statement["Effect"]]}
    for key in ("Action", "Resource"):
        values = statement.get(key)
        if values is None:
            continue
        listed = values if isinstance(values, list) else [values]
        for index, value in enumerate(listed):
            for how, made in _strings(key, value):
                yield key, how, {**statement, key: [*listed[:index], made, *listed[index + 1 :]]}
    if "Principal" in statement:
        yield "Principal", "another account", {**statement, "Principal": {"AWS": "arn:aws:iam::210987654321:root"}}
        yield "Principal", "another service", {**statement, "Principal": {"Service": "batch.amazonaws.com"}}
    if "Condition" in statement:
        yield "Condition", "left out", {key: value for key, value in statement.items() if key != "Condition"}
    else:
        yield "Condition", "other organisation", {**statement, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-elsewhere00"}}}
        yield "Condition", "other caller", {**statement, "Condition": {"ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/nobody"}}}


def _strings(key: str, value: str) -> Iterator[tuple[str, str]]:
    if key == "Action":
        yield "other service", "glacier:ListVaults"
        if ":" in value and not value.endswith("*"):
            yield "misspelt", value[:-1]
    elif value == "*":
        yield "another thing", "arn:aws:s3:::somebody-elses/*"
    else:
        yield "misspelt", re.sub(r"(\w)(\W*)\Z", r"\1\1\2", value)
        if value.endswith("/*"):
            yield "without its members", value.removesuffix("/*")


_LATER: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "ec2:RunInstances": [("ec2:StopInstances", {"InstanceIds": ["${it.Instances.0.InstanceId}"]}),
                         ("ec2:TerminateInstances", {"InstanceIds": ["${it.Instances.0.InstanceId}"]})],
    "ec2:CreateNatGateway": [("ec2:DeleteNatGateway", {"NatGatewayId": "${it.NatGateway.NatGatewayId}"})],
    "ec2:CreateVpcPeeringConnection": [("ec2:DeleteVpcPeeringConnection", {"VpcPeeringConnectionId": "${it.VpcPeeringConnection.VpcPeeringConnectionId}"})],  # noqa: E501
    "ec2:CreateVpcEndpoint": [("ec2:DeleteVpcEndpoints", {"VpcEndpointIds": ["${it.VpcEndpoint.VpcEndpointId}"]})],
    "ec2:CreateSecurityGroup": [("ec2:RevokeSecurityGroupEgress", {"GroupId": "${it.GroupId}", "IpPermissions": [
        {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]})],
    "elbv2:CreateLoadBalancer": [("elbv2:DeleteLoadBalancer", {"LoadBalancerArn": "${it.LoadBalancers.0.LoadBalancerArn}"})],
    "kms:CreateKey": [("kms:DisableKey", {"KeyId": "${it.KeyMetadata.KeyId}"}),
                      ("kms:ScheduleKeyDeletion", {"KeyId": "${it.KeyMetadata.KeyId}", "PendingWindowInDays": 7})],
    "secretsmanager:CreateSecret": [("secretsmanager:DeleteSecret", {"SecretId": "{Name}"})],
    "s3:CreateBucket": [("s3:PutBucketPolicy", {"Bucket": "{Bucket}", "Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": ["arn:aws:s3:::{Bucket}", "arn:aws:s3:::{Bucket}/*"]}]})}),
                        ("s3:DeleteBucket", {"Bucket": "{Bucket}"})],
    "sqs:CreateQueue": [("sqs:DeleteQueue", {"QueueUrl": "${it.QueueUrl}"})],
    "sns:CreateTopic": [("sns:DeleteTopic", {"TopicArn": "${it.TopicArn}"})],
    "lambda:CreateFunction": [("lambda:DeleteFunction", {"FunctionName": "{FunctionName}"}),
                              ("lambda:PutFunctionConcurrency", {"FunctionName": "{FunctionName}", "ReservedConcurrentExecutions": 0})],
    "events:PutRule": [("events:DisableRule", {"Name": "{Name}"})],
    "iam:CreateRole": [("iam:PutRolePolicy", {"RoleName": "{RoleName}", "PolicyName": "guard", "PolicyDocument": json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})})],
    "iam:CreateUser": [("iam:PutUserPolicy", {"UserName": "{UserName}", "PolicyName": "guard", "PolicyDocument": json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})})],
    "rds:CreateDBInstance": [("rds:StopDBInstance", {"DBInstanceIdentifier": "{DBInstanceIdentifier}"}),
                             ("rds:DeleteDBInstance", {"DBInstanceIdentifier": "{DBInstanceIdentifier}", "SkipFinalSnapshot": True}),
                             ("rds:ModifyDBInstance", {"DBInstanceIdentifier": "{DBInstanceIdentifier}", "PubliclyAccessible": False, "ApplyImmediately": True})],  # noqa: E501
}  # fmt: skip
"""What is done to things after they were made: switched off, deleted, closed."""


def _later(steps: Sequence[Step], step: Step) -> Iterator[Mutant]:
    for operation, params in _LATER.get(step["do"], ()):
        name = step.get("as", "it")
        text = re.sub(r"\$\{it\.", f"${{{name}.", json.dumps(params))
        for key, value in step.get("params", {}).items():
            if isinstance(value, str):
                text = text.replace(f"{{{key}}}", value)
        made = [{**one, "as": name} if one is step else one for one in steps]
        last = {"do": operation, "params": json.loads(text)}
        yield Mutant(step["do"], operation, (*made, last), step | {"as": name})
