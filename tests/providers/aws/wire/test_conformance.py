"""The wire keeps the contract of wires, on requests as the SDK really writes them, one of each protocol."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

import pytest

from nephoscope.models import Identity, WireReply, WireRequest
from nephoscope.testing.conformance import Sample, WireSuite
from nephoscope_aws.wire import AwsWire

XML = (("content-type", "text/xml"),)
JSON = (("content-type", "application/x-amz-json-1.0"),)
SECRET = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY"
NO = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
NO_EC2 = b"<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>"
NO_S3 = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
NO_JSON = b'{"__type": "AccessDeniedException", "message": "no"}'

READS = (
    ("s3", "GetBucketNotificationConfiguration", {"Bucket": "orders-in"}, XML, NO_S3, ""),
    ("s3", "ListObjectsV2", {"Bucket": "orders-in", "Prefix": "in/"}, XML, NO_S3, ""),
    ("ec2", "DescribeInstances", {"InstanceIds": ["i-0123456789abcdef0"]}, XML, NO_EC2, ""),
    ("iam", "GetRole", {"RoleName": "reader"}, XML, NO, ""),
    ("lambda", "GetFunctionConfiguration", {"FunctionName": "resize"}, (("content-type", "application/json"),), NO_JSON, SECRET),
    ("dynamodb", "DescribeTable", {"TableName": "orders"}, JSON, NO_JSON, ""),
    ("sqs", "GetQueueAttributes", {"QueueUrl": "http://aws.neph/123456789012/orders", "AttributeNames": ["All"]}, JSON, NO_JSON, ""),
)
REPLIES = {
    "s3:GetBucketNotificationConfiguration": b"<NotificationConfiguration/>",
    "s3:ListObjectsV2": b"<ListBucketResult><Name>orders-in</Name><IsTruncated>true</IsTruncated><NextContinuationToken>t1</NextContinuationToken>"
    b"<Contents><Key>in/a</Key></Contents></ListBucketResult>",
    "ec2:DescribeInstances": b"<DescribeInstancesResponse><reservationSet><item><reservationId>r-1</reservationId></item></reservationSet>"
    b"</DescribeInstancesResponse>",
    "iam:GetRole": b"<GetRoleResponse><GetRoleResult><Role><RoleName>reader</RoleName></Role></GetRoleResult></GetRoleResponse>",
    "lambda:GetFunctionConfiguration": json.dumps({"FunctionName": "resize", "Environment": {"Variables": {"KEY": SECRET}}}).encode(),
    "dynamodb:DescribeTable": b'{"Table": {"TableName": "orders"}}',
    "sqs:GetQueueAttributes": b'{"Attributes": {"DelaySeconds": "0"}}',
}
WRITES = (
    ("s3", "DeleteBucket", {"Bucket": "orders-in"}),
    ("ec2", "TerminateInstances", {"InstanceIds": ["i-0123456789abcdef0"]}),
    ("lambda", "DeleteFunction", {"FunctionName": "resize"}),
    ("dynamodb", "DeleteTable", {"TableName": "orders"}),
    ("sqs", "PurgeQueue", {"QueueUrl": "http://aws.neph/123456789012/orders"}),
)
CREDENTIAL = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/,]+)/\d+/([^/,]+)/([^/,]+)/aws4_request\b")
SAYS_NOTHING = frozenset(
    """user-agent accept accept-encoding content-type connection content-length x-amz-date x-amz-content-sha256 x-amz-user-agent amz-sdk-invocation-id
    amz-sdk-request content-md5 x-amzn-query-mode expect host""".split()
)


def _reply(status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> WireReply:
    return WireReply(status=status, headers=headers, body=body)


def _telling(value: str) -> str:
    """Of a signature, who signs for which region and service; else the value."""
    found = CREDENTIAL.match(value)
    if found and found[3] == "iam":  # the same in all regions
        return f"{found[1]}/{found[3]}"
    return "/".join(found.groups()) if found else value


class TestAwsWire(WireSuite):
    subject = AwsWire()

    @pytest.fixture(autouse=True)
    def _samples(self, capture: Callable[..., WireRequest], identity: Identity) -> None:
        other = identity.model_copy(update={"account": "210987654321", "alias": "NEPHFEDCBA9876543210"})
        self.identities = (identity, other)
        self.reads = tuple(
            Sample(capture(service, operation, params), name, _reply(200, headers, REPLIES[name]), _reply(403, headers, bad), secret)
            for service, operation, params, headers, bad, secret in READS
            for name in (f"{service}:{operation}",)
        )
        writes = [(capture(*write), ":".join(write[:2])) for write in WRITES]
        self.writes = tuple(Sample(request, name, _reply(200, (), b""), _reply(403, (), b"")) for request, name in writes)

    def equivalent(self, original: WireRequest, changed: WireRequest) -> bool:
        """What is sent is built anew from the parameters, so only they count, who asks, and where."""
        return self._meaning(original) == self._meaning(changed)

    @staticmethod
    def _meaning(request: WireRequest) -> object:
        headers: Mapping[str, str] = {name: _telling(value) for name, value in request.headers if name not in SAYS_NOTHING}
        try:
            body: object = json.loads(request.body or b"null")
        except ValueError:
            body = sorted(parse_qsl(request.body.decode("latin-1"), keep_blank_values=True)) or request.body
        return request.method, request.host, request.path, request.query, headers, body
