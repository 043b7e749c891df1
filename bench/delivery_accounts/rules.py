"""Rules on a schedule, on a pattern, and on what buckets put on the bus."""

from __future__ import annotations

import json
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
)


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
        Change(
            "type-typo",
            lambda w: w.client("events").put_rule(
                Name="payment-received", EventPattern='{"source": ["com.shop.payments"], "detail-type": ["Payed"]}'
            ),
            ("aws.events.pattern-mismatch",),
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
