"""For every operation of these services: parameters → the SDK's request → our reading of it gives the same parameters."""

from __future__ import annotations

import base64
import random
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import create_request_object, prepare_request_dict
from botocore.serialize import create_serializer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nephoscope.interfaces.errors import Ambiguous
from nephoscope.models import Identity, WireRequest
from nephoscope_aws.wire.identify import identify
from nephoscope_aws.wire.models import operation_model, service_model
from nephoscope_aws.wire.scalars import native

SERVICES = """sts s3 lambda sqs sns events iam kms ec2 elbv2 elb rds dynamodb cloudwatch logs cloudtrail ecs ecr route53 acm apigateway
apigatewayv2 stepfunctions autoscaling secretsmanager ssm organizations kinesis scheduler s3control cloudformation""".split()
TEXTS = ("plain", "a b+c", "ü/%2F", "x&y=z", "<tag>", 'quo"te', "ab,cd")
TRANSPORT = ("ContentLength",)  # says nothing that the body does not
NOT_READ = {
    ("s3", "ListDirectoryBuckets"),  # for another kind of endpoint
    ("s3control", "CreateBucket"),  # signed and written like a request to a bucket of that name
    ("s3", "WriteGetObjectResponse"),  # its host names no bucket
    ("s3", "PutBucketNotification"),  # an older form of PutBucketNotificationConfiguration
}


class Filler:
    """Parameters that fit a shape, from a seeded source."""

    def __init__(self, seed: int, optional: float) -> None:
        self._random = random.Random(seed)
        self._optional = optional

    def fill(self, shape: Any, depth: int = 0) -> Any:
        return getattr(self, f"_{shape.type_name}", self._string)(shape, depth)

    def _structure(self, shape: Any, depth: int) -> Any:
        if getattr(shape, "is_document_type", False):
            return {"free": ["form", 1]}
        wanted = [name for name in shape.members if name in shape.required_members or (depth < 4 and self._random.random() < self._optional)]
        if getattr(shape, "is_tagged_union", False):
            wanted = wanted[:1]
        if depth and not wanted:  # an empty structure leaves no trace in a form
            wanted = list(shape.members)[:1]
        return {name: self.fill(shape.members[name], depth + 1) for name in wanted if name not in TRANSPORT}

    def _list(self, shape: Any, depth: int) -> list[Any]:
        least = int(shape.metadata.get("min", 0))
        return [self.fill(shape.member, depth + 1) for _ in range(max(least, 1 if depth > 4 else self._random.choice((1, 2))))]

    def _map(self, shape: Any, depth: int) -> dict[str, Any]:
        if shape.serialization.get("location") == "headers":  # header names have no case
            return {"plain": "x-yz"}
        return {str(self.fill(shape.key, depth + 1)): self.fill(shape.value, depth + 1)}

    def _string(self, shape: Any, depth: int) -> str:
        if shape.enum:
            return str(self._random.choice(shape.enum))
        location = shape.serialization.get("location")
        least = int(shape.metadata.get("min", 1))
        narrow = location in ("uri", "header") or shape.serialization.get("hostLabel")
        text = self._random.choice(("plain", "x-yz") if narrow else TEXTS)
        return text + "q" * max(0, least - len(text))

    def _integer(self, shape: Any, depth: int) -> int:
        return max(int(shape.metadata.get("min", 0)), 7)

    _long = _integer

    def _float(self, shape: Any, depth: int) -> float:
        return max(float(shape.metadata.get("min", 0)), 2.5)

    _double = _float

    def _boolean(self, shape: Any, depth: int) -> bool:
        return self._random.random() < 0.5

    def _timestamp(self, shape: Any, depth: int) -> str:
        return "2026-11-22T10:05:07Z"

    def _blob(self, shape: Any, depth: int) -> str:
        return "AAECaGVsbG8="


def operations(service: str) -> list[str]:
    model = service_model(service)
    assert model is not None
    return [name for name in model.operation_names if (service, name) not in NOT_READ]


