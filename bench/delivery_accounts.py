"""Healthy accounts in which events travel, and single changes that stop them or do no harm."""

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


# -- bucket → function -------------------------------------------------------------------------------------------------


def s3_lambda(world: World) -> None:
    noise(world)
    world.bucket("imageuploads-prod", "raw/cat.jpg")
    world.made["fn"] = world.function("imageResizer")
    world.permit("imageResizer", S3, "arn:aws:s3:::imageuploads-prod")
    s3_lambda_notify(world)


def s3_lambda_notify(world: World, **more: Any) -> None:
    entry = {"LambdaFunctionArn": world.arn("lambda", "function:imageResizer"), "Events": ["s3:ObjectCreated:*"]}
    world.notify("imageuploads-prod", LambdaFunctionConfigurations=[entry | more])


def key_filter(prefix: str = "", suffix: str = "") -> dict[str, Any]:
    rules = [{"Name": name, "Value": value} for name, value in (("prefix", prefix), ("suffix", suffix)) if value]
    return {"Key": {"FilterRules": rules}}


def s3_lambda_permission(**more: Any) -> Callable[[World], None]:
    def apply(world: World) -> None:
        world.unpermit("imageResizer")
        source = more.pop("source", "arn:aws:s3:::imageuploads-prod")
        world.permit("imageResizer", more.pop("service", S3), source, **more)

    return apply


PERMISSION = ("aws.lambda.permission-missing",)
S3_LAMBDA = Example(
    "s3-lambda",
    s3_lambda,
    (
        "S3 trigger broken for imageResizer",
        "new photos in bucket imageuploads-prod are not processed by imageResizer any more",
        "imageResizer isn't invoked when files are uploaded to imageuploads-prod",
        "uploads to imageuploads-prod don't trigger anything since yesterday",
        "Lambda imageResizer never runs for objects put to s3://imageuploads-prod/raw/",
    ),
    (
        Change("healthy", nothing),
        Change("no-objects", lambda w: w.client("s3").delete_object(Bucket="imageuploads-prod", Key="raw/cat.jpg")),
        Change("permission-removed", lambda w: w.unpermit("imageResizer"), PERMISSION),
        Change("permission-other-bucket", s3_lambda_permission(source="arn:aws:s3:::imageuploads-dev"), PERMISSION),
        Change("permission-object-arn", s3_lambda_permission(source="arn:aws:s3:::imageuploads-prod/*"), PERMISSION),
        Change("permission-other-account", s3_lambda_permission(SourceAccount="210987654321"), PERMISSION),
        Change("permission-right-account", s3_lambda_permission(SourceAccount=ACCOUNT)),
        Change("permission-other-service", s3_lambda_permission(service=SNS), PERMISSION),
        Change("permission-other-action", s3_lambda_permission(Action="lambda:GetFunction"), PERMISSION),
        Change("permission-wide", s3_lambda_permission(source="arn:aws:s3:::imageuploads-*")),
        Change("notification-empty", lambda w: w.notify("imageuploads-prod"), ("aws.s3.notification-missing",)),
        Change("events-removed", lambda w: s3_lambda_notify(w, Events=["s3:ObjectRemoved:*"]), ("aws.s3.notification-event-type-mismatch",)),
        Change("events-copy", lambda w: s3_lambda_notify(w, Events=["s3:ObjectCreated:Copy"]), ("aws.s3.notification-event-type-mismatch",)),
        Change("events-put", lambda w: s3_lambda_notify(w, Events=["s3:ObjectCreated:Put", "s3:ObjectCreated:CompleteMultipartUpload"])),
        Change("prefix-wrong", lambda w: s3_lambda_notify(w, Filter=key_filter("incoming/")), ("aws.s3.notification-filter-mismatch",)),
        Change("suffix-case", lambda w: s3_lambda_notify(w, Filter=key_filter("", ".JPG")), ("aws.s3.notification-filter-mismatch",)),
        Change("prefix-slash", lambda w: s3_lambda_notify(w, Filter=key_filter("/raw")), ("aws.s3.notification-filter-mismatch",)),
        Change("filter-fits", lambda w: s3_lambda_notify(w, Filter=key_filter("raw/", ".jpg"))),
        Change(
            "function-deleted",
            lambda w: w.client("lambda").delete_function(FunctionName="imageResizer"),
            ("aws.s3.notification-destination-deleted", "aws.lambda.permission-missing"),
        ),
        Change(
            "function-renamed",
            lambda w: (w.function("image-resizer-v2"), w.client("lambda").delete_function(FunctionName="imageResizer")),
            ("aws.s3.notification-destination-deleted",),
        ),
        Change(
            "reserved-0",
            lambda w: w.client("lambda").put_function_concurrency(FunctionName="imageResizer", ReservedConcurrentExecutions=0),
            ("aws.lambda.reserved-concurrency-zero",),
        ),
        Change("reserved-5", lambda w: w.client("lambda").put_function_concurrency(FunctionName="imageResizer", ReservedConcurrentExecutions=5)),
        Change(
            "role-deleted",
            lambda w: (
                w.client("iam").delete_role_policy(RoleName="lambda-role", PolicyName="basic"),
                w.client("iam").delete_role(RoleName="lambda-role"),
            ),
            ("aws.lambda.execution-role-deleted",),
        ),
        Change(
            "points-to-other-function",
            lambda w: (
                w.function("imageThumbs"),
                w.permit("imageThumbs", S3, "arn:aws:s3:::imageuploads-prod"),
                s3_lambda_notify(w, LambdaFunctionArn=w.arn("lambda", "function:imageThumbs")),
            ),
            ("aws.s3.notification-missing",),
            about="imageResizer",
        ),
        Change(
            "two-faults",
            lambda w: (w.unpermit("imageResizer"), s3_lambda_notify(w, Filter=key_filter("incoming/"))),
            ("aws.lambda.permission-missing", "aws.s3.notification-filter-mismatch"),
        ),
        Change(
            "alias-permission-missing",
            lambda w: (
                w.client("lambda").publish_version(FunctionName="imageResizer"),
                w.client("lambda").create_alias(FunctionName="imageResizer", Name="live", FunctionVersion="1"),
                s3_lambda_notify(w, LambdaFunctionArn=w.arn("lambda", "function:imageResizer:live")),
            ),
            PERMISSION,
        ),
    ),
)


