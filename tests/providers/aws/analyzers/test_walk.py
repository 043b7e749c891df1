"""The generic walk by itself, as where no other analyzer has an answer: each fault beside its healthy twin, never a word that all is well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
import pytest
from harness import ACCOUNT, IDENTITY, REGION, Account, known_facts
from moto import mock_aws

from nephoscope.engine.analysis import Analysis
from nephoscope.engine.verdict import diagnose
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Diagnosis, Finding, Problem, ResourceRef
from nephoscope_aws.access.things import ref
from nephoscope_aws.analyzers.walk import WalkAnalyzer
from nephoscope_aws.analyzers.walking.better_known import better_known
from nephoscope_aws.analyzers.walking.conditions import conditions, mended
from nephoscope_aws.analyzers.walking.references import references

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"


@cache
def client(service: str) -> Any:
    return boto3.client(service, region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing")


class Local(Account):
    """Emulated in this process; everything is in one region."""

    def client(self, service: str, region: str = REGION) -> Any:
        return client(service)


def machine(name: str, function: str, role: str = "flow-exec") -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": f"{FUNCTION}{function}", "End": True}}}
    client("stepfunctions").create_state_machine(name=name, roleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}", definition=json.dumps(definition))


@pytest.fixture(scope="module", autouse=True)
def account() -> Iterator[None]:
    with mock_aws():
        trust = json.dumps({"Statement": {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}})
        for name in ("flow-exec", "crawl"):
            client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        for name, environment in (
            ("step-a", {}),
            ("sync-crm", {"TABLE_NAME": "customer"}),
            ("sync-erp", {"TABLE_NAME": "customers"}),
            ("sync-tax", {}),
        ):
            client("lambda").create_function(
                FunctionName=name, Runtime="python3.12", Role=f"arn:aws:iam::{ACCOUNT}:role/flow-exec", Handler="a.b",
                Code={"ZipFile": b"x"}, Environment={"Variables": environment},
            )  # fmt: skip
        key = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}
        client("dynamodb").create_table(TableName="customers", BillingMode="PAY_PER_REQUEST", **key)
        machine("order-flow", "step-aa")
        machine("good-flow", "step-a")
        machine("lost-flow", "step-a", role="gone-exec")
        client("s3").create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": REGION})
        client("glue").create_database(DatabaseInput={"Name": "lake_db"})
        for name, bucket in (("lake-crawler", "lakee"), ("lake-crawler-2", "lake")):
            targets = {"S3Targets": [{"Path": f"s3://{bucket}/raw/"}]}
            client("glue").create_crawler(Name=name, Role=f"arn:aws:iam::{ACCOUNT}:role/crawl", DatabaseName="lake_db", Targets=targets)
        client("kinesis").create_stream(StreamName="positions", ShardCount=1)
        stream = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/positions"
        client("lambda").create_event_source_mapping(FunctionName="step-a", EventSourceArn=stream, StartingPosition="LATEST", Enabled=False)
        key = client("kms").create_key()["KeyMetadata"]
        kept = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key["Arn"]}
        client("s3").create_bucket(Bucket="receipts", CreateBucketConfiguration={"LocationConstraint": REGION})
        rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": kept}]}
        client("s3").put_bucket_encryption(Bucket="receipts", ServerSideEncryptionConfiguration=rules)
        client("kms").disable_key(KeyId=key["KeyId"])
        client("events").put_rule(Name="tax-hourly", ScheduleExpression="rate(1 hour)", State="DISABLED")
        client("events").put_targets(Rule="tax-hourly", Targets=[{"Id": "1", "Arn": f"{FUNCTION}sync-tax"}])
        for name, state in (("hourly-sync", "DISABLED"), ("daily-sync", "ENABLED")):
            client("scheduler").create_schedule(
                Name=name, ScheduleExpression="rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF"}, State=state,
                Target={"Arn": f"{FUNCTION}sync-erp", "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/flow-exec"},
            )  # fmt: skip
        yield


def diagnosed(text: str, *deny: str) -> Diagnosis:
    analysis = Analysis([WalkAnalyzer()])

    class Everything:
        @staticmethod
        def analyze(view: Any) -> Any:
            return analysis(view)

    asked = Local("", deny=frozenset(deny))
    view, findings = asked.investigate([Everything], asked.understand(text))
    assert not analysis.broken
    return diagnose(view, findings, analysis)


@pytest.mark.parametrize(
    ("text", "cause", "named"),
    [
        ("function sync-crm fails on every run since the release", "aws.lambda.environment-names-missing", "there is customers"),
        ("the order-flow state machine fails at once", "aws.stepfunctions.function-deleted", "there is step-a"),
        ("state machine lost-flow does not start", "aws.stepfunctions.role-deleted", "role gone-exec"),
        ("crawler lake-crawler finds nothing any more", "aws.glue.crawler-dangling-reference", "bucket lakee"),
        ("the eventbridge schedule hourly-sync did not run", "aws.scheduler.disabled", "DISABLED"),
        ("function step-a never runs", "aws.lambda.event-source-mapping-disabled", "Disabled"),
        ("bucket receipts is broken", "aws.kms.key-disabled", "Disabled"),
    ],
)
def test_what_is_broken_is_named_as_a_playbook_names_it(text: str, cause: str, named: str) -> None:
    diagnosis = diagnosed(text)
    assert [one.cause for one in diagnosis.causes] == [cause], diagnosis
    assert diagnosis.verdict in ("confirmed", "likely")
    assert named in diagnosis.causes[0].note
    assert diagnosis.causes[0].because


@pytest.mark.parametrize(
    "text",
    [
        "function sync-erp fails on every run",
        "state machine good-flow fails at once",
        "crawler lake-crawler-2 finds nothing any more",
        "the eventbridge schedule daily-sync did not run",
    ],
)
def test_where_nothing_is_broken_nothing_is_claimed(text: str) -> None:
    diagnosis = diagnosed(text)
    assert (diagnosis.verdict, diagnosis.causes) == ("inconclusive", ()), diagnosis.causes


@pytest.mark.parametrize(("text", "told"), [("sync-tax does nothing", True), ("sync-tax fails with AccessDenied when it starts a job", False)])
def test_what_should_have_called_it_is_no_cause_of_how_it_fails(text: str, told: bool) -> None:
    diagnosis = diagnosed(text)
    feeding = [one for one in (*diagnosis.causes, *diagnosis.also_noticed) if one.subject.label == "tax-hourly"]
    assert feeding
    assert any(one in diagnosis.causes for one in feeding) is told


def test_what_may_not_be_read_is_left_open() -> None:
    diagnosis = diagnosed("the order-flow state machine fails at once", "stepfunctions:DescribeStateMachine")
    assert (diagnosis.verdict, diagnosis.causes) == ("inconclusive", ())


HOLDER = ResourceRef(cloud="aws", kind="k", native_type="batch:job-queue", native_id="q", account=ACCOUNT, region=REGION, name="q")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/a"}, ["iam:role a"]),
        ({"uri": f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{FUNCTION}f/invocations"}, ["lambda:function f"]),
        ({"Path": "s3://lake/raw/x"}, ["s3:bucket lake"]),
        ({"url": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/jobs"}, ["sqs:queue jobs"]),
        ({"Groups": ["sg-0123456789abcdef0"]}, ["ec2:security-group sg-0123456789abcdef0"]),
        ({"ORDERS_TABLE": "orders", "LOG_LEVEL": "info", "STAGE": "prod"}, ["dynamodb:table orders"]),
        ({"options": {"awslogs-group": "/ecs/shop"}}, ["logs:log-group /ecs/shop"]),
        ({"KmsKeyId": "alias/app"}, ["kms:alias alias/app"]),
        ({"KmsKeyId": "alias/aws/s3", "Resource": f"{FUNCTION}*", "Name": "orders", "text": "a table of orders"}, []),
        ({"policy": "arn:aws:iam::aws:policy/ReadOnly", "task": "arn:aws:states:::lambda:invoke"}, []),
    ],
)  # fmt: skip
def test_what_a_configuration_refers_to(value: Any, found: list[str]) -> None:
    assert [f"{one.ref.native_type} {one.ref.label}" for one in references(value, "configuration", HOLDER, IDENTITY)] == found


@pytest.mark.parametrize(
    ("value", "means"),
    [
        ("Disabled", "it is Disabled"),
        ({"status": "CREATE_FAILED", "name": "x"}, "it is CREATE_FAILED"),
        ({"Trail": {"State": "SUSPENDED", "Name": "x"}}, "it is SUSPENDED"),
        ({"desiredCount": 0}, "desiredCount is 0: nothing is ever to run"),
        ({"throttle": {"rateLimit": 0.0, "burst": 0}, "quotaLimit": 0}, "quotaLimit is 0: every call is refused"),
    ],
)
def test_conditions_and_their_mending(value: Any, means: str) -> None:
    found = list(conditions(value, "state"))
    assert found[0].means == means
    assert not list(conditions(mended(value, "state"), "state"))


@pytest.mark.parametrize(
    "value",
    [
        "ACTIVE", {"status": "RUNNING"}, {"logging": {"enabled": False}}, {"versions": [{"state": "INACTIVE"}]}, {"desiredCount": 1, "minSize": 0},
        {"description": "it has failed before"}, {"tracingConfiguration": {"enabled": False}, "name": "x"},
    ],
)  # fmt: skip
def test_what_is_healthy_has_no_condition(value: Any) -> None:
    assert not list(conditions(value, "configuration"))


def test_a_table_behind_its_stream_is_named_without_the_time_of_the_stream() -> None:
    mapping = ref("lambda:event-source-mapping", "0b5c7a52", "0b5c7a52", ACCOUNT)
    stream = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/orders/stream/2026-11-29T23:56:56.293"
    facts = known_facts({(mapping, "state"): "Disabled", (mapping, "source"): stream, (mapping, "function"): f"{FUNCTION}step-a"})
    seen = Evidence(Problem(text="", symptom="", now=""), facts)
    told = better_known(seen, Finding(cause="aws.lambda.event-source-mapping-not-in-service", subject=mapping, holds="yes"))
    assert (told.cause, told.details["queue"], told.details["function"]) == ("aws.lambda.event-source-mapping-disabled", "orders", "step-a")
