"""The suite every wire passes, with AWS's own samples."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.session import Session as SdkSession

from nephoscope.models import Identity, WireReply, WireRequest
from nephoscope.testing.conformance import Sample, WireSuite
from nephoscope_aws.wire import AwsWire
from nephoscope_aws.wire.message import UNREAD

OURS = Identity(cloud="aws", account="123456789012", principal="r", regions=("eu-west-1",), alias="NEPH0123456789ABCDEF")
THEIRS = OURS.model_copy(update={"account": "210987654321", "alias": "NEPHFEDCBA9876543210"})
DENIED = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
DENIED_EC2 = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>"
ROLES = """<ListRolesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListRolesResult><Roles><member><RoleName>hush</RoleName>
<CreateDate>2026-11-22T10:00:00Z</CreateDate></member></Roles><IsTruncated>true</IsTruncated><Marker>m1</Marker></ListRolesResult></ListRolesResponse>"""
INSTANCES = """<DescribeInstancesResponse><reservationSet><item><instancesSet><item><keyName>hush</keyName></item></instancesSet>
</item></reservationSet></DescribeInstancesResponse>"""
KEYS = """<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>
<Contents><Key>hush</Key><Size>1</Size></Contents></ListBucketResult>"""


def written(service: str, operation: str, **params: object) -> WireRequest:
    """What the SDK sends, caught before it does."""
    caught: list[WireRequest] = []

    class Sent(Exception):
        pass

    def catch(request: object, **_: object) -> None:
        url, body = request.url, request.body or b""  # type: ignore[attr-defined]
        path, _, query = url.removeprefix("http://aws.neph").partition("?")
        headers = tuple((n.lower(), v.decode() if isinstance(v, bytes) else v) for n, v in request.headers.items())  # type: ignore[attr-defined]
        data = body.encode() if isinstance(body, str) else bytes(body)
        method = request.method  # type: ignore[attr-defined]
        caught.append(WireRequest(method=method, scheme="http", host="aws.neph", path=path, query=query, headers=headers, body=data))
        raise Sent

    sdk = SdkSession()
    sdk.set_credentials(OURS.alias, "worthless")
    config = Config(request_checksum_calculation="when_required", response_checksum_validation="when_required")
    client = sdk.create_client(service, region_name="eu-west-1", endpoint_url="http://aws.neph", config=config)
    client.meta.events.register("before-send", catch)
    with pytest.raises(Sent):
        getattr(client, xform_name(operation))(**params)
    return caught[0]


def sample(name: str, reply: str | dict[str, object], **params: object) -> Sample:
    service, _, operation = name.partition(":")
    if isinstance(reply, dict):
        error = WireReply(status=403, body=b'{"__type": "AccessDeniedException", "message": "no"}')
        return Sample(written(service, operation, **params), name, WireReply(status=200, body=json.dumps(reply).encode()), error, "hush")
    denied = WireReply(status=403, body=(DENIED_EC2 if service == "ec2" else DENIED).encode())
    return Sample(written(service, operation, **params), name, WireReply(status=200, body=reply.encode()), denied, "hush")


class TestAws(WireSuite):
    subject = AwsWire()
    identities = (OURS, THEIRS)

    @property
    def reads(self) -> Sequence[Sample]:  # type: ignore[override]
        return (
            sample("iam:ListRoles", ROLES, PathPrefix="/"),
            sample("ec2:DescribeInstances", INSTANCES, InstanceIds=["i-1"]),
            sample("s3:ListObjectsV2", KEYS, Bucket="orders-in", Prefix="a b"),
            sample("lambda:GetFunctionConfiguration", {"Description": "hush", "Timeout": 3}, FunctionName="resize"),
            sample("sqs:ListQueues", {"QueueUrls": ["hush"]}, QueueNamePrefix="o"),
        )

    @property
    def writes(self) -> Sequence[Sample]:  # type: ignore[override]
        return (
            sample("ec2:TerminateInstances", INSTANCES, InstanceIds=["i-1"]),
            sample("lambda:DeleteFunction", {}, FunctionName="resize"),
            sample("sqs:PurgeQueue", {}, QueueUrl="http://aws.neph/123456789012/q"),
        )

    def equivalent(self, original: WireRequest, changed: WireRequest) -> bool:
        """Alike but for scheme, white space in JSON, charset, and headers that say nothing about the call: transport, dates, signature.

        A signature made with a worthless key proves nothing; the key, region and service it names do count, and the reading shows them.
        """
        return self.meaning(original) == self.meaning(changed)

    @staticmethod
    def meaning(request: WireRequest) -> object:
        try:
            body: object = json.loads(request.body, object_pairs_hook=list)  # white space says nothing, order and repetition do
        except ValueError:
            body = request.body
        said = sorted((name, value.strip()) for name, value in request.headers if name not in UNREAD | {"content-type"} and value)
        media = [value.partition(";")[0].strip().lower() for name, value in request.headers if name == "content-type"]
        return request.method, request.host.lower().removesuffix(":80"), request.path, request.query, media, said, body
