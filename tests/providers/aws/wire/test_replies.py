"""Replies of every protocol: parsed to one canonical form, redacted so that the SDK still reads them, and our refusals read by it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from botocore.parsers import create_parser

from nephoscope.models import Call, Reply, WireReply, WireRequest
from nephoscope_aws.wire import AwsWire
from nephoscope_aws.wire.models import operation_model, service_model

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::secret"}]}
GET_ROLE = f"""<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role><Path>/</Path>
<AssumeRolePolicyDocument>{quote(json.dumps(POLICY))}</AssumeRolePolicyDocument><CreateDate>2026-11-22T10:00:00Z</CreateDate>
<RoleName>r</RoleName></Role></GetRoleResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetRoleResponse>"""
INSTANCES = """<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId><reservationSet><item>
<instancesSet><item><instanceId>i-1</instanceId><launchTime>2026-11-22T10:00:00.000Z</launchTime><ebsOptimized>true</ebsOptimized>
<tagSet><item><key>DB_PASSWORD</key><value>secret</value></item><item><key>team</key><value>blue</value></item></tagSet>
</item></instancesSet></item></reservationSet><nextToken>dG9rZW4</nextToken></DescribeInstancesResponse>"""
BUCKETS = """<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><KeyCount>2</KeyCount>
<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextContinuationToken>1/abc=</NextContinuationToken>
<Contents><Key>a%20b</Key><Size>5</Size></Contents><Contents><Key>secret</Key><Size>6</Size></Contents></ListBucketResult>"""


def hide(_: str, value: str) -> str:
    return value.replace("secret", "‹hidden›")


def ok(body: str | bytes | dict[str, Any], *headers: tuple[str, str]) -> WireReply:
    data = json.dumps(body) if isinstance(body, dict) else body
    return WireReply(status=200, headers=headers, body=data.encode() if isinstance(data, str) else data)


def test_policies_are_decoded_and_judged_inside(wire: AwsWire, call: Callable[..., Call]) -> None:
    asked = call("iam:GetRole", {"RoleName": "r"})
    reply = wire.parse(asked, ok(GET_ROLE))
    assert reply.document == {"Role": {"AssumeRolePolicyDocument": POLICY, "CreateDate": "2026-11-22T10:00:00Z", "Path": "/", "RoleName": "r"}}
    redacted: Any = wire.parse(asked, wire.redact(asked, ok(GET_ROLE), hide)).document
    assert redacted["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Resource"] == "arn:aws:s3:::‹hidden›"


def test_pairs_are_told_under_their_names(wire: AwsWire, call: Callable[..., Call]) -> None:
    asked, seen = call("ec2:DescribeInstances"), {}
    wire.redact(asked, ok(INSTANCES), seen.setdefault)
    assert seen["/Reservations/0/Instances/0/Tags/0/DB_PASSWORD"] == "secret"
    assert seen["/Reservations/0/Instances/0/InstanceId"] == "i-1"
    assert not {"2026-11-22T10:00:00.000Z", "true", "dG9rZW4"} & set(seen.values()), "times, booleans and page tokens are no strings"


def test_lists_maps_and_headers(wire: AwsWire, call: Callable[..., Call]) -> None:
    asked = call("s3:ListObjectsV2", {"Bucket": "b"})
    document: Any = wire.parse(asked, wire.redact(asked, ok(BUCKETS), hide)).document
    assert [item["Key"] for item in document["Contents"]] == ["a b", "‹hidden›"]
    head = call("s3:HeadObject", {"Bucket": "b", "Key": "k"})
    found: Any = wire.parse(head, wire.redact(head, ok(b"", ("x-amz-meta-password", "secret"), ("content-length", "5")), hide)).document
    assert found == {"Metadata": {"password": "‹hidden›"}, "ContentLength": 5}


def test_variables_of_a_function_keep_their_names(wire: AwsWire, call: Callable[..., Call]) -> None:
    asked, seen = call("lambda:GetFunctionConfiguration", {"FunctionName": "f"}), {}
    reply = ok({"FunctionName": "f", "Environment": {"Variables": {"KEY": "secret"}}, "Timeout": 3, "CodeSha256": "abc="})
    document: Any = wire.parse(asked, wire.redact(asked, reply, lambda path, value: (seen.setdefault(path, value), hide(path, value))[1])).document
    assert document["Environment"] == {"Variables": {"KEY": "‹hidden›"}}
    assert seen["/Environment/Variables/KEY"] == "secret"


def test_words_of_a_closed_set_and_made_identifiers_are_no_secrets(wire: AwsWire, call: Callable[..., Call]) -> None:
    seen: list[str] = []

    def watch(_: str, value: str) -> str:
        seen.append(value)
        return value

    zones = """<ListHostedZonesResponse><HostedZones><HostedZone><Id>/hostedzone/Z0SECRETLOOKING</Id><Name>example.org.</Name></HostedZone>
    </HostedZones><IsTruncated>false</IsTruncated></ListHostedZonesResponse>"""
    wire.redact(call("route53:ListHostedZones"), ok(zones), watch)
    assert seen == ["example.org."]
    wire.redact(call("lambda:GetFunctionConfiguration"), ok({"State": "Active", "Handler": "Active"}), watch)
    assert seen == ["example.org.", "Active"], "only a member that is a word of a closed set is spared"


def test_binary_stays_binary(wire: AwsWire, call: Callable[..., Call]) -> None:
    asked = call("kms:GetPublicKey", {"KeyId": "k"})
    redacted = wire.redact(asked, ok({"KeyId": "k", "PublicKey": "c2VjcmV0"}), hide)
    assert json.loads(redacted.body)["PublicKey"] != "c2VjcmV0"
    assert wire.parse(asked, redacted).error is None


def test_unchanged_replies_are_the_same_bytes(wire: AwsWire, call: Callable[..., Call]) -> None:
    for name, body in (("iam:GetRole", GET_ROLE), ("ec2:DescribeInstances", INSTANCES), ("s3:ListObjectsV2", BUCKETS)):
        assert wire.redact(call(name), ok(body), lambda _, value: value).body == body.encode()


@pytest.mark.parametrize("body", [b"<html>", b"{", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", b"\xff\xfe", b"[" * 100_000])
def test_what_cannot_be_read_is_withheld(body: bytes, wire: AwsWire, call: Callable[..., Call]) -> None:
    for name in ("iam:ListRoles", "lambda:ListFunctions", "ec2:DescribeVpcs", "s3:ListBuckets"):
        if name.startswith("lambda") or body[:1] not in (b"[", b"{"):
            assert wire.redact(call(name), ok(body), hide).body == b""
        assert wire.parse(call(name), ok(body)).document is None


@pytest.mark.parametrize("name", ["iam:ListRoles", "s3:ListBuckets", "ec2:DescribeVpcs", "lambda:ListFunctions", "sqs:ListQueues"])
def test_a_page_that_is_not_the_service_is_no_empty_list(name: str, wire: AwsWire, call: Callable[..., Call]) -> None:
    for body in (b"<html><body>sign in</body></html>", b"<!doctype html><p>hello</p>", b""):
        assert wire.parse(call(name), ok(body)).error, body


def test_an_error_that_began_as_a_success(wire: AwsWire, call: Callable[..., Call]) -> None:
    reply = wire.parse(call("s3:ListObjectsV2", {"Bucket": "b"}), ok('<?xml version="1.0"?>\n<Error><Code>InternalError</Code></Error>'))
    assert (reply.status, reply.error) == (500, "InternalError")


def test_errors_keep_their_code(wire: AwsWire, call: Callable[..., Call]) -> None:
    kind = ("x-amzn-errortype", "ResourceNotFoundException")
    missing = WireReply(status=404, headers=(kind,), body=b'{"Message": "no secret here", "Type": "User"}')
    asked = call("lambda:GetPolicy", {"FunctionName": "f"})
    reply = wire.parse(asked, wire.redact(asked, missing, hide))
    assert (reply.status, reply.error) == (404, "ResourceNotFoundException")
    assert "‹hidden›" in str(reply.document)


def test_streams_become_a_digest(wire: AwsWire, call: Callable[..., Call]) -> None:
    document: Any = wire.parse(call("s3:GetObject", {"Bucket": "b", "Key": "k"}), ok(b"hello", ("content-length", "5"))).document
    assert document["Body"] == {"bytes": 5, "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}


@pytest.mark.parametrize("name", "ec2:DescribeVpcs iam:ListRoles sqs:ListQueues lambda:ListFunctions s3:ListBuckets route53:ListHostedZones".split())
def test_refusals_are_the_sdks_own_errors(name: str, wire: AwsWire, call: Callable[..., Call]) -> None:
    asked = call(name)
    request = WireRequest(method="GET", scheme="http", host="aws.neph", path="/")
    reply = wire.refuse(asked, request, "NotGranted", "needs <a> & b")
    model, service = operation_model(asked.service, asked.operation), service_model(asked.service)
    assert model is not None and service is not None
    response = {"status_code": reply.status, "headers": dict(reply.headers), "body": reply.body}
    parsed = create_parser(service.resolved_protocol).parse(response, model.output_shape)
    assert (parsed["Error"]["Code"], parsed["Error"]["Message"]) == ("NotGranted", "needs <a> & b")


def test_pages(wire: AwsWire, call: Callable[..., Call]) -> None:
    first = call("s3:ListObjectsV2", {"Bucket": "b", "Prefix": "p"})
    onward = wire.next_page(wire.parse(first, ok(BUCKETS)))
    assert onward == {"Bucket": "b", "Prefix": "p", "ContinuationToken": "1/abc="}
    assert wire.page_start(call("s3:ListObjectsV2", dict(onward))) == first.params
    last = BUCKETS.replace("<IsTruncated>true", "<IsTruncated>false")
    assert wire.next_page(wire.parse(first, ok(last.replace("<NextContinuationToken>1/abc=</NextContinuationToken>", "")))) is None
    zones = call("route53:ListResourceRecordSets", {"HostedZoneId": "Z"})
    page = Reply(call=zones, status=200, document={"IsTruncated": True, "NextRecordName": "a.", "NextRecordType": "A"})
    assert wire.next_page(page) == {"HostedZoneId": "Z", "StartRecordName": "a.", "StartRecordType": "A"}
    assert wire.next_page(page.model_copy(update={"document": {"IsTruncated": False, "NextRecordName": "a."}})) is None
    assert wire.next_page(Reply(call=zones, status=403, error="AccessDenied")) is None


def test_throttling_and_prices(wire: AwsWire, call: Callable[..., Call]) -> None:
    asked = call("ec2:DescribeVpcs")
    assert wire.throttled(Reply(call=asked, status=503, error="RequestLimitExceeded"))
    assert not wire.throttled(Reply(call=asked, status=403, error="UnauthorizedOperation"))
    assert wire.price(asked, None).usd == 0.0
    assert wire.price(call("cloudwatch:GetMetricData", {"MetricDataQueries": [{}, {}]}), None).usd == pytest.approx(0.00002)
    assert wire.price(call("logs:StartQuery"), None).usd is None
    assert wire.price(call("athena:StartQueryExecution"), None).usd is None