# -- bucket → queue → function -----------------------------------------------------------------------------------------


def s3_sqs(world: World) -> None:
    noise(world)
    world.bucket("invoices-inbound", "2026/11/a.pdf")
    world.queue("invoice-jobs", VisibilityTimeout="60")
    world.queue_policy("invoice-jobs", s3_queue())
    world.function("invoiceParser", Timeout=10)
    world.made["map"] = world.client("lambda").create_event_source_mapping(
        EventSourceArn=world.arn("sqs", "invoice-jobs"), FunctionName="invoiceParser", BatchSize=5
    )["UUID"]
    s3_sqs_notify(world)


def s3_queue(**more: Any) -> dict[str, Any]:
    arn = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:invoice-jobs"
    made: dict[str, Any] = {"service": S3, "action": "sqs:SendMessage", "resource": arn, "source": "arn:aws:s3:::invoices-inbound"}
    return allow(**(made | more))


def s3_sqs_notify(world: World, **more: Any) -> None:
    world.notify("invoices-inbound", QueueConfigurations=[{"QueueArn": world.arn("sqs", "invoice-jobs"), "Events": ["s3:ObjectCreated:*"]} | more])


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


QUEUE_POLICY = ("aws.sqs.queue-policy-missing-service",)
DENY = {"Sid": "NoOne", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:invoice-jobs"}
S3_SQS = Example(
    "s3-sqs-lambda",
    s3_sqs,
    (
        "PDFs uploaded to invoices-inbound never reach the queue invoice-jobs",
        "invoiceParser does not process files from s3 bucket invoices-inbound any more",
        "no messages in invoice-jobs although people upload to invoices-inbound",
        "invoices uploaded to invoices-inbound are not parsed, nothing arrives at invoiceParser",
    ),
    (
        Change("healthy", nothing),
        Change("policy-removed", lambda w: w.queue_set("invoice-jobs", Policy=""), QUEUE_POLICY),
        Change("policy-other-source", queue_policy(s3_queue(source="arn:aws:s3:::invoices-outbound")), QUEUE_POLICY),
        Change("policy-other-account", queue_policy(s3_queue(StringEquals={"aws:SourceAccount": "999999999999"})), QUEUE_POLICY),
        Change("policy-account-fits", queue_policy(s3_queue(StringEquals={"aws:SourceAccount": ACCOUNT}))),
        Change("policy-arnequals-wildcard", queue_policy(s3_queue(operator="ArnEquals", source="arn:aws:s3:*:*:invoices-*"))),
        Change("policy-stringequals-wildcard", queue_policy(s3_queue(operator="StringEquals", source="arn:aws:s3:::invoices-*")), QUEUE_POLICY),
        Change("policy-other-action", queue_policy(s3_queue(action="sqs:ReceiveMessage")), QUEUE_POLICY),
        Change("policy-action-case", queue_policy(s3_queue(action="SQS:SendMessage"))),
        Change("policy-other-queue", queue_policy(s3_queue(resource=f"arn:aws:sqs:eu-west-1:{ACCOUNT}:invoice-job")), QUEUE_POLICY),
        Change("policy-other-service", queue_policy(s3_queue(service=SNS)), QUEUE_POLICY),
        Change("policy-deny-added", queue_policy(s3_queue(), DENY), ("aws.sqs.queue-policy-denies-service",)),
        Change("policy-deny-insecure", queue_policy(s3_queue(), DENY | {"Condition": {"Bool": {"aws:SecureTransport": "false"}}})),
        Change("policy-principal-star", queue_policy(s3_queue(service=""))),
        Change(
            "policy-root-only",
            queue_policy({"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sqs:*", "Resource": "*"}),
            QUEUE_POLICY,
        ),
        Change("notification-gone", lambda w: w.notify("invoices-inbound"), ("aws.s3.notification-missing",)),
        Change("suffix-wrong", lambda w: s3_sqs_notify(w, Filter=key_filter("", ".xml")), ("aws.s3.notification-filter-mismatch",)),
        Change("queue-deleted", lambda w: w.client("sqs").delete_queue(QueueUrl=w.url("invoice-jobs")), ("aws.s3.notification-destination-deleted",)),
        Change(
            "notifies-other-region",
            lambda w: s3_sqs_notify(w, QueueArn=f"arn:aws:sqs:eu-west-1:{ACCOUNT}:invoice-jobs-old"),
            ("aws.s3.notification-destination-deleted", "aws.s3.notification-missing"),
        ),
        Change(
            "mapping-disabled",
            lambda w: w.client("lambda").update_event_source_mapping(UUID=w.made["map"], Enabled=False),
            ("aws.lambda.event-source-mapping-disabled",),
            about="invoiceParser",
        ),
        Change(
            "mapping-deleted",
            lambda w: w.client("lambda").delete_event_source_mapping(UUID=w.made["map"]),
            ("aws.lambda.event-source-mapping-missing",),
            about="invoiceParser",
        ),
        Change("key-without-s3", keyed("invoice-jobs"), ("aws.kms.key-policy-lacks-service",)),
        Change("key-with-s3", keyed("invoice-jobs", usable_by(S3))),
        Change("key-disabled", keyed("invoice-jobs", usable_by(S3), after="disable"), ("aws.kms.delivery-key-unusable",)),
        Change("key-being-deleted", keyed("invoice-jobs", usable_by(S3), after="delete"), ("aws.kms.delivery-key-unusable",)),
        Change(
            "managed-key",
            lambda w: w.queue_set("invoice-jobs", KmsMasterKeyId="alias/aws/sqs", Policy=document(s3_queue())),
            ("aws.sqs.default-key-blocks-service",),
        ),
        Change(
            "reserved-0",
            lambda w: w.client("lambda").put_function_concurrency(FunctionName="invoiceParser", ReservedConcurrentExecutions=0),
            ("aws.lambda.reserved-concurrency-zero",),
            about="invoiceParser",
        ),
        Change(
            "role-cannot-poll",
            lambda w: w.client("iam").delete_role_policy(RoleName="lambda-role", PolicyName="basic"),
            ("aws.lambda.role-cannot-poll",),
            about="invoiceParser",
        ),
        Change(
            "two-faults",
            lambda w: (w.queue_set("invoice-jobs", Policy=""), w.client("lambda").update_event_source_mapping(UUID=w.made["map"], Enabled=False)),
            ("aws.sqs.queue-policy-missing-service", "aws.lambda.event-source-mapping-disabled"),
            about="invoiceParser",
        ),
    ),
)


# -- topic → queues and function ---------------------------------------------------------------------------------------


def fan_out(world: World) -> None:
    noise(world)
    topic = world.client("sns").create_topic(Name="OrderPlaced")["TopicArn"]
    for queue in ("shipping-queue", "audit_queue"):
        world.queue(queue)
        arn = world.arn("sqs", queue)
        world.queue_policy(queue, allow(SNS, "sqs:SendMessage", arn, topic, "ArnEquals"))
        world.made[queue] = world.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)["SubscriptionArn"]
    world.function("notifyCustomer")
    world.permit("notifyCustomer", SNS, topic)
    world.made["fn"] = world.client("sns").subscribe(TopicArn=topic, Protocol="lambda", Endpoint=world.arn("lambda", "function:notifyCustomer"))[
        "SubscriptionArn"
    ]
    world.made["topic"] = topic


