"""The AWS pack keeps the contracts of estates, policies and emulators."""

from __future__ import annotations

from nephoscope.models import Call, Change, Identity, JsonValue, Reply
from nephoscope.testing.conformance import EmulatorSuite, EstateSuite, PolicySuite
from nephoscope_aws.emulator import AwsEmulator
from nephoscope_aws.estate import AwsEstate
from nephoscope_aws.policy import AwsPolicy

READER = Identity(cloud="aws", account="123456789012", principal="arn:aws:iam::123456789012:role/reader", regions=("eu-west-1",), alias="KEY1")
RESIZE = "arn:aws:lambda:eu-west-1:123456789012:function:resize"


def reply(operation: str, params: dict[str, JsonValue], document: JsonValue, error: str | None = None) -> Reply:
    service, _, name = operation.partition(":")
    call = Call(identity=READER, region="eu-west-1", service=service, operation=name, params=params)
    return Reply(call=call, status=404 if error else 200, document=document, error=error)


class TestAwsEstate(EstateSuite):
    subject = AwsEstate()
    identity = READER
    replies = (
        reply("lambda:ListFunctions", {}, {"Functions": [{"FunctionName": "resize", "FunctionArn": RESIZE}]}),
        reply("lambda:GetPolicy", {"FunctionName": "resize"}, {"Policy": '{"Statement": []}', "RevisionId": "1"}),
        reply("lambda:GetPolicy", {"FunctionName": "resize"}, None, error="ResourceNotFoundException"),
        reply("s3:GetBucketNotificationConfiguration", {"Bucket": "orders-in"}, {}),
        reply("ec2:DescribeRouteTables", {}, {"RouteTables": [{"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Routes": [], "Associations": []}]}),
    )
    changes = (
        Change(cloud="aws", service="lambda", operation="AddPermission", region="eu-west-1", params={"FunctionName": "resize", "StatementId": "s3"}),
        Change(cloud="aws", service="ec2", operation="AuthorizeSecurityGroupIngress", params={"GroupId": "sg-1", "IpPermissions": [{}]}),
    )


class TestAwsPolicy(PolicySuite):
    subject = AwsPolicy()
    calls = tuple(one.call for one in TestAwsEstate.replies)


class TestAwsEmulator(EmulatorSuite):
    subject = AwsEmulator()
    another = AwsEmulator()
    seed = {}
