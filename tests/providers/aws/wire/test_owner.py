"""Whose thing a call reaches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nephoscope.models import Call, ResourceRef
from nephoscope_aws.wire import AwsWire

OWN, FOREIGN = "123456789012", "999999999999"


@pytest.mark.parametrize(
    ("name", "params", "account"),
    [
        ("lambda:GetPolicy", {"FunctionName": "resize"}, OWN),
        ("lambda:GetPolicy", {"FunctionName": f"arn:aws:lambda:eu-west-1:{FOREIGN}:function:f"}, FOREIGN),
        ("lambda:GetPolicy", {"FunctionName": f"{FOREIGN}:function:f"}, FOREIGN),
        ("sqs:GetQueueAttributes", {"QueueUrl": f"https://sqs.eu-west-1.amazonaws.com/{FOREIGN}/q"}, FOREIGN),
        ("sqs:GetQueueAttributes", {"QueueUrl": f"http://aws.neph/{OWN}/q"}, OWN),
        ("sqs:GetQueueUrl", {"QueueName": "q", "QueueOwnerAWSAccountId": FOREIGN}, FOREIGN),
        ("sns:GetTopicAttributes", {"TopicArn": f"arn:aws:sns:eu-west-1:{FOREIGN}:t"}, FOREIGN),
        ("s3control:GetPublicAccessBlock", {"AccountId": FOREIGN}, FOREIGN),
        ("ecr:DescribeRepositories", {"registryId": FOREIGN}, FOREIGN),
        ("ec2:DescribeSnapshots", {"OwnerIds": [FOREIGN]}, FOREIGN),
        ("ec2:DescribeImages", {"Owners": ["amazon"]}, OWN),
        ("ec2:DescribeVpcPeeringConnections", {"Filters": [{"Name": "accepter-vpc-info.owner-id", "Values": [FOREIGN]}]}, OWN),
        ("ec2:DescribeInstances", {"InstanceIds": ["i-1"]}, OWN),
        ("iam:GetPolicy", {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}, OWN),
        ("iam:SimulatePrincipalPolicy", {"PolicySourceArn": f"arn:aws:iam::{OWN}:role/r", "ResourceArns": ["arn:aws:s3:::theirs"]}, OWN),
        ("iam:SimulatePrincipalPolicy", {"PolicySourceArn": f"arn:aws:iam::{FOREIGN}:role/r"}, FOREIGN),
        ("s3:ListBuckets", {}, OWN),
        (
            "ec2:DescribeInstances",
            {"Filters": [{"Name": "iam-instance-profile.arn", "Values": [f"arn:aws:iam::{FOREIGN}:role/r"]}]},
            FOREIGN,
        ),
        ("ec2:DescribeInstances", {"Filters": [{"Name": f"tag:arn:aws:iam::{FOREIGN}:role/r", "Values": ["x"]}]}, FOREIGN),
        ("elbv2:DescribeTags", {"ResourceArns": [f"arn:aws:elasticloadbalancing:eu-west-1:{FOREIGN}:loadbalancer/app/a/1"]}, FOREIGN),
        ("sns:GetTopicAttributes", {"TopicArn": f"arn:aws-cn:sns:cn-north-1:{OWN}:t"}, f"aws-cn/{OWN}"),
        ("logs:FilterLogEvents", {"logGroupName": "g", "filterPattern": f'"arn:aws:iam::{FOREIGN}:role/r"'}, FOREIGN),
        ("logs:FilterLogEvents", {"logGroupName": "g", "filterPattern": f'"arn:aws:iam::{OWN}:role/r" "https://x.example.com"'}, OWN),
        ("cloudformation:GetTemplateSummary", {"TemplateURL": "https://evil.example.com/stolen"}, "behind evil.example.com"),
        ("s3:GetObject", {"Bucket": f"arn:aws:s3:eu-west-1:{FOREIGN}:accesspoint/ap", "Key": "k"}, FOREIGN),
        ("glue:GetTables", {"DatabaseName": "d"}, OWN),
        ("glue:GetTables", {"CatalogId": FOREIGN, "DatabaseName": "d"}, FOREIGN),
        ("glue:GetTables", {"CatalogId": f"{FOREIGN}:s3tablescatalog/b", "DatabaseName": "d"}, FOREIGN),
        ("s3:ListDirectoryBuckets", {}, OWN),
        ("amp:DescribeWorkspace", {"workspaceId": "w"}, OWN),
        ("amp:ListTagsForResource", {"resourceArn": f"arn:aws:aps:eu-west-1:{FOREIGN}:workspace/w"}, FOREIGN),
        ("quicksight:DescribeUser", {"AwsAccountId": OWN}, None),
    ],
)
def test_accounts(name: str, params: dict[str, Any], account: str | None, wire: AwsWire, call: Callable[..., Call]) -> None:
    assert wire.owner(call(name, params)) == account


@pytest.mark.parametrize("address", ["https://theirs.s3.eu-west-1.amazonaws.com/x", "https://s3.amazonaws.com/theirs/x", "s3://theirs/x"])
def test_addresses_of_buckets_are_looked_up(address: str, wire: AwsWire, call: Callable[..., Call]) -> None:
    found = wire.owner(call("cloudformation:GetTemplateSummary", {"TemplateURL": address}))
    assert isinstance(found, ResourceRef)
    assert found.name == "theirs"


@pytest.mark.parametrize("params", [{"Bucket": "orders-in"}, {"Bucket": "orders-in", "ExpectedBucketOwner": OWN}])
def test_buckets_are_looked_up(params: dict[str, Any], wire: AwsWire, call: Callable[..., Call]) -> None:
    found = wire.owner(call("s3:GetBucketPolicy", params))
    assert isinstance(found, ResourceRef)
    assert (found.native_type, found.native_id, found.name) == ("s3:bucket", "arn:aws:s3:::orders-in", "orders-in")
