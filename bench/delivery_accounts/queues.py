"""Queues that a function polls."""

from __future__ import annotations

import json

from delivery_accounts.world import (
    Change,
    Example,
    World,
    document,
    noise,
    nothing,
)


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
