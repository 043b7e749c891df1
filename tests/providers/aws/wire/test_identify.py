"""Ordinary SDK code of every protocol is read as what it asks, as whom and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.config import Config
from botocore.session import Session as SdkSession

from nephoscope.interfaces.errors import Ambiguous
from nephoscope.models import Identity, WireRequest
from nephoscope_aws.wire import AwsWire

Capture = Callable[..., WireRequest]

QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
HOUR = {"StartTime": "2026-01-01T00:00:00Z", "EndTime": "2026-01-01T01:00:00.5Z"}
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:resize"
ASKED: list[tuple[str, dict[str, Any]]] = [
    ("sts:GetCallerIdentity", {}),
    ("s3:ListBuckets", {}),
    ("s3:ListObjectsV2", {"Bucket": "orders-in", "Prefix": "a b/ü+&", "EncodingType": "url"}),
    ("s3:GetObject", {"Bucket": "orders-in", "Key": "a b//ü?=~.txt", "Range": "bytes=0-3"}),
    ("s3:HeadBucket", {"Bucket": "orders-in"}),
    ("s3:HeadObject", {"Bucket": "orders.in", "Key": "x"}),
    ("s3:GetBucketNotificationConfiguration", {"Bucket": "orders-in"}),
    ("s3:GetObjectAttributes", {"Bucket": "orders-in", "Key": "k", "ObjectAttributes": ["ETag", "ObjectSize"]}),
    ("s3:DeleteObject", {"Bucket": "orders-in", "Key": "k"}),
    ("lambda:ListFunctions", {"MaxItems": 5}),
    ("lambda:GetPolicy", {"FunctionName": FUNCTION}),
    ("lambda:ListTags", {"Resource": FUNCTION}),
    ("lambda:DeleteFunction", {"FunctionName": "resize"}),
    ("ec2:DescribeInstances", {"Filters": [{"Name": "vpc-id", "Values": ["vpc-1", "vpc-2"]}], "MaxResults": 5}),
    ("ec2:TerminateInstances", {"InstanceIds": ["i-1"], "DryRun": True}),
    ("iam:GetRole", {"RoleName": "r"}),
    ("iam:SimulatePrincipalPolicy", {"PolicySourceArn": "arn:aws:iam::123456789012:role/r", "ActionNames": ["s3:GetObject"]}),
    ("sqs:GetQueueAttributes", {"QueueUrl": QUEUE, "AttributeNames": ["All"]}),
    ("sns:ListSubscriptionsByTopic", {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:t"}),
    ("cloudwatch:GetMetricStatistics", {"Namespace": "n", "MetricName": "m", **HOUR, "Period": 60}),
    ("logs:FilterLogEvents", {"logGroupName": "/aws/lambda/f", "startTime": 1, "limit": 5}),
    ("events:ListRules", {}),
    ("dynamodb:DescribeTable", {"TableName": "t"}),
    ("route53:ListResourceRecordSets", {"HostedZoneId": "Z1", "MaxItems": "5"}),
    ("apigateway:GetResources", {"restApiId": "x", "embed": ["methods"]}),
    ("apigateway:GetTags", {"resourceArn": "arn:aws:apigateway:eu-west-1::/restapis/x"}),
    ("rds:DescribeDBInstances", {"Filters": [{"Name": "a", "Values": ["b"]}]}),
    ("elbv2:DescribeLoadBalancers", {"Names": ["lb"]}),
    ("elb:DescribeLoadBalancers", {}),
    ("s3control:GetPublicAccessBlock", {"AccountId": "123456789012"}),
    ("stepfunctions:StartSyncExecution", {"stateMachineArn": "arn:aws:states:eu-west-1:123456789012:stateMachine:m"}),
    ("batch:DescribeJobQueues", {}),
    ("glue:GetTables", {"DatabaseName": "d"}),
]


@pytest.mark.parametrize(("name", "params"), ASKED, ids=[name for name, _ in ASKED])
def test_read_as_asked(name: str, params: dict[str, Any], wire: AwsWire, capture: Capture, identity: Identity) -> None:
    service, _, operation = name.partition(":")
    call = wire.identify(capture(service, operation, params), [identity])
    assert (call.name, dict(call.params)) == (name, params)
    assert call.identity == identity
    assert call.region == ("us-east-1" if service in ("iam", "route53") else "eu-west-1")


def test_a_bucket_in_the_host_is_the_same_bucket(wire: AwsWire, capture: Capture, identity: Identity) -> None:
    virtual = Config(s3={"addressing_style": "virtual"})
    request = capture("s3", "GetBucketPolicy", {"Bucket": "orders-in"}, config=virtual)
    assert request.host == "orders-in.aws.neph"
    assert wire.identify(request, [identity]).params == {"Bucket": "orders-in"}


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_presigned_url_is_the_call_it_stands_for(version: str, wire: AwsWire, sdk: SdkSession, identity: Identity) -> None:
    client = sdk.create_client("s3", region_name="eu-west-1", endpoint_url="http://aws.neph", config=Config(signature_version=version))
    url = client.generate_presigned_url("get_object", {"Bucket": "orders-in", "Key": "a b"})
    path, _, query = url.removeprefix("http://aws.neph").partition("?")
    call = wire.identify(WireRequest(method="GET", scheme="http", host="aws.neph", path=path, query=query), [identity])
    assert (call.name, dict(call.params)) == ("s3:GetObject", {"Bucket": "orders-in", "Key": "a b"})


def test_the_key_says_which_identity(wire: AwsWire, capture: Capture, identity: Identity) -> None:
    other = identity.model_copy(update={"account": "210987654321", "alias": "NEPHOTHER"})
    assert wire.identify(capture("sts", "GetCallerIdentity"), [other, identity]).identity == identity
    with pytest.raises(Ambiguous, match="no identity"):
        wire.identify(capture("sts", "GetCallerIdentity"), [other])


def test_a_region_outside_the_scope_is_refused(wire: AwsWire, capture: Capture, identity: Identity) -> None:
    with pytest.raises(Ambiguous, match="ap-south-1"):
        wire.identify(capture("lambda", "ListFunctions", region="ap-south-1"), [identity])
    assert wire.identify(capture("iam", "ListRoles", region="ap-south-1"), [identity]).region == "us-east-1"


def test_binary_and_times_are_plain_json(wire: AwsWire, capture: Capture, identity: Identity) -> None:
    decrypt = wire.identify(capture("kms", "Decrypt", {"CiphertextBlob": b"\x00abc"}), [identity])
    assert decrypt.params == {"CiphertextBlob": "AGFiYw=="}
    events = wire.identify(capture("cloudtrail", "LookupEvents", {"StartTime": 1767225600}), [identity])
    assert events.params == {"StartTime": "2026-01-01T00:00:00Z"}