def subscription_set(name: str, **attributes: str) -> Callable[[World], None]:
    def apply(world: World) -> None:
        for attribute, value in attributes.items():
            world.client("sns").set_subscription_attributes(SubscriptionArn=world.made[name], AttributeName=attribute, AttributeValue=value)

    return apply


def audit_policy(**more: Any) -> Callable[[World], None]:
    arn = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:audit_queue"
    made: dict[str, Any] = {"service": SNS, "action": "sqs:SendMessage", "resource": arn, "source": f"arn:aws:sns:eu-west-1:{ACCOUNT}:OrderPlaced"}
    return lambda world: world.queue_policy("audit_queue", allow(**(made | more)))


FAN_OUT = Example(
    "sns-sqs",
    fan_out,
    (
        "our SNS topic OrderPlaced doesn't fan out to audit_queue any more",
        "audit_queue gets no messages from OrderPlaced while shipping-queue works fine",
        "messages published to OrderPlaced never arrive in the audit_queue",
        "queue audit_queue stays empty, topic OrderPlaced is published to all day",
    ),
    (
        Change("healthy", nothing),
        Change("unsubscribed", lambda w: w.client("sns").unsubscribe(SubscriptionArn=w.made["audit_queue"]), ("aws.sns.subscription-missing",)),
        Change("policy-removed", lambda w: w.queue_set("audit_queue", Policy=""), QUEUE_POLICY),
        Change("policy-other-topic", audit_policy(source=f"arn:aws:sns:eu-west-1:{ACCOUNT}:OrderCreated"), QUEUE_POLICY),
        Change("policy-other-region", audit_policy(source=f"arn:aws:sns:us-east-1:{ACCOUNT}:OrderPlaced"), QUEUE_POLICY),
        Change("policy-other-case", audit_policy(source=f"arn:aws:sns:eu-west-1:{ACCOUNT}:orderplaced"), QUEUE_POLICY),
        Change("policy-service-typo", audit_policy(service=S3), QUEUE_POLICY),
        Change("policy-principal-star", audit_policy(service="")),
        Change("policy-deny", audit_policy(effect="Deny"), ("aws.sqs.queue-policy-denies-service",)),
        Change("queue-deleted", lambda w: w.client("sqs").delete_queue(QueueUrl=w.url("audit_queue")), ("aws.sns.subscription-endpoint-deleted",)),
        Change("raw-on", subscription_set("audit_queue", RawMessageDelivery="true")),
        Change("key-without-sns", keyed("audit_queue"), ("aws.kms.key-policy-lacks-service",)),
        Change("key-disabled", keyed("audit_queue", usable_by(SNS), after="disable"), ("aws.kms.delivery-key-unusable",)),
        Change("filter-set", subscription_set("audit_queue", FilterPolicy='{"channel": ["web"]}'), ("aws.sns.subscription-filter-mismatch",)),
        Change("other-subscriber-broken", lambda w: w.queue_set("shipping-queue", Policy="")),
        Change(
            "two-faults",
            lambda w: (w.client("sns").unsubscribe(SubscriptionArn=w.made["audit_queue"]), w.queue_set("audit_queue", Policy="")),
            ("aws.sns.subscription-missing", "aws.sqs.queue-policy-missing-service"),
        ),
    ),
)
FAN_LAMBDA = Example(
    "sns-lambda",
    fan_out,
    (
        "notifyCustomer is not called when something is published to OrderPlaced",
        "SNS OrderPlaced -> lambda notifyCustomer: no invocations",
        "the notifyCustomer function doesn't get the OrderPlaced notifications",
    ),
    (
        Change("healthy", nothing),
        Change("unsubscribed", lambda w: w.client("sns").unsubscribe(SubscriptionArn=w.made["fn"]), ("aws.sns.subscription-missing",)),
        Change("permission-removed", lambda w: w.unpermit("notifyCustomer"), PERMISSION),
        Change(
            "permission-other-topic",
            lambda w: (w.unpermit("notifyCustomer"), w.permit("notifyCustomer", SNS, w.arn("sns", "OrderPlaced-dev"))),
            PERMISSION,
        ),
        Change("permission-s3", lambda w: (w.unpermit("notifyCustomer"), w.permit("notifyCustomer", S3, w.made["topic"])), PERMISSION),
        Change(
            "function-deleted",
            lambda w: w.client("lambda").delete_function(FunctionName="notifyCustomer"),
            ("aws.sns.subscription-endpoint-deleted",),
        ),
        Change(
            "reserved-0",
            lambda w: w.client("lambda").put_function_concurrency(FunctionName="notifyCustomer", ReservedConcurrentExecutions=0),
            ("aws.lambda.reserved-concurrency-zero",),
        ),
        Change(
            "topic-recreated",
            lambda w: (w.client("sns").delete_topic(TopicArn=w.made["topic"]), w.client("sns").create_topic(Name="OrderPlaced")),
            ("aws.sns.subscription-missing",),
        ),
    ),
)


