"""An unchanged SDK behind a small proxy that does what the broker does: it reads, judges, rebuilds, sends, redacts and answers."""

from __future__ import annotations

import os
import threading
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session as SdkSession

from nephoscope.interfaces import Session
from nephoscope.interfaces.errors import Ambiguous
from nephoscope.models import Reply, Tier, WireReply, WireRequest
from nephoscope_aws.emulator import AwsEmulator
from nephoscope_aws.wire import AwsWire
from nephoscope_aws.wire.canonical import plain

ROLE = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
SEED: dict[str, Any] = {
    "steps": [
        {"do": "s3:CreateBucket", "params": {"Bucket": "orders-in", "CreateBucketConfiguration": {"LocationConstraint": "${region}"}}},
        {"do": "s3:PutObject", "params": {"Bucket": "orders-in", "Key": "a b/ü+.txt", "Body": "hello", "Metadata": {"team": "blue"}}},
        {"do": "iam:CreateRole", "as": "role", "params": {"RoleName": "runner", "AssumeRolePolicyDocument": ROLE}},
        {
            "do": "lambda:CreateFunction",
            "as": "fn",
            "params": {
                "FunctionName": "resize",
                "Runtime": "python3.12",
                "Role": "${role.Role.Arn}",
                "Handler": "lambda_function.lambda_handler",
                "Code": {"ZipFile": "${zip}"},
                "Environment": {"Variables": {"DB_PASSWORD": "hunter2hunter2"}},
            },
        },
        {"do": "sqs:CreateQueue", "as": "queue", "params": {"QueueName": "orders"}},
        {"do": "sns:CreateTopic", "as": "topic", "params": {"Name": "orders"}},
        {"do": "sns:Subscribe", "params": {"TopicArn": "${topic.TopicArn}", "Protocol": "email", "Endpoint": "a@example.org"}},
        {"do": "events:PutRule", "params": {"Name": "nightly", "ScheduleExpression": "rate(1 day)"}},
        {"do": "kms:CreateKey", "as": "key", "params": {}},
        {"do": "dynamodb:CreateTable", "params": {"TableName": "orders", "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                                                   "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}},
        {"do": "logs:CreateLogGroup", "params": {"logGroupName": "/aws/lambda/resize"}},
        {"do": "logs:CreateLogStream", "params": {"logGroupName": "/aws/lambda/resize", "logStreamName": "s"}},
        {"do": "route53:CreateHostedZone", "as": "zone", "params": {"Name": "example.org.", "CallerReference": "1"}},
        {"do": "secretsmanager:CreateSecret", "params": {"Name": "db", "SecretString": "hunter2hunter2"}},
        {"do": "ssm:PutParameter", "params": {"Name": "/db/password", "Value": "hunter2hunter2", "Type": "SecureString"}},
        {"do": "cloudwatch:PutMetricAlarm", "params": {"AlarmName": "a", "Namespace": "n", "MetricName": "m", "Period": 60, "EvaluationPeriods": 1,
                                                        "Threshold": 1.5, "ComparisonOperator": "GreaterThanThreshold", "Statistic": "Sum"}},
    ],
    "front": {"deny": ["lambda:GetFunctionConcurrency"]},
}  # fmt: skip
READS: list[tuple[str, dict[str, Any]]] = [
    ("sts:GetCallerIdentity", {}),
    ("s3:ListBuckets", {}),
    ("s3:HeadBucket", {"Bucket": "orders-in"}),
    ("s3:ListObjectsV2", {"Bucket": "orders-in"}),
    ("s3:ListObjectVersions", {"Bucket": "orders-in"}),
    ("s3:HeadObject", {"Bucket": "orders-in", "Key": "a b/ü+.txt"}),
    ("s3:GetBucketLocation", {"Bucket": "orders-in"}),
    ("s3:GetBucketAcl", {"Bucket": "orders-in"}),
    ("s3:GetBucketNotificationConfiguration", {"Bucket": "orders-in"}),
    ("s3:GetBucketPolicy", {"Bucket": "orders-in"}),
    ("lambda:ListFunctions", {}),
    ("lambda:GetFunction", {"FunctionName": "resize"}),
    ("lambda:GetFunctionConfiguration", {"FunctionName": "resize"}),
    ("lambda:GetPolicy", {"FunctionName": "resize"}),
    ("lambda:GetFunctionConcurrency", {"FunctionName": "resize"}),
    ("lambda:ListEventSourceMappings", {}),
    ("iam:ListRoles", {}),
    ("iam:GetRole", {"RoleName": "runner"}),
    ("iam:GetRole", {"RoleName": "nobody"}),
    ("iam:GetPolicyVersion", {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess", "VersionId": "v1"}),
    ("sqs:ListQueues", {}),
    ("sqs:GetQueueUrl", {"QueueName": "orders"}),
    ("sqs:GetQueueUrl", {"QueueName": "nobody"}),
    ("sqs:GetQueueAttributes", {"QueueUrl": "http://aws.neph/123456789012/orders", "AttributeNames": ["QueueArn"]}),
    ("sns:ListTopics", {}),
    ("sns:ListSubscriptions", {}),
    ("sns:GetTopicAttributes", {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:orders"}),
    ("events:ListRules", {}),
    ("events:DescribeRule", {"Name": "nightly"}),
    ("kms:ListKeys", {}),
    ("ec2:DescribeVpcs", {}),
    ("ec2:DescribeSubnets", {"Filters": [{"Name": "default-for-az", "Values": ["true"]}]}),
    ("ec2:DescribeSecurityGroups", {}),
    ("ec2:DescribeInstances", {"InstanceIds": ["i-0123456789abcdef0"]}),
    ("ec2:DescribeNetworkAcls", {}),
    ("rds:DescribeDBInstances", {}),
    ("rds:DescribeDBInstances", {"DBInstanceIdentifier": "nobody"}),
    ("elbv2:DescribeLoadBalancers", {}),
    ("dynamodb:ListTables", {}),
    ("dynamodb:DescribeTable", {"TableName": "orders"}),
    ("cloudwatch:DescribeAlarms", {}),
    ("logs:DescribeLogGroups", {}),
    ("logs:DescribeLogStreams", {"logGroupName": "/aws/lambda/resize"}),
    ("route53:ListHostedZones", {}),
    ("secretsmanager:ListSecrets", {}),
    ("ssm:DescribeParameters", {}),
    ("stepfunctions:ListStateMachines", {}),
    ("s3control:GetPublicAccessBlock", {"AccountId": "123456789012"}),
    ("autoscaling:DescribeAutoScalingGroups", {}),
    ("apigateway:GetRestApis", {}),
    ("ecs:ListClusters", {}),
    ("ecr:DescribeRepositories", {}),
    ("cloudtrail:DescribeTrails", {}),
    ("acm:ListCertificates", {}),
    ("kinesis:ListStreams", {}),
    ("organizations:DescribeOrganization", {}),
]
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("s3:PutObject", {"Bucket": "orders-in", "Key": "k", "Body": b"x"}),
    ("s3:DeleteObjects", {"Bucket": "orders-in", "Delete": {"Objects": [{"Key": "a"}]}}),
    ("lambda:Invoke", {"FunctionName": "resize"}),
    ("ec2:TerminateInstances", {"InstanceIds": ["i-1"]}),
    ("iam:CreateAccessKey", {"UserName": "u"}),
    ("sqs:ReceiveMessage", {"QueueUrl": "http://aws.neph/123456789012/orders"}),
    ("secretsmanager:GetSecretValue", {"SecretId": "db"}),
    ("ssm:GetParameter", {"Name": "/db/password", "WithDecryption": True}),
    ("route53:CreateHostedZone", {"Name": "x.", "CallerReference": "2"}),
]


class Proxy:
    """Judges by tier alone: metadata and (for this test) data pass, everything else is refused."""

    allowed = (Tier.IDENTITY, Tier.CONFIG, Tier.TELEMETRY, Tier.DATA)

    def __init__(self, wire: AwsWire, session: Session) -> None:
        self._wire, self._session = wire, session
        self.replies: list[Reply] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request: WireRequest) -> WireReply:
        wire = self._wire
        try:
            call = wire.identify(request, [self._session.identity])
        except Ambiguous as error:
            return wire.refuse(None, request, "Ambiguous", error.message)
        judged = wire.classify(call)
        if judged.tier not in self.allowed:
            return wire.refuse(call, request, "NotGranted", f"{call.name}: {judged.reason}")
        reply = wire.redact(call, self._session.send(call), lambda _, value: value.replace("hunter2hunter2", "‹hidden›"))
        self.replies.append(wire.parse(call, reply))
        return reply

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answer = self.answer

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self) -> None:
                parts = urlsplit(self.path)
                request = WireRequest(
                    method=self.command,
                    scheme=parts.scheme,
                    host=parts.netloc,
                    path=parts.path or "/",
                    query=parts.query,
                    headers=tuple((name.lower(), value) for name, value in self.headers.items()),
                    body=self.rfile.read(int(self.headers.get("content-length") or 0)),
                )
                reply = answer(request)
                self.send_response(reply.status)
                for name, value in reply.headers:
                    self.send_header(name, value)
                if not any(name == "content-length" for name, _ in reply.headers):
                    self.send_header("content-length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(b"" if self.command == "HEAD" else reply.body)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_one

            def log_message(self, *_: object) -> None: ...

        return Handler


@pytest.fixture(scope="module")
def emulator() -> Iterator[AwsEmulator]:
    emulator = AwsEmulator()
    emulator.start(SEED)
    yield emulator
    emulator.stop()


@pytest.fixture(scope="module")
def session(wire: AwsWire, emulator: AwsEmulator) -> Session:
    return wire.connect(emulator.scope())[0]


@pytest.fixture(scope="module")
def proxy(wire: AwsWire, session: Session) -> Iterator[Proxy]:
    proxy = Proxy(wire, session)
    yield proxy
    proxy.server.shutdown()


@pytest.fixture
def inside(wire: AwsWire, session: Session, proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Clients as a script in the sandbox gets them: from its surroundings alone."""
    around = wire.surroundings([session.identity], proxy.url)
    for name in [name for name in os.environ if name.startswith("AWS_") or "proxy" in name.lower()]:
        monkeypatch.delenv(name)
    for name, text in around.files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name, value in {**around.env, "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    sdk = SdkSession()
    return sdk.create_client


def outcome(client: Any, operation: str, params: dict[str, Any]) -> Any:
    try:
        reply = getattr(client, xform_name(operation))(**params)
    except ClientError as error:
        return error.response["Error"]["Code"]
    reply.pop("ResponseMetadata")
    return plain(reply)


@pytest.mark.parametrize(("name", "params"), READS, ids=[f"{name}-{index}" for index, (name, _) in enumerate(READS)])
def test_the_script_the_record_and_the_cloud_agree(
    name: str, params: dict[str, Any], inside: Callable[[str], Any], proxy: Proxy, session: Session, emulator: AwsEmulator
) -> None:
    service, _, operation = name.partition(":")
    seen = outcome(inside(service), operation, params)
    recorded = proxy.replies[-1]
    assert (recorded.call.name, dict(recorded.call.params).items() >= params.items()) == (name, True)
    if recorded.error is not None:
        assert seen == recorded.error
    else:
        assert seen == recorded.document
    assert "hunter2" not in str(seen)


def test_mutations_and_secrets_never_reach_it(inside: Callable[[str], Any], emulator: AwsEmulator) -> None:
    emulator.reset()
    for name, params in REFUSED:
        service, _, operation = name.partition(":")
        assert outcome(inside(service), operation, params) == "NotGranted", name
    assert emulator.log() == []


def test_a_hidden_value_is_hidden_from_script_and_record(inside: Callable[[str], Any], proxy: Proxy) -> None:
    function = inside("lambda").get_function_configuration(FunctionName="resize")
    assert function["Environment"]["Variables"] == {"DB_PASSWORD": "‹hidden›"}
    assert proxy.replies[-1].document["Environment"]["Variables"] == {"DB_PASSWORD": "‹hidden›"}  # type: ignore[index,call-overload]


def test_paginators_waiters_streams_and_presigned_urls(inside: Callable[[str], Any]) -> None:
    s3 = inside("s3")
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket="orders-in", PaginationConfig={"PageSize": 1}))
    assert [item["Key"] for page in pages for item in page["Contents"]] == ["a b/ü+.txt"]
    s3.get_waiter("bucket_exists").wait(Bucket="orders-in", WaiterConfig={"MaxAttempts": 1})
    assert s3.get_object(Bucket="orders-in", Key="a b/ü+.txt")["Body"].read() == b"hello"
    url = s3.generate_presigned_url("get_object", {"Bucket": "orders-in", "Key": "a b/ü+.txt"})
    assert urllib.request.build_opener(urllib.request.ProxyHandler()).open(url).read() == b"hello"


def test_many_threads_share_a_session(wire: AwsWire, session: Session) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from nephoscope.models import Call

    def ask(index: int) -> int:
        service, operation = (("sqs", "ListQueues"), ("sns", "ListTopics"), ("lambda", "ListFunctions"))[index % 3]
        return session.send(Call(identity=session.identity, region="eu-west-1", service=service, operation=operation)).status

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, range(64))) == {200}


def test_a_profile_stands_for_its_identity(wire: AwsWire, session: Session, inside: Callable[[str], Any], proxy: Proxy) -> None:
    named = SdkSession(profile="123456789012")
    assert named.create_client("sts", config=Config()).get_caller_identity()["Account"] == "123456789012"
    assert proxy.replies[-1].call.identity == session.identity
