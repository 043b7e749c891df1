"""Least privilege: actions and resources of calls, what is said of them, session policies held against AWS's own read-only policy."""

from __future__ import annotations

import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import pytest

from nephoscope.interfaces import UsageError
from nephoscope.models import Call, Tier
from nephoscope_aws.classification import reviewed_services, service_table
from nephoscope_aws.identities import _narrowed
from nephoscope_aws.policy import AwsPolicy, documents
from nephoscope_aws.policy.resources import reach

HERE = "arn:aws:{}:eu-west-1:123456789012:"
DEFAULT = [Tier.IDENTITY, Tier.CONFIG, Tier.TELEMETRY]


@pytest.mark.parametrize(
    ("name", "params", "resources"),
    [
        ("s3:GetBucketPolicy", {"Bucket": "orders"}, {"arn:aws:s3:::orders"}),
        ("s3:HeadObject", {"Bucket": "orders", "Key": "in/a b.csv"}, {"arn:aws:s3:::orders/in/a b.csv"}),
        ("s3:ListBuckets", {}, {"*"}),
        ("lambda:GetPolicy", {"FunctionName": "resize"}, {HERE.format("lambda") + "function:resize", HERE.format("lambda") + "function:resize:*"}),
        ("sqs:GetQueueAttributes", {"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs"}, {HERE.format("sqs") + "jobs"}),
        ("sns:GetTopicAttributes", {"TopicArn": HERE.format("sns") + "t"}, {HERE.format("sns") + "t"}),
        ("iam:GetRole", {"RoleName": "app"}, {"arn:aws:iam::123456789012:role/app", "arn:aws:iam::123456789012:role/*/app"}),
        ("iam:GetPolicyVersion", {"PolicyArn": "arn:aws:iam::123456789012:policy/p", "VersionId": "v1"}, {"arn:aws:iam::123456789012:policy/p"}),
        ("dynamodb:DescribeTable", {"TableName": "t"}, {HERE.format("dynamodb") + "table/t"}),
        ("secretsmanager:DescribeSecret", {"SecretId": "db"}, {HERE.format("secretsmanager") + "secret:db-??????"}),
        ("ssm:GetParameter", {"Name": "/app/db"}, {HERE.format("ssm") + "parameter/app/db"}),
        ("kms:DescribeKey", {"KeyId": "alias/app"}, {HERE.format("kms") + "key/*"}),
        ("rds:DescribeDBInstances", {"DBInstanceIdentifier": "main"}, {HERE.format("rds") + "db:main"}),
        ("ec2:DescribeInstances", {"InstanceIds": ["i-1"]}, {"*"}),
        ("route53:ListResourceRecordSets", {"HostedZoneId": "/hostedzone/Z1"}, {"arn:aws:route53:::hostedzone/Z1"}),
    ],
)
def test_a_call_reaches_what_it_names(name: str, params: dict[str, Any], resources: set[str], call: Callable[..., Call]) -> None:
    made = call(name, params)
    found = {each for action in documents.actions(made.service, made.operation, params) for each in reach(made, action).resources}
    assert found == resources, found


def test_what_needs_everything_is_said_with_the_reason(call: Callable[..., Call]) -> None:
    told = AwsPolicy().remarks([call("s3:ListBuckets", {}), call("lambda:GetPolicy", {"FunctionName": "f"}), call("rds:DescribeDBInstances", {})])
    assert told == [
        "rds:DescribeDBInstances needs *: the call names nothing it could be limited to",
        "s3:ListAllMyBuckets needs *: it cannot be limited to a resource",
    ]
    assert "unverified action" in AwsPolicy().remarks([call("amp:ListWorkspaces", {})])[0]


def test_a_document_has_one_statement_a_service_and_reach(call: Callable[..., Call]) -> None:
    calls = [
        call("lambda:GetPolicy", {"FunctionName": "f"}),
        call("lambda:GetFunctionConfiguration", {"FunctionName": "f"}),
        call("lambda:ListFunctions", {}),
    ]
    document: Any = AwsPolicy().document(calls)
    assert [statement["Action"] for statement in document["Statement"]] == [
        ["lambda:ListFunctions"],
        ["lambda:GetFunctionConfiguration", "lambda:GetPolicy"],
    ]
    assert document["Statement"][0]["Resource"] == "*"