# -- bucket → topic → queue --------------------------------------------------------------------------------------------


def s3_sns(world: World) -> None:
    noise(world)
    world.bucket("scan-drop", "in/1.tif")
    topic = world.client("sns").create_topic(Name="scan-events")["TopicArn"]
    world.made["topic"] = topic
    world.topic_policy(topic, allow(S3, "sns:Publish", topic, "arn:aws:s3:::scan-drop"))
    world.queue("ocr_jobs")
    world.queue_policy("ocr_jobs", allow(SNS, "sqs:SendMessage", world.arn("sqs", "ocr_jobs"), topic))
    world.made["sub"] = world.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=world.arn("sqs", "ocr_jobs"))["SubscriptionArn"]
    world.notify("scan-drop", TopicConfigurations=[{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}])


def scan_policy(**more: Any) -> Callable[[World], None]:
    topic = f"arn:aws:sns:eu-west-1:{ACCOUNT}:scan-events"
    made: dict[str, Any] = {"service": S3, "action": "sns:Publish", "resource": topic, "source": "arn:aws:s3:::scan-drop"}
    return lambda world: world.topic_policy(topic, allow(**(made | more)))


TOPIC_POLICY = ("aws.sns.topic-policy-denies-publisher",)
S3_SNS = Example(
    "s3-sns-sqs",
    s3_sns,
    (
        "files put in scan-drop do not end up as messages in ocr_jobs",
        "scan-events is never published to when scans land in scan-drop",
        "ocr_jobs is empty, although scans arrive in s3://scan-drop/in/",
    ),
    (
        Change("healthy", nothing),
        Change("topic-policy-source", scan_policy(source="arn:aws:s3:::scan-drops"), TOPIC_POLICY),
        Change("topic-policy-service", scan_policy(service=EVENTS), TOPIC_POLICY),
        Change("topic-policy-action", scan_policy(action="sns:Subscribe"), TOPIC_POLICY),
        Change("topic-policy-deny", scan_policy(effect="Deny"), TOPIC_POLICY),
        Change("topic-deleted", lambda w: w.client("sns").delete_topic(TopicArn=w.made["topic"]), ("aws.s3.notification-destination-deleted",)),
        Change("notification-missing", lambda w: w.notify("scan-drop"), ("aws.s3.notification-missing",)),
        Change(
            "topic-key-without-s3",
            lambda w: w.client("sns").set_topic_attributes(TopicArn=w.made["topic"], AttributeName="KmsMasterKeyId", AttributeValue=w.key()),
            ("aws.kms.key-policy-lacks-service",),
        ),
        Change(
            "topic-key-managed",
            lambda w: w.client("sns").set_topic_attributes(TopicArn=w.made["topic"], AttributeName="KmsMasterKeyId", AttributeValue="alias/aws/sns"),
            ("aws.sns.default-key-blocks-service",),
        ),
        Change("queue-policy", lambda w: w.queue_set("ocr_jobs", Policy=""), QUEUE_POLICY, about="ocr_jobs"),
        Change(
            "body-filter",
            subscription_set("sub", FilterPolicyScope="MessageBody", FilterPolicy='{"kind": ["scan"]}'),
            ("aws.sns.subscription-filter-mismatch",),
            about="ocr_jobs",
        ),
        Change(
            "attribute-filter",
            subscription_set("sub", FilterPolicy='{"kind": ["scan"]}'),
            ("aws.sns.subscription-filter-mismatch",),
            about="ocr_jobs",
        ),
    ),
)


