"""Topics that fan out, and buckets that publish to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from delivery_accounts.world import (
    ACCOUNT,
    EVENTS,
    PERMISSION,
    QUEUE_POLICY,
    S3,
    SNS,
    TOPIC_POLICY,
    Change,
    Example,
    World,
    allow,
    keyed,
    noise,
    nothing,
    usable_by,
)


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