@pytest.fixture(scope="module")
def read_only() -> list[str]:
    """The actions of AWS's own ReadOnlyAccess, as moto packages it: a second opinion that is not ours."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    found = json.loads(aws_managed_policies_data)["ReadOnlyAccess"]["Document"]["Statement"]
    return [action.lower() for statement in found if statement["Effect"] == "Allow" for action in statement["Action"]]


def matches(action: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


def of_tier(*tiers: Tier) -> set[str]:
    tables = [table for service in reviewed_services() if (table := service_table(service))]
    return {action for table in tables for name, tier in table.tiers.items() if tier in tiers for action in table.needs(name)}


def session(*tiers: Tier) -> tuple[list[str], list[str]]:
    policy = json.loads(documents.session(tiers)["Policy"])
    return tuple([action for each in policy["Statement"] if each["Effect"] == effect for action in each["Action"]] for effect in ("Deny", "Allow"))  # type: ignore[return-value]


def test_the_read_only_policy_gives_out_secrets_and_a_session_does_not(read_only: list[str]) -> None:
    """Why a table of our own: AWS's own list of reads holds dozens of secrets. None is left in a session."""
    given = {action for action in of_tier(Tier.SECRET) - {"s3:GetObject"} if matches(action, read_only)}
    assert len(given) > 20
    for tiers in ((), DEFAULT, [*DEFAULT, Tier.DATA, Tier.QUERY]):
        denied, _ = session(*tiers)
        assert {action for action in given if not matches(action, denied)} == set()


def test_a_session_denies_data_that_was_not_granted_and_no_configuration(read_only: list[str]) -> None:
    denied, _ = session(*DEFAULT)
    data = {action for action in of_tier(Tier.DATA, Tier.QUERY, Tier.DIAGNOSTIC) if matches(action, read_only)} - of_tier(*DEFAULT)
    assert {action for action in data if not matches(action, denied)} == set()
    for tiers in (DEFAULT, [*DEFAULT, Tier.DATA]):
        assert {action for action in of_tier(*tiers) - of_tier(Tier.SECRET) if matches(action, session(*tiers)[0])} - SETTLED == set()


SETTLED: set[str] = set()
"""Configuration that a coarse denial takes with it."""


@pytest.mark.parametrize("tiers", [(), DEFAULT, tuple(Tier)])
def test_a_session_policy_is_short_enough_and_names_services(tiers: tuple[Tier, ...]) -> None:
    narrowed = documents.session(tiers)
    assert len(narrowed["Policy"]) <= 2048
    assert all(action.split(":")[0].replace("-", "").isalnum() for part in session(*tiers) for action in part)


def test_a_session_policy_needs_a_role_and_real_words() -> None:
    assert _narrowed({}) == {}
    assert set(_narrowed({"session_policy": "config, telemetry", "role_arn": "arn:aws:iam::123456789012:role/r"})) == {"PolicyArns", "Policy"}
    with pytest.raises(UsageError, match="needs a role"):
        _narrowed({"session_policy": "config"})
    with pytest.raises(UsageError, match="everything"):
        _narrowed({"session_policy": "everything", "role_arn": "r"})


@pytest.mark.parametrize("form", ["json", "terraform", "cloudformation"])
def test_a_role_reads_and_denies(form: Any) -> None:
    role = AwsPolicy().baseline(DEFAULT, form)
    assert "ReadOnlyAccess" in role and "ec2:GetPasswordData" in role and '"Never"' in role
    if form != "terraform":
        json.loads(role)


def test_a_name_cannot_become_terraform(call: Callable[..., Call]) -> None:
    text = AwsPolicy().text(AwsPolicy().document([call("s3:GetBucketPolicy", {"Bucket": '${file("/etc/passwd")}'})]), "terraform", "N")
    assert '"arn:aws:s3:::$${file(' in text
    assert "JSON" not in text.split("<<-JSON\n")[1].rsplit("  JSON", 1)[0]