# -- queue → function --------------------------------------------------------------------------------------------------


def sqs_lambda(world: World) -> None:
    noise(world)
    world.queue("order_events.fifo", FifoQueue="true", VisibilityTimeout="120")
    dead = world.queue("order_events_dlq.fifo", FifoQueue="true")
    assert dead
    world.queue_set(
        "order_events.fifo", RedrivePolicy=json.dumps({"deadLetterTargetArn": world.arn("sqs", "order_events_dlq.fifo"), "maxReceiveCount": 5})
    )
    world.function("orderWorker", Timeout=20)
    world.made["map"] = world.client("lambda").create_event_source_mapping(
        EventSourceArn=world.arn("sqs", "order_events.fifo"), FunctionName="orderWorker"
    )["UUID"]


SQS_LAMBDA = Example(
    "sqs-lambda",
    sqs_lambda,
    (
        "messages pile up in order_events.fifo",
        "lambda orderWorker isn't picking messages from the queue order_events.fifo",
        "order_events.fifo backlog keeps growing, orderWorker does not consume",
        "orderWorker stopped polling order_events.fifo last night",
    ),
    (
        Change("healthy", nothing),
        Change("with-backlog", lambda w: w.client("sqs").send_message(QueueUrl=w.url("old-jobs"), MessageBody="x")),
        Change(
            "mapping-disabled",
            lambda w: w.client("lambda").update_event_source_mapping(UUID=w.made["map"], Enabled=False),
            ("aws.lambda.event-source-mapping-disabled",),
        ),
        Change(
            "mapping-deleted",
            lambda w: w.client("lambda").delete_event_source_mapping(UUID=w.made["map"]),
            ("aws.lambda.event-source-mapping-missing",),
        ),
        Change(
            "function-deleted",
            lambda w: w.client("lambda").delete_function(FunctionName="orderWorker"),
            ("aws.lambda.event-source-mapping-function-deleted", "aws.lambda.event-source-mapping-missing"),
        ),
        Change(
            "reserved-0",
            lambda w: w.client("lambda").put_function_concurrency(FunctionName="orderWorker", ReservedConcurrentExecutions=0),
            ("aws.lambda.reserved-concurrency-zero",),
        ),
        Change(
            "role-cannot-poll",
            lambda w: w.client("iam").delete_role_policy(RoleName="lambda-role", PolicyName="basic"),
            ("aws.lambda.role-cannot-poll",),
        ),
        Change(
            "role-denied",
            lambda w: w.client("iam").put_role_policy(
                RoleName="lambda-role",
                PolicyName="guard",
                PolicyDocument=document({"Effect": "Deny", "Action": "sqs:ReceiveMessage", "Resource": "*"}),
            ),
            ("aws.lambda.role-cannot-poll",),
        ),
        Change(
            "role-other-queue",
            lambda w: w.client("iam").put_role_policy(
                RoleName="lambda-role",
                PolicyName="basic",
                PolicyDocument=document({"Effect": "Allow", "Action": "sqs:*", "Resource": w.arn("sqs", "order-events.fifo")}),
            ),
            ("aws.lambda.role-cannot-poll",),
        ),
        Change(
            "queue-policy-deny",
            lambda w: w.queue_policy("order_events.fifo", {"Effect": "Deny", "Principal": "*", "Action": "sqs:ReceiveMessage", "Resource": "*"}),
            ("aws.lambda.role-cannot-poll", "aws.sqs.*"),
        ),
        Change(
            "filter-set",
            lambda w: w.client("lambda").update_event_source_mapping(
                UUID=w.made["map"], FilterCriteria={"Filters": [{"Pattern": '{"body": {"type": ["order"]}}'}]}
            ),
        ),
    ),
)


