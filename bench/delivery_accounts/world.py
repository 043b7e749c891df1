"""Short words for building an account, and what an example of one is made of."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "123456789012"


class World:
    """Short words for building an account."""

    def __init__(self, client: Callable[..., Any], region: str) -> None:
        self.client, self.region = client, region
        self.made: dict[str, Any] = {}

    def arn(self, service: str, rest: str) -> str:
        return f"arn:aws:{service}:{self.region}:{ACCOUNT}:{rest}"

    def role(self, name: str = "lambda-role", allow: tuple[str, ...] = ("sqs:*", "logs:*")) -> str:
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
        }
        iam = self.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        if allow:
            document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": list(allow), "Resource": "*"}]}
            iam.put_role_policy(RoleName=name, PolicyName="basic", PolicyDocument=json.dumps(document))
        return str(arn)

    def function(self, name: str, role: str = "", **more: Any) -> str:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("index.py", "def handler(event, context):\n    return event\n")
        role = role or self.made.get("role") or self.made.setdefault("role", self.role())
        made = self.client("lambda").create_function(
            FunctionName=name, Runtime="python3.12", Role=role, Handler="index.handler", Code={"ZipFile": packed.getvalue()}, **more
        )
        return str(made["FunctionArn"])

    def bucket(self, name: str, *keys: str) -> None:
        self.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": self.region})
        for key in keys:
            self.client("s3").put_object(Bucket=name, Key=key, Body=b"x")

    def notify(self, bucket: str, **configuration: Any) -> None:
        self.client("s3").put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)

    def permit(self, function: str, service: str, source: str, statement: str = "invoke", **more: Any) -> None:
        self.client("lambda").add_permission(
            **{"FunctionName": function, "StatementId": statement, "Action": "lambda:InvokeFunction", "Principal": service, "SourceArn": source}
            | more
        )

    def unpermit(self, function: str, statement: str = "invoke") -> None:
        self.client("lambda").remove_permission(FunctionName=function, StatementId=statement)

    def queue(self, name: str, **attributes: str) -> str:
        return str(self.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    def url(self, queue: str) -> str:
        return str(self.client("sqs").get_queue_url(QueueName=queue)["QueueUrl"])

    def queue_policy(self, queue: str, *statements: dict[str, Any]) -> None:
        self.client("sqs").set_queue_attributes(QueueUrl=self.url(queue), Attributes={"Policy": document(*statements)})

    def queue_set(self, queue: str, **attributes: str) -> None:
        self.client("sqs").set_queue_attributes(QueueUrl=self.url(queue), Attributes=attributes)

    def topic_policy(self, topic: str, *statements: dict[str, Any]) -> None:
        self.client("sns").set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document(*statements))

    def key(self, *statements: dict[str, Any]) -> str:
        own = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
        return str(self.client("kms").create_key(Policy=document(own, *statements))["KeyMetadata"]["Arn"])


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(
    service: str, action: str, resource: str, source: str = "", operator: str = "ArnLike", effect: str = "Allow", **condition: Any
) -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": effect, "Principal": {"Service": service} if service else "*", "Action": action, "Resource": resource}
    if source:
        condition = {operator: {"aws:SourceArn": source}, **condition}
    return {**made, "Condition": condition} if condition else made


S3, SNS, EVENTS = "s3.amazonaws.com", "sns.amazonaws.com", "events.amazonaws.com"
KEY_USE = {"Effect": "Allow", "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], "Resource": "*"}


def usable_by(service: str) -> dict[str, Any]:
    return {**KEY_USE, "Principal": {"Service": service}}


@dataclass(frozen=True)
class Change:
    """One change. ``causes``: cause ids (shell patterns) that name it; none when it does no harm."""

    name: str
    apply: Callable[[World], Any]
    causes: tuple[str, ...] = ()
    about: str = ""
    """What words must name to be about the changed part at all."""


@dataclass(frozen=True)
class Example:
    """A healthy account with words that tell of trouble in it."""

    name: str
    build: Callable[[World], Any]
    texts: tuple[str, ...]
    changes: tuple[Change, ...] = field(default=())


def nothing(_: World) -> None:
    """Leave it as it is."""


def noise(world: World) -> None:
    """Neighbours that have nothing to do with it, some of them broken."""
    world.bucket("website-assets", "index.html")
    world.bucket("audit-logs-archive")
    world.function("audit-collector")
    world.queue("old-jobs")
    world.client("sns").create_topic(Name="billing-alerts")
    world.client("events").put_rule(Name="weekly-cleanup", ScheduleExpression="rate(7 days)", State="DISABLED")


def queue_policy(*statements: dict[str, Any]) -> Callable[[World], None]:
    return lambda world: world.queue_policy("invoice-jobs", *statements)


def keyed(queue: str, *statements: dict[str, Any], after: str = "") -> Callable[[World], None]:
    def apply(world: World) -> None:
        key = world.key(*statements)
        policy = world.client("sqs").get_queue_attributes(QueueUrl=world.url(queue), AttributeNames=["Policy"])["Attributes"]["Policy"]
        world.queue_set(queue, KmsMasterKeyId=key, Policy=policy)
        if after == "disable":
            world.client("kms").disable_key(KeyId=key.rsplit("/", 1)[-1])
        if after == "delete":
            world.client("kms").schedule_key_deletion(KeyId=key.rsplit("/", 1)[-1], PendingWindowInDays=7)

    return apply


PERMISSION = ("aws.lambda.permission-missing",)
QUEUE_POLICY = ("aws.sqs.queue-policy-missing-service",)
TOPIC_POLICY = ("aws.sns.topic-policy-denies-publisher",)
