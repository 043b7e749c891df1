"""The emulator as others lease it: a child process, a seed, a front."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nephoscope.interfaces import Emulator, Session
from nephoscope.interfaces.errors import EndpointError
from nephoscope.models import Call, Reply
from nephoscope_aws.emulator import AwsEmulator
from nephoscope_aws.wire import AwsWire

SEED: dict[str, Any] = {
    "vars": {"bucket": "orders-in"},
    "steps": [
        {"do": "s3:CreateBucket", "params": {"Bucket": "${bucket}", "CreateBucketConfiguration": {"LocationConstraint": "${region}"}}},
        {"do": "sns:CreateTopic", "as": "topic", "params": {"Name": "t"}},
        {"do": "sns:CreateTopic", "as": "theirs", "account": "210987654321", "region": "us-east-1", "params": {"Name": "t"}},
    ],
    "front": {
        "deny": ["lambda:GetFunctionConcurrency", "ec2:Describe*"],
        "throttle": {"sqs:ListQueues": 2},
        "delay": {"events:ListRules": 200},
        "answer": [
            {
                "operation": "cloudtrail:LookupEvents",
                "document": {"Events": [{"EventName": "${topic.TopicArn}", "EventTime": "2026-11-24T10:00:00Z"}]},
            },
            {"operation": "iam:SimulatePrincipalPolicy", "document": {"EvaluationResults": [{"EvalActionName": "a:b", "EvalDecision": "allowed"}]}},
            {"operation": "rds:DescribeDBInstances", "params": {"DBInstanceIdentifier": "d"}, "status": 404, "error": {"Code": "DBInstanceNotFound"}},
            {"operation": "s3:GetBucketReplication", "document": {"ReplicationConfiguration": {"Role": "r", "Rules": []}}, "times": 1},
        ],
    },
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[AwsEmulator]:
    emulator = AwsEmulator()
    emulator.start(SEED)
    yield emulator
    emulator.stop()


@pytest.fixture(scope="module")
def session(emulator: AwsEmulator) -> Session:
    return AwsWire().connect(emulator.scope())[0]


@pytest.fixture
def ask(session: Session, emulator: AwsEmulator) -> Any:
    emulator.reset()

    def ask(name: str, **params: Any) -> Reply:
        service, _, operation = name.partition(":")
        region = "us-east-1" if service == "iam" else "eu-west-1"
        call = Call(identity=session.identity, region=region, service=service, operation=operation, params=params)
        return AwsWire().parse(call, session.send(call))

    return ask


def test_it_is_an_emulator(emulator: AwsEmulator) -> None:
    assert isinstance(emulator, Emulator)


def test_denials_are_the_services_own(ask: Any) -> None:
    reply = ask("lambda:GetFunctionConcurrency", FunctionName="f")
    assert (reply.status, reply.error) == (403, "AccessDeniedException")
    assert "lambda:GetFunctionConcurrency" in str(reply.document)
    assert ask("ec2:DescribeVpcs").error == "UnauthorizedOperation"


def test_throttling_ends(ask: Any) -> None:
    assert [ask("sqs:ListQueues").error for _ in range(3)] == ["ThrottlingException", "ThrottlingException", None]


def test_delays(ask: Any) -> None:
    began = time.monotonic()
    assert ask("events:ListRules").status == 200
    assert time.monotonic() - began >= 0.2


def test_answers_in_every_protocol(ask: Any) -> None:
    events = ask("cloudtrail:LookupEvents").document
    assert events == {"Events": [{"EventName": "arn:aws:sns:eu-west-1:123456789012:t", "EventTime": "2026-11-24T10:00:00Z"}]}
    simulated = ask("iam:SimulatePrincipalPolicy", PolicySourceArn="arn:aws:iam::123456789012:role/r", ActionNames=["a:b"])
    assert simulated.document["EvaluationResults"][0]["EvalDecision"] == "allowed"
    assert ask("rds:DescribeDBInstances", DBInstanceIdentifier="d").error == "DBInstanceNotFound"
    assert ask("rds:DescribeDBInstances").document == {"DBInstances": []}, "other parameters are not answered"
    assert ask("s3:GetBucketReplication", Bucket="orders-in").document["ReplicationConfiguration"]["Role"] == "r"
    assert ask("s3:GetBucketReplication", Bucket="orders-in").error == "ReplicationConfigurationNotFoundError", "only once"


def test_the_log_tells_what_reached_it(ask: Any, emulator: AwsEmulator) -> None:
    ask("sns:ListTopics")
    ask("ec2:DescribeVpcs")
    ask("sns:DeleteTopic", TopicArn="arn:aws:sns:eu-west-1:123456789012:t")
    assert list(emulator.log()) == [
        {"operation": "sns:ListTopics", "mutating": False, "reached": True},
        {"operation": "ec2:DescribeVpcs", "mutating": False, "reached": False},
        {"operation": "sns:DeleteTopic", "mutating": True, "reached": True},
    ]


def test_reset_brings_the_seed_back(ask: Any, emulator: AwsEmulator) -> None:
    ask("s3:DeleteBucket", Bucket="orders-in")
    ask("sqs:CreateQueue", QueueName="extra")
    assert ask("s3:ListBuckets").document["Buckets"] == []
    emulator.reset()
    assert [bucket["Name"] for bucket in ask("s3:ListBuckets").document["Buckets"]] == ["orders-in"]
    assert [ask("sqs:ListQueues").document.get("QueueUrls") for _ in range(3)][-1] is None
    assert ask("sns:ListTopics").document == {"Topics": [{"TopicArn": "arn:aws:sns:eu-west-1:123456789012:t"}]}, "the other account's is not ours"


def test_rules_can_be_replaced(ask: Any, emulator: AwsEmulator) -> None:
    emulator.rules({"deny": ["sns:*"]})
    assert ask("sns:ListTopics").error == "AccessDenied" or ask("sns:ListTopics").status == 403
    assert ask("ec2:DescribeVpcs").status == 200


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([{"do": "s3:Nothing"}], "step 1 (s3:Nothing)"),
        ([{"do": "s3:CreateBucket", "params": {"Bucket": "${nothing.Name}"}}], "refers to nothing"),
        (
            [
                {"do": "sns:CreateTopic", "params": {"Name": "t"}},
                {"do": "sns:GetTopicAttributes", "params": {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:no"}},
            ],
            "step 2",
        ),
        ([{"done": "s3:CreateBucket"}], "do"),
    ],
)
def test_a_seed_that_fails_says_where(steps: Any, words: str) -> None:
    emulator = AwsEmulator()
    with pytest.raises(EndpointError) as caught:
        emulator.start({"steps": steps})
    assert words in caught.value.message
    with pytest.raises(EndpointError, match="not running"):
        emulator.log()


def test_the_child_ends_with_its_owner() -> None:
    code = "from nephoscope_aws.emulator import AwsEmulator\ne = AwsEmulator()\ne.start({})\nprint(e._child.pid, flush=True)\nimport os; os._exit(1)"
    child = int(subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60).stdout)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{child}").exists()


def test_a_scenario_file_by_hand(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(
        "id: x\nbase: [{do: 'sqs:CreateQueue', params: {QueueName: q}, as: q}]\nvariants: {fault: {front: {deny: ['sqs:ListQueues']}}, twin: {}}\n"
    )
    command = [sys.executable, "-m", "nephoscope_aws.emulator", "--seed", str(scenario), "--variant"]
    with subprocess.Popen([*command, "twin"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        greeting = json.loads(process.stdout.readline())
        process.terminate()
    assert greeting["endpoint"].startswith("http://127.0.0.1:") and "q" in greeting["names"]
    assert process.returncode == 0
    wrong = subprocess.run([*command, "nothing"], check=False, capture_output=True, text=True, timeout=60)
    assert wrong.returncode == 2 and "it has fault, twin" in wrong.stdout