# -- rules -------------------------------------------------------------------------------------------------------------


def rules(world: World) -> None:
    noise(world)
    events = world.client("events")
    world.function("NightlyReport")
    nightly = events.put_rule(Name="nightly-report", ScheduleExpression="cron(0 2 * * ? *)", State="ENABLED")["RuleArn"]
    world.permit("NightlyReport", EVENTS, nightly)
    events.put_targets(Rule="nightly-report", Targets=[{"Id": "1", "Arn": world.arn("lambda", "function:NightlyReport")}])
    world.queue("payments-q")
    paid = events.put_rule(Name="payment-received", EventPattern=json.dumps({"source": ["com.shop.payments"], "detail-type": ["Paid"]}))["RuleArn"]
    world.queue_policy("payments-q", allow(EVENTS, "sqs:SendMessage", world.arn("sqs", "payments-q"), paid, "ArnEquals"))
    events.put_targets(Rule="payment-received", Targets=[{"Id": "q", "Arn": world.arn("sqs", "payments-q")}])
    topic = world.client("sns").create_topic(Name="ops-health")["TopicArn"]
    world.topic_policy(topic, allow(EVENTS, "sns:Publish", topic))
    world.queue("ops-inbox")
    world.queue_policy("ops-inbox", allow(SNS, "sqs:SendMessage", world.arn("sqs", "ops-inbox"), topic))
    world.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=world.arn("sqs", "ops-inbox"))
    events.put_rule(Name="health-feed", EventPattern=json.dumps({"source": ["aws.health"]}))
    events.put_targets(Rule="health-feed", Targets=[{"Id": "t", "Arn": topic}])
    world.made |= {"nightly": nightly, "paid": paid, "topic": topic}


