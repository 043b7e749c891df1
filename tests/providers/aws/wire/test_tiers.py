"""The reviewed tables: every name exists, nothing that writes or gives out secrets is allowed, parameters are looked at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

import nephoscope_aws
from nephoscope.models import Call, Tier
from nephoscope_aws.permissions import permission
from nephoscope_aws.wire.models import service_model
from nephoscope_aws.wire.tiers import classify, tier_table

TABLES = sorted(path.stem for path in (Path(nephoscope_aws.__file__).parent / "tiers").glob("*.yaml"))
WANTED = """sts s3 lambda sqs sns events iam kms ec2 elbv2 rds dynamodb cloudwatch logs cloudtrail ecs ecr route53 acm apigateway
stepfunctions autoscaling secretsmanager ssm organizations kinesis s3control scheduler""".split()
WRITES = re.compile(
    """(Create|Delete|Put|Update|Tag|Untag|Modify|Attach|Detach|Add|Remove|Set|Enable|Disable|Associate|Disassociate|Register|Deregister|Reset|Accept
    |Reject|Copy|Import|Restore|Cancel|Send|Publish|Upload|Release|Allocate|Replace|Revoke|Authorize|Change|Complete|Abort|Rename|Subscribe|Unsubscribe
    |Confirm|Purchase|Run|Terminate|Reboot|Move|Activate|Deactivate|Execute|Failover|Receive|Purge|Promote|Invoke|Flush|Rotate|Submit|Schedule|Retire)[A-Z]""",
    re.VERBOSE,
)
READS = {Tier.IDENTITY, Tier.CONFIG, Tier.TELEMETRY, Tier.SHAPE, Tier.DATA}


def allowed(service: str) -> Iterator[tuple[str, Tier]]:
    table, model = tier_table(service), service_model(service)
    assert table is not None and model is not None
    for operation in model.operation_names:
        tier = table.tier(operation)
        if tier is not None:
            yield operation, tier


def test_the_services_people_have_trouble_with_are_reviewed() -> None:
    assert not set(WANTED) - set(TABLES)


@pytest.mark.parametrize("service", TABLES)
def test_every_name_and_pattern_is_real(service: str) -> None:
    table, model = tier_table(service), service_model(service)
    assert table is not None and table.service == service and model is not None
    names = [name for tier in table.tiers.values() for name in tier]
    assert len(names) == len(set(names)), "a name stands in two tiers"
    for name in names:
        assert any(fnmatchcase(operation, name) for operation in model.operation_names), f"{service} has no operation like {name}"
    for rule in table.rules:
        matching = [model.operation_model(each) for each in model.operation_names if fnmatchcase(each, rule["operation"])]
        assert any(each.input_shape and rule["param"] in each.input_shape.members for each in matching), rule
    assert set(table.targets) <= set(model.operation_names)


@pytest.mark.parametrize("service", TABLES)
def test_nothing_that_writes_is_a_read(service: str) -> None:
    assert not [operation for operation, tier in allowed(service) if tier in READS and WRITES.match(operation)]


@pytest.mark.parametrize("service", TABLES)
def test_what_the_sdk_calls_a_write_is_no_read(service: str) -> None:
    model = service_model(service)
    assert model is not None
    http = {operation: model.operation_model(operation).http["method"] for operation, tier in allowed(service) if tier in READS}
    if service == "s3":
        assert set(http.values()) <= {"GET", "HEAD"}
    assert not [operation for operation, method in http.items() if method in ("PUT", "DELETE", "PATCH")]


@pytest.mark.parametrize(
    ("name", "params", "tier"),
    [
        ("sts:GetCallerIdentity", {}, Tier.IDENTITY),
        ("s3:HeadObject", {}, Tier.CONFIG),
        ("s3:ListObjectsV2", {}, Tier.CONFIG),
        ("s3:HeadBucket", {}, Tier.CONFIG),
        ("s3:GetObject", {}, Tier.DATA),
        ("s3:PutObject", {}, Tier.MUTATION),
        ("lambda:Invoke", {}, Tier.MUTATION),
        ("lambda:Invoke", {"InvocationType": "DryRun"}, Tier.PROBE),
        ("lambda:Invoke", {"InvocationType": "Event"}, Tier.MUTATION),
        ("lambda:GetFunctionConfiguration", {}, Tier.CONFIG),
        ("sqs:ReceiveMessage", {}, Tier.MUTATION),
        ("dynamodb:Scan", {}, Tier.DATA),
        ("dynamodb:ExecuteStatement", {}, Tier.MUTATION),
        ("logs:FilterLogEvents", {}, Tier.TELEMETRY),
        ("logs:StartQuery", {}, Tier.QUERY),
        ("cloudwatch:GetMetricData", {}, Tier.TELEMETRY),
        ("ssm:GetParameter", {}, Tier.CONFIG),
        ("ssm:GetParameter", {"WithDecryption": False}, Tier.CONFIG),
        ("ssm:GetParameter", {"WithDecryption": True}, Tier.SECRET),
        ("ssm:GetParametersByPath", {"WithDecryption": True}, Tier.SECRET),
        ("secretsmanager:GetSecretValue", {}, Tier.SECRET),
        ("kms:Decrypt", {}, Tier.SECRET),
        ("kms:GenerateDataKey", {}, Tier.SECRET),
        ("ecr:GetAuthorizationToken", {}, Tier.SECRET),
        ("sts:GetSessionToken", {}, Tier.SECRET),
        ("sts:AssumeRole", {}, Tier.ROLE),
        ("ec2:GetPasswordData", {}, Tier.SECRET),
        ("ec2:GetPasswordData", {"DryRun": True}, Tier.SECRET),
        ("ec2:DescribeInstances", {"DryRun": True}, Tier.CONFIG),
        ("ec2:TerminateInstances", {"DryRun": True}, Tier.PROBE),
        ("ec2:TerminateInstances", {"DryRun": False}, Tier.MUTATION),
        ("ec2:TerminateInstances", {"DryRun": 1}, Tier.MUTATION),
        ("apigateway:GetApiKeys", {}, Tier.CONFIG),
        ("apigateway:GetApiKeys", {"includeValues": True}, Tier.SECRET),
        ("glue:GetTables", {}, Tier.MUTATION),
        ("s3:GetSomethingNew", {}, Tier.MUTATION),
        ("../s3:GetObject", {}, Tier.MUTATION),
    ],
)
def test_tiers(name: str, params: dict[str, Any], tier: Tier, call: Callable[..., Call]) -> None:
    judged = classify(call(name, params))
    assert judged.tier is tier
    assert judged.reason and judged.permission
    assert judged.verified is (tier is not Tier.MUTATION)


@pytest.mark.parametrize(
    ("service", "operation", "action"),
    [
        ("s3", "ListBuckets", "s3:ListAllMyBuckets"),
        ("s3", "GetBucketNotificationConfiguration", "s3:GetBucketNotification"),
        ("s3", "HeadObject", "s3:GetObject"),
        ("lambda", "GetPolicy", "lambda:GetPolicy"),
        ("elbv2", "DescribeTargetHealth", "elasticloadbalancing:DescribeTargetHealth"),
        ("stepfunctions", "ListStateMachines", "states:ListStateMachines"),
        ("apigateway", "GetResources", "apigateway:GET"),
        ("s3control", "GetPublicAccessBlock", "s3:GetAccountPublicAccessBlock"),
    ],
)
def test_permissions(service: str, operation: str, action: str) -> None:
    assert permission(service, operation) == action