def written(service: str, operation: str, params: dict[str, Any], alias: str) -> WireRequest:
    """The request as the SDK's own serializer and preparer write it, with a signature of the right form."""
    model = operation_model(service, operation)
    assert model is not None
    request = create_serializer(model.service_model.resolved_protocol).serialize_to_request(native(model.input_shape, params), model)
    prepare_request_dict(request, "http://aws.neph", context={})
    prepared = create_request_object(request).prepare()
    parts, body = urlsplit(prepared.url), prepared.body or b""
    scope = f"{alias}/20261122/eu-west-1/{model.service_model.signing_name}/aws4_request"
    signature = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0a"
    headers = {name.lower(): value.decode() if isinstance(value, bytes) else str(value) for name, value in prepared.headers.items()}
    return WireRequest(
        method=prepared.method,
        scheme="http",
        host=parts.netloc,
        path=parts.path or "/",
        query=parts.query,
        headers=(*headers.items(), ("authorization", signature)),
        body=body.encode() if isinstance(body, str) else bytes(body),
    )


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("optional", [0.0, 0.6])
def test_every_operation_reads_back(service: str, optional: float, identity: Identity) -> None:
    wrong = []
    for name in operations(service):
        model = operation_model(service, name)
        assert model is not None
        if model.has_event_stream_input or model.auth_type == "none":
            continue
        params = Filler(hash_of(service, name), optional).fill(model.input_shape) if model.input_shape else {}
        request = written(service, name, params, identity.alias)
        try:
            call = identify(request, [identity])
        except Ambiguous as error:
            wrong.append(f"{name}: {error}")
            continue
        if not same(call.service, call.operation, call.params, service, name, params):
            wrong.append(f"{name}: read as {call.name} {dict(call.params)} instead of {params}")
    assert not wrong, "\n".join(wrong)


def hash_of(*words: str) -> int:
    return sum(ord(char) * (index + 1) for index, char in enumerate(":".join(words)))


def same(service: str, operation: str, params: Any, asked: str, name: str, wanted: Any) -> bool:
    """The same call; operations the service itself cannot tell apart count as the same."""
    if service != asked:
        return False
    if operation != name:
        one, two = operation_model(service, operation), operation_model(service, name)
        return one is not None and two is not None and one.http == two.http
    return bool(params == wanted)


SPOKEN = (
    ("ec2", "DescribeInstances"), ("ec2", "DescribeNetworkInterfaces"), ("iam", "SimulatePrincipalPolicy"), ("sts", "AssumeRole"),
    ("rds", "DescribeDBInstances"), ("cloudformation", "CreateStack"), ("elbv2", "DescribeTargetGroups"), ("sns", "Publish"),
    ("autoscaling", "DescribeAutoScalingGroups"), ("dynamodb", "Query"), ("dynamodb", "PutItem"), ("sqs", "SendMessageBatch"),
    ("logs", "FilterLogEvents"), ("ssm", "GetParametersByPath"), ("cloudwatch", "GetMetricData"), ("kms", "Encrypt"), ("ecs", "DescribeTasks"),
    ("events", "PutEvents"), ("stepfunctions", "DescribeStateMachine"), ("lambda", "CreateFunction"), ("lambda", "ListEventSourceMappings"),
    ("apigateway", "GetMethod"), ("eks", "ListClusters"), ("scheduler", "CreateSchedule"), ("s3", "ListObjectsV2"), ("s3", "PutBucketPolicy"),
    ("s3", "PutBucketNotificationConfiguration"), ("route53", "ListResourceRecordSets"), ("cloudfront", "CreateInvalidation"),
)  # fmt: skip
"""Operations of main services, in every protocol that is read: query, ec2, json, rest-json, rest-xml."""
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Zl", "Zp")), min_size=1, max_size=12)
NARROW = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,10}[a-z0-9])?", fullmatch=True).filter(lambda text: ".." not in text)


class Drawn(Filler):
    """Parameters that fit a shape, as hypothesis draws and shrinks them."""

    def __init__(self, data: st.DataObject) -> None:
        super().__init__(0, 0.4)
        self._random = data.draw(st.randoms(use_true_random=False))
        self._draw = data.draw

    def _string(self, shape: Any, depth: int) -> str:
        if shape.enum:
            return str(self._random.choice(shape.enum))
        narrow = shape.serialization.get("location") in ("uri", "header") or shape.serialization.get("hostLabel")
        text = self._draw(NARROW if narrow else WORDS)
        return text + "q" * max(0, int(shape.metadata.get("min", 1)) - len(text))

    def _integer(self, shape: Any, depth: int) -> int:
        least = int(shape.metadata.get("min", 0))
        return self._draw(st.integers(least, max(least, min(int(shape.metadata.get("max", 2**31 - 1)), 2**31 - 1))))

    _long = _integer

    def _timestamp(self, shape: Any, depth: int) -> str:
        return f"{self._draw(st.integers(1971, 2099))}-11-22T10:05:07Z"

    def _blob(self, shape: Any, depth: int) -> str:
        return base64.b64encode(self._draw(st.binary(min_size=1, max_size=40))).decode()


@pytest.mark.parametrize(("service", "operation"), SPOKEN)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_writing_and_reading_undo_one_another(service: str, operation: str, identity: Identity, data: st.DataObject) -> None:
    model = operation_model(service, operation)
    assert model is not None
    params = Drawn(data).fill(model.input_shape)
    request = written(service, operation, params, identity.alias)
    call = identify(request, [identity])
    assert same(call.service, call.operation, call.params, service, operation, params)
    assert written(call.service, call.operation, dict(call.params), identity.alias) == request