NIGHTLY = Example(
    "schedule-lambda",
    rules,
    (
        "EventBridge rule nightly-report never fires",
        "cron job NightlyReport did not run last night",
        "the scheduled function NightlyReport wasn't started by nightly-report",
        "nightly-report did not trigger NightlyReport",
    ),
    (
        Change("healthy", nothing),
        Change("disabled", lambda w: w.client("events").disable_rule(Name="nightly-report"), ("aws.events.rule-disabled",)),
        Change("permission-removed", lambda w: w.unpermit("NightlyReport"), PERMISSION),
        Change(
            "permission-other-rule",
            lambda w: (w.unpermit("NightlyReport"), w.permit("NightlyReport", EVENTS, w.arn("events", "rule/nightly"))),
            PERMISSION,
        ),
        Change(
            "permission-scheduler",
            lambda w: (w.unpermit("NightlyReport"), w.permit("NightlyReport", "scheduler.amazonaws.com", w.made["nightly"])),
            PERMISSION,
        ),
        Change("targets-removed", lambda w: w.client("events").remove_targets(Rule="nightly-report", Ids=["1"]), ("aws.events.rule-without-target",)),
        Change(
            "rule-deleted",
            lambda w: (w.client("events").remove_targets(Rule="nightly-report", Ids=["1"]), w.client("events").delete_rule(Name="nightly-report")),
            ("aws.events.rule-missing", "aws.lambda.no-sender", "aws.events.*"),
        ),
        Change("function-deleted", lambda w: w.client("lambda").delete_function(FunctionName="NightlyReport"), ("aws.events.target-deleted",)),
        Change(
            "schedule-past",
            lambda w: w.client("events").put_rule(Name="nightly-report", ScheduleExpression="cron(0 2 1 1 ? 2024)"),
            ("aws.events.schedule-never-fires",),
        ),
        Change(
            "schedule-february",
            lambda w: w.client("events").put_rule(Name="nightly-report", ScheduleExpression="cron(0 2 30 2 ? *)"),
            ("aws.events.schedule-never-fires",),
        ),
        Change(
            "reserved-0",
            lambda w: w.client("lambda").put_function_concurrency(FunctionName="NightlyReport", ReservedConcurrentExecutions=0),
            ("aws.lambda.reserved-concurrency-zero",),
        ),
    ),
)
PAYMENTS = Example(
    "rule-sqs",
    rules,
    (
        "rule payment-received sends nothing to payments-q",
        "payments-q receives no events from EventBridge rule payment-received",
        "com.shop.payments events don't reach payments-q via payment-received",
    ),
    (
        Change("healthy", nothing),
        Change("disabled", lambda w: w.client("events").disable_rule(Name="payment-received"), ("aws.events.rule-disabled",)),
        Change(
            "policy-other-rule",
            lambda w: w.queue_policy("payments-q", allow(EVENTS, "sqs:SendMessage", w.arn("sqs", "payments-q"), w.arn("events", "rule/payments"))),
            QUEUE_POLICY,
        ),
        Change("policy-gone", lambda w: w.queue_set("payments-q", Policy=""), QUEUE_POLICY),
        Change("queue-deleted", lambda w: w.client("sqs").delete_queue(QueueUrl=w.url("payments-q")), ("aws.events.target-deleted",)),
        Change(
            "target-removed", lambda w: w.client("events").remove_targets(Rule="payment-received", Ids=["q"]), ("aws.events.rule-without-target",)
        ),
        Change(
            "source-typo",
            lambda w: w.client("events").put_rule(Name="payment-received", EventPattern='{"source": ["com.shop.payment"]}'),
            ("aws.events.pattern-mismatch",),
            about="com.shop.payments",
        ),
        Change("key", keyed("payments-q"), ("aws.kms.key-policy-lacks-service",)),
    ),
)
HEALTH = Example(
    "rule-sns-sqs",
    rules,
    (
        "ops-inbox gets no AWS health events, rule health-feed should publish them to ops-health",
        "health-feed rule doesn't publish to ops-health",
        "nothing comes through ops-health any more, EventBridge rule health-feed",
    ),
    (
        Change("healthy", nothing),
        Change("disabled", lambda w: w.client("events").disable_rule(Name="health-feed"), ("aws.events.rule-disabled",)),
        Change("topic-policy", lambda w: w.topic_policy(w.made["topic"], allow(S3, "sns:Publish", w.made["topic"])), TOPIC_POLICY),
        Change(
            "topic-policy-source-account",
            lambda w: w.topic_policy(w.made["topic"], allow(EVENTS, "sns:Publish", w.made["topic"], StringEquals={"AWS:SourceOwner": ACCOUNT})),
            TOPIC_POLICY,
        ),
        Change("topic-deleted", lambda w: w.client("sns").delete_topic(TopicArn=w.made["topic"]), ("aws.events.target-deleted",)),
    ),
)


