"""Senders that are no stop of any way: whoever has one is not called without, and what they do is judged elsewhere."""

from __future__ import annotations

import pytest
from harness import ACCOUNT
from test_event_delivery import BUCKET, FUNCTION, NO_OTHERS, QUEUE, REGION, RUNNING, UNFED, judged, lets_in, verdict, view

from nephoscope.knowledge.table_format import HELD
from nephoscope.knowledge.tables import inventory_ref
from nephoscope_aws.access.things import ref
from nephoscope_aws.analyzers.delivering import ends, refs

SCHEDULE = ref("scheduler:schedule", f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/tidy", "tidy", ACCOUNT)
MACHINE = ref("stepfunctions:state-machine", f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:ship", "ship", ACCOUNT)
STREAM = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/t/stream/1"
MAPPING = refs.reference(refs.MAPPING, "m-2", ACCOUNT, REGION, "m-2")
BUS = refs.of_arn(f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/orders")
RULE = refs.of_arn(f"arn:aws:events:{REGION}:{ACCOUNT}:rule/orders/placed")
ON_BUS = refs.reference(refs.TARGET, f"{RULE.native_id}#t1", ACCOUNT, REGION, "t1")
ALONE = {
    **RUNNING, **UNFED, **NO_OTHERS, (FUNCTION, "policy"): None, (inventory_ref("aws", refs.BUCKET, "", ACCOUNT), "complete"): [],
    (FUNCTION, "metrics.invocations"): [],
}  # fmt: skip
LISTED_SCHEDULE = {(inventory_ref("aws", "scheduler:schedule", REGION, ACCOUNT), "complete"): [SCHEDULE.native_id]}
LISTED_MACHINE = {(inventory_ref("aws", "stepfunctions:state-machine", REGION, ACCOUNT), "complete"): [MACHINE.native_id], (MACHINE, "exists"): True}
INTERFACE = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "*"}}


def test_a_function_that_nothing_calls_is_without_a_sender() -> None:
    assert verdict(view(ALONE, text="function resize never runs", things=(FUNCTION,))) == ("confirmed", {"aws.lambda.no-sender"})


@pytest.mark.parametrize(
    "changes",
    [
        {**LISTED_SCHEDULE, (SCHEDULE, "target"): FUNCTION.native_id},
        {**LISTED_SCHEDULE, (SCHEDULE, "target"): f"{FUNCTION.native_id}:live"},
        {**LISTED_MACHINE, (MACHINE, "definition"): {"States": {"A": {"Type": "Task", "Parameters": {"FunctionName": "resize"}}}}},
        {(FUNCTION, "mappings"): ["m-2"], (MAPPING, "source"): STREAM, (MAPPING, "function"): FUNCTION.native_id},
        {(FUNCTION, "policy"): INTERFACE},
    ],
    ids=["schedule", "schedule of an alias", "workflow", "stream", "interface"],
)  # fmt: skip
def test_what_something_else_calls_has_a_sender_and_is_not_called_healthy_for_it(changes: dict) -> None:
    evidence = view(ALONE, changes, text="function resize never runs", things=(FUNCTION,))
    assert judged(evidence)["aws.lambda.no-sender"].holds == "no"
    assert verdict(evidence) == ("inconclusive", set())


def test_a_schedule_for_another_function_is_no_sender() -> None:
    other = {**LISTED_SCHEDULE, (SCHEDULE, "target"): f"{FUNCTION.native_id}-large"}
    assert judged(view(ALONE, other, text="function resize never runs", things=(FUNCTION,)))["aws.lambda.no-sender"].holds == "yes"


OTHER_BUS = {
    (QUEUE, "exists"): True, (QUEUE, "policy"): None, (QUEUE, "rules"): [], (QUEUE, "consumers"): [],
    (inventory_ref("aws", refs.SUBSCRIPTION, REGION, ACCOUNT), "complete"): [], (inventory_ref("aws", refs.BUCKET, "", ACCOUNT), "complete"): [],
    (inventory_ref("aws", refs.BUS, REGION, ACCOUNT), "complete"): [BUS.native_id], (BUS, "exists"): True, (BUS, "contains"): [RULE.native_id],
    (inventory_ref("aws", refs.RULE, REGION, ACCOUNT), "complete"): [],
    (inventory_ref("aws", refs.RULE, REGION, ACCOUNT), HELD): "arn:{partition}:events:{region}:{account}:rule/{bus}/{name}",
    (RULE, "exists"): True, (RULE, "state"): "DISABLED", (RULE, "schedule"): None, (RULE, "pattern"): {"source": ["shop"]},
    (RULE, "targets"): [ON_BUS.native_id],
    (ON_BUS, "target"): QUEUE.native_id,
}  # fmt: skip


def test_a_queue_is_fed_by_a_rule_of_another_bus() -> None:
    found = judged(view(OTHER_BUS, text="nothing arrives in queue jobs any more", things=(QUEUE,)))
    assert found["aws.events.rule-disabled"].holds == "yes"
    assert found["aws.events.rule-disabled"].subject.native_id == RULE.native_id


def test_a_rule_that_only_its_bus_lists_is_not_gone_because_a_plain_listing_lacks_it() -> None:
    welcome = lets_in("events.amazonaws.com", RULE.native_id, QUEUE.native_id, "sqs:SendMessage")
    without = [key for key in OTHER_BUS if key[0] in (RULE, BUS, ON_BUS)]
    evidence = view(OTHER_BUS, {(QUEUE, "policy"): welcome}, text="nothing arrives in queue jobs any more", things=(QUEUE,), without=without)
    assert evidence.fact(RULE, "exists") is None
    assert "aws.events.rule-deleted" not in judged(evidence)
    default = refs.of_arn(f"arn:aws:events:{REGION}:{ACCOUNT}:rule/placed")
    assert evidence.fact(default, "exists").known_absent


def test_a_bucket_that_something_writes_to_is_the_other_end() -> None:
    stream = ref("firehose:stream", f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/views", "views", ACCOUNT)
    text = "views delivers nothing into orders-in"
    assert ends.named(view(text=text, things=(stream, BUCKET))) == ()
    assert ends.named(view(text=text, things=(stream, BUCKET, FUNCTION))) == (BUCKET, FUNCTION)
