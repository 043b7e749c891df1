"""The gate's question, call by call: parameters are looked at, permissions have IAM's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nephoscope.models import Call, Tier
from nephoscope_aws.permissions import UNVERIFIED, permission
from nephoscope_aws.wire.tiers import classify


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
        ("dynamodb:ExecuteStatement", {"Statement": "SELECT * FROM \"t\" WHERE id = '1'"}, Tier.DATA),
        ("dynamodb:ExecuteStatement", {"Statement": "select * from t; delete from t"}, Tier.MUTATION),
        ("dynamodb:ExecuteStatement", {"Statement": "DELETE FROM t WHERE id = '1'"}, Tier.MUTATION),
        ("dynamodb:BatchExecuteStatement", {"Statements": [{"Statement": "SELECT * FROM t"}]}, Tier.MUTATION),
        ("athena:StartQueryExecution", {"QueryString": "SELECT 1"}, Tier.QUERY),
        ("athena:StartQueryExecution", {"QueryString": "SELECT 1", "ResultConfiguration": {"OutputLocation": "s3://x/"}}, Tier.MUTATION),
        ("athena:StartQueryExecution", {"QueryString": "CREATE TABLE t AS SELECT 1"}, Tier.MUTATION),
        ("athena:StartQueryExecution", {"QueryString": "UNLOAD (SELECT 1) TO 's3://x/'"}, Tier.MUTATION),
        ("rds-data:ExecuteStatement", {"sql": "SELECT 1"}, Tier.MUTATION),
        ("glue:GetConnection", {"Name": "c"}, Tier.SECRET),
        ("glue:GetConnection", {"Name": "c", "HidePassword": True}, Tier.CONFIG),
        ("cloudformation:ValidateTemplate", {"TemplateBody": "{}"}, Tier.CONFIG),
        ("cloudformation:ValidateTemplate", {"TemplateURL": "https://b.s3.amazonaws.com/t"}, Tier.MUTATION),
        ("cloudtrail:StartQuery", {"QueryStatement": "SELECT 1"}, Tier.QUERY),
        ("cloudtrail:StartQuery", {"QueryStatement": "SELECT 1", "DeliveryS3Uri": "s3://x"}, Tier.MUTATION),
        ("s3:GetObject", {"RequestPayer": "requester"}, Tier.MUTATION),
        ("s3:ListObjectsV2", {"RequestPayer": "requester"}, Tier.MUTATION),
        ("logs:FilterLogEvents", {"unmask": True}, Tier.SECRET),
        ("logs:StartQuery", {"startTime": 1_700_000_000, "endTime": 1_700_086_400}, Tier.QUERY),
        ("logs:StartQuery", {"startTime": 1_600_000_000, "endTime": 1_700_086_400}, Tier.MUTATION),
        ("cognito-identity:GetCredentialsForIdentity", {}, Tier.SECRET),
        ("redshift:GetClusterCredentials", {}, Tier.SECRET),
        ("codepipeline:GetJobDetails", {}, Tier.SECRET),
        ("codeartifact:GetAuthorizationToken", {}, Tier.SECRET),
        ("sso:GetRoleCredentials", {}, Tier.SECRET),
        ("amp:ListWorkspaces", {}, Tier.CONFIG),
        ("transfer:DescribeServer", {}, Tier.CONFIG),
        ("quicksight:DescribeUser", {}, Tier.MUTATION),
        ("logs:FilterLogEvents", {}, Tier.TELEMETRY),
        ("logs:StartQuery", {}, Tier.MUTATION),
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
        ("glue:GetTables", {}, Tier.CONFIG),
        ("s3:GetSomethingNew", {}, Tier.MUTATION),
        ("../s3:GetObject", {}, Tier.MUTATION),
    ],
)
def test_tiers(name: str, params: dict[str, Any], tier: Tier, call: Callable[..., Call]) -> None:
    judged = classify(call(name, params))
    assert judged.tier is tier
    assert judged.reason and judged.permission


@pytest.mark.parametrize(
    ("name", "verified"), [("s3:PutObject", True), ("s3:GetSomethingNew", False), ("amp:ListWorkspaces", False), ("nobody:GetThing", False)]
)
def test_only_what_somebody_looked_at_is_verified(name: str, verified: bool, call: Callable[..., Call]) -> None:
    judged = classify(call(name, {}))
    assert judged.verified is verified
    assert (judged.permission or "").endswith(UNVERIFIED) is not verified


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
        ("s3", "GetObjectAttributes", "s3:GetObject, s3:GetObjectAttributes"),
        ("accessanalyzer", "ListFindingsV2", "access-analyzer:ListFindings"),
        ("amp", "ListWorkspaces", "aps:ListWorkspaces (unverified action)"),
    ],
)
def test_permissions(service: str, operation: str, action: str) -> None:
    assert permission(service, operation) == action


def test_a_version_of_an_object_needs_another_action() -> None:
    assert permission("s3", "GetObject", {"VersionId": "1"}) == "s3:GetObjectVersion"
