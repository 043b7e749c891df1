"""Buckets that notify a function, or a queue with a worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from delivery_accounts.world import (
    ACCOUNT,
    PERMISSION,
    QUEUE_POLICY,
    S3,
    SNS,
    Change,
    Example,
    World,
    allow,
    document,
    keyed,
    noise,
    nothing,
    queue_policy,
    usable_by,
)


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