# -- bucket → bus → rule → function ------------------------------------------------------------------------------------


def s3_bus(world: World) -> None:
    noise(world)
    world.bucket("ClaimsIntake-prod".lower(), "claims/9.json")
    world.function("claimsRouter")
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": ["claimsintake-prod"]}}}
    world.made["pattern"] = pattern
    rule = world.client("events").put_rule(Name="claims-created", EventPattern=json.dumps(pattern))["RuleArn"]
    world.permit("claimsRouter", EVENTS, rule)
    world.client("events").put_targets(Rule="claims-created", Targets=[{"Id": "1", "Arn": world.arn("lambda", "function:claimsRouter")}])
    world.notify("claimsintake-prod", EventBridgeConfiguration={})


def claims_pattern(**more: Any) -> Callable[[World], None]:
    return lambda world: world.client("events").put_rule(Name="claims-created", EventPattern=json.dumps(world.made["pattern"] | more))


S3_BUS = Example(
    "s3-bus-lambda",
    s3_bus,
    (
        "claimsRouter is not triggered for new objects in claimsintake-prod",
        "uploads to claimsintake-prod no longer start claimsRouter via EventBridge rule claims-created",
        "new claims in claimsintake-prod are ignored by claimsRouter",
    ),
    (
        Change("healthy", nothing),
        Change("bus-off", lambda w: w.notify("claimsintake-prod"), ("aws.s3.eventbridge-not-enabled", "aws.s3.notification-missing")),
        Change("disabled", lambda w: w.client("events").disable_rule(Name="claims-created"), ("aws.events.rule-disabled",)),
        Change("pattern-bucket", claims_pattern(detail={"bucket": {"name": ["claimsintake-dev"]}}), ("aws.events.pattern-mismatch",)),
        Change("pattern-type", claims_pattern(**{"detail-type": ["ObjectCreated"]}), ("aws.events.pattern-mismatch",)),
        Change(
            "pattern-key",
            claims_pattern(detail={"bucket": {"name": ["claimsintake-prod"]}, "object": {"key": [{"prefix": "in/"}]}}),
            ("aws.events.pattern-mismatch",),
        ),
        Change("permission", lambda w: w.unpermit("claimsRouter"), PERMISSION),
        Change("target-removed", lambda w: w.client("events").remove_targets(Rule="claims-created", Ids=["1"]), ("aws.events.rule-without-target",)),
    ),
)

ACCOUNTS = (S3_LAMBDA, S3_SQS, FAN_OUT, FAN_LAMBDA, S3_SNS, SQS_LAMBDA, NIGHTLY, PAYMENTS, HEALTH, S3_BUS)
