"""Requests made to be read in two ways, or to say more than is judged. Every one of them is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nephoscope.interfaces.errors import Ambiguous
from nephoscope.models import Identity, WireRequest
from nephoscope_aws.wire import AwsWire

Capture = Callable[..., WireRequest]

Twist = Callable[[WireRequest], WireRequest]


def changed(**fields: object) -> Twist:
    return lambda request: request.model_copy(update=fields)


def body(change: Callable[[bytes], bytes]) -> Twist:
    return lambda request: request.model_copy(update={"body": change(request.body)})


def header(name: str, value: str) -> Twist:
    return lambda request: request.model_copy(update={"headers": (*((n, v) for n, v in request.headers if n != name), (name, value))})


def signed(service: str, algorithm: str = "AWS4-HMAC-SHA256") -> Twist:
    scope = f"NEPH0123456789ABCDEF/20261122/eu-west-1/{service}/aws4_request"
    return header("authorization", f"{algorithm} Credential={scope}, SignedHeaders=host, Signature=0a")


def without(name: str) -> Twist:
    return lambda request: request.model_copy(update={"headers": tuple(pair for pair in request.headers if pair[0] != name)})


FORM: dict[str, Twist] = {
    "two actions": body(lambda b: b + b"&Action=TerminateInstances"),
    "action also in the query": changed(query="Action=TerminateInstances"),
    "action in disguise": body(lambda b: b.replace(b"Action=", b"%41ction=", 1)),
    "another action in disguise": body(lambda b: b + b"&%41ction=TerminateInstances"),
    "two versions": body(lambda b: b + b"&Version=2010-08-31"),
    "an older version": body(lambda b: b.replace(b"2016-11-15", b"2010-08-31")),
    "an unknown parameter": body(lambda b: b + b"&Extra=1"),
    "a list with a hole": body(lambda b: b + b"&InstanceId.3=i-3"),
    "a list item twice": body(lambda b: b + b"&InstanceId.1=i-2"),
    "a number with zeros": body(lambda b: b + b"&MaxResults=007"),
    "a boolean that is none": body(lambda b: b + b"&DryRun=TRUE"),
    "a parameter without a value": body(lambda b: b + b"&DryRun"),
    "bytes that are no text": body(lambda b: b + b"&InstanceId.2=\xff"),
    "another method": changed(method="GET"),
    "another path": changed(path="/x"),
    "another host": changed(host="ec2.eu-west-1.amazonaws.com"),
    "a host that only ends alike": changed(host="evilaws.neph"),
    "a prefix on the host": changed(host="x.aws.neph"),
    "a port": changed(host="aws.neph:8080"),
    "a method override": header("x-http-method-override", "DELETE"),
    "a target for another protocol": header("x-amz-target", "AmazonEC2.TerminateInstances"),
    "another content type": header("content-type", "application/json"),
    "no signature": without("authorization"),
    "an asymmetric signature": signed("ec2", "AWS4-ECDSA-P256-SHA256"),
    "two signatures": changed(query="X-Amz-Credential=NEPH0123456789ABCDEF%2F20261122%2Feu-west-1%2Fec2%2Faws4_request"),
    "an unknown service": signed("nothing"),
    "another service's name": signed("rds"),
}
JSON: dict[str, Twist] = {
    "a member twice": body(lambda b: b'{"SecretId": "a", "SecretId": "b"}'),
    "an unknown member": body(lambda b: b'{"SecretId": "a", "Extra": 1}'),
    "another case": body(lambda b: b'{"secretid": "a"}'),
    "a wrong type": body(lambda b: b'{"SecretId": 5}'),
    "a list instead": body(lambda b: b'["a"]'),
    "not a number": body(lambda b: b'{"SecretId": NaN}'),
    "text after the document": body(lambda b: b + b"{}"),
    "another encoding": body(lambda b: b.decode().encode("utf-16")),
    "depth": body(lambda b: b"[" * 100_000),
    "no target": without("x-amz-target"),
    "another service's target": header("x-amz-target", "DynamoDB_20120810.GetItem"),
    "a target twice": lambda request: request.model_copy(update={"headers": (*request.headers, ("x-amz-target", "secretsmanager.DescribeSecret"))}),
    "an action in the query": changed(query="Action=GetSecretValue"),
    "another protocol": header("smithy-protocol", "rpc-v2-cbor"),
}
REST: dict[str, Twist] = {
    "an unknown sub-resource": changed(query="policy&anything"),
    "two sub-resources": changed(query="acl&policy"),
    "a sub-resource with a value": changed(query="policy=1"),
    "a sub-resource in disguise": changed(query="p%6Flicy"),
    "a plus in the query": changed(query="policy&x=a+b"),
    "an empty query piece": changed(query="policy&"),
    "dots in the path": changed(path="/orders-in/.."),
    "dots in disguise": changed(path="/orders-in/%2e%2e"),
    "a slash in disguise": changed(path="/orders-in%2Fkey"),
    "a letter in disguise": changed(path="/%6Frders-in"),
    "lower-case escapes": changed(path="/orders-in/a%c3%bc", query=""),
    "a control character": changed(path="/orders-in/%0A", query=""),
    "an unknown header": header("x-amz-anything", "1"),
    "a copy of something else": header("x-amz-copy-source", "/other/key"),
    "a body": changed(body=b"<x/>"),
    "another bucket in the host": changed(host="other.aws.neph"),
}


def assert_refused(wire: AwsWire, request: WireRequest, identity: Identity, honest: str) -> None:
    with pytest.raises(Ambiguous):
        call = wire.identify(request, [identity])
        raise AssertionError(f"read as {call.name} {dict(call.params)} instead of being refused ({honest})")


@pytest.mark.parametrize("twist", FORM, ids=str)
def test_forms(twist: str, wire: AwsWire, capture: Capture, identity: Identity) -> None:
    honest = capture("ec2", "DescribeInstances", {"InstanceIds": ["i-1"]})
    assert wire.identify(honest, [identity]).name == "ec2:DescribeInstances"
    assert_refused(wire, FORM[twist](honest), identity, twist)


@pytest.mark.parametrize("twist", JSON, ids=str)
def test_documents(twist: str, wire: AwsWire, capture: Capture, identity: Identity) -> None:
    honest = capture("secretsmanager", "DescribeSecret", {"SecretId": "a"})
    assert wire.identify(honest, [identity]).name == "secretsmanager:DescribeSecret"
    assert_refused(wire, JSON[twist](honest), identity, twist)


@pytest.mark.parametrize("twist", REST, ids=str)
def test_paths(twist: str, wire: AwsWire, capture: Capture, identity: Identity) -> None:
    honest = capture("s3", "GetBucketPolicy", {"Bucket": "orders-in"})
    assert wire.identify(honest, [identity]).name == "s3:GetBucketPolicy"
    request = REST[twist](honest)
    assert_refused(wire, request, identity, twist)


def test_a_function_name_cannot_become_more_path(wire: AwsWire, capture: Capture, identity: Identity) -> None:
    honest = capture("lambda", "GetFunction", {"FunctionName": "f"})
    assert_refused(wire, honest.model_copy(update={"path": "/2015-03-31/functions/f%2Finvocations"}), identity, "encoded slash")
    invoked = honest.model_copy(update={"path": "/2015-03-31/functions/f/invocations", "method": "POST"})
    assert wire.identify(invoked, [identity]).name == "lambda:Invoke"


def test_nothing_but_ambiguous_is_ever_raised(wire: AwsWire, capture: Capture, identity: Identity) -> None:
    """Whatever one byte of an honest request becomes, the reader answers with a call or with ``Ambiguous``."""
    for service, operation, params in (("ec2", "DescribeInstances", {"InstanceIds": ["i-1"]}), ("logs", "DescribeLogGroups", {"limit": 3})):
        honest = capture(service, operation, params)
        for place in range(len(honest.body)):
            for byte in (0, 0x25, 0x26, 0x3D, 0x7B, 0xFF):
                request = honest.model_copy(update={"body": honest.body[:place] + bytes([byte]) + honest.body[place + 1 :]})
                try:
                    wire.identify(request, [identity])
                except Ambiguous:
                    continue
