"""What the delivery analyzer makes of facts laid before it by hand, the ones an emulator cannot show among them."""

from __future__ import annotations

import pytest
from harness import ACCOUNT, IDENTITY, NOW, REGION
from hypothesis import given, settings
from hypothesis import strategies as st

from nephoscope.engine.verdict import diagnose
from nephoscope.knowledge.tables import inventory_ref
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Entity, Fact, Gap, Problem
from nephoscope_aws.access.identity import grants_ref
from nephoscope_aws.access.things import ref
from nephoscope_aws.analyzers.delivering import refs
from nephoscope_aws.analyzers.event_delivery import EventDelivery

BUCKET = refs.reference(refs.BUCKET, "arn:aws:s3:::orders-in", ACCOUNT, "", "orders-in")
FUNCTION = refs.of_arn(f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:resize")
TOPIC = refs.of_arn(f"arn:aws:sns:{REGION}:{ACCOUNT}:uploaded")
QUEUE = refs.of_arn(f"arn:aws:sqs:{REGION}:{ACCOUNT}:jobs")
RULE = refs.of_arn(f"arn:aws:events:{REGION}:{ACCOUNT}:rule/on-upload")
ROLE = refs.of_arn(f"arn:aws:iam::{ACCOUNT}:role/worker")
TARGET = refs.reference(refs.TARGET, f"{RULE.native_id}#t1", ACCOUNT, REGION, "t1")
MAPPING = refs.reference(refs.MAPPING, "m-1", ACCOUNT, REGION, "m-1")
ANALYZER = EventDelivery()


def lets_in(service, source, resource, action="lambda:InvokeFunction"):
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": action,
        "Resource": resource,
        "Condition": {"ArnLike": {"AWS:SourceArn": source}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def notification(address=None, **more):
    return [{"Id": "n", "LambdaFunctionArn": address or FUNCTION.native_id, "Events": ["s3:ObjectCreated:*"], **more}]


RUNNING = {
    (FUNCTION, "exists"): True, (FUNCTION, "state"): "Active", (FUNCTION, "concurrency.reserved"): None, (FUNCTION, "role"): ROLE.native_id,
    (ROLE, "exists"): True,
}  # fmt: skip
HEALTHY = {
    **RUNNING,
    (BUCKET, "notification.function"): notification(), (BUCKET, "notification.queue"): None, (BUCKET, "notification.topic"): None,
    (BUCKET, "notification.eventbridge"): None, (BUCKET, "objects"): None, (BUCKET, "objects.more"): False,
    (FUNCTION, "policy"): lets_in("s3.amazonaws.com", BUCKET.native_id, FUNCTION.native_id), (FUNCTION, "metrics.invocations"): [],
}  # fmt: skip
UNFED = {
    (FUNCTION, "mappings"): [], (FUNCTION, "rules"): [], (inventory_ref("aws", refs.SUBSCRIPTION, REGION, ACCOUNT), "complete"): [],
}  # fmt: skip
ON_BUS = {
    **RUNNING,
    (BUCKET, "notification.function"): None, (BUCKET, "notification.queue"): None, (BUCKET, "notification.topic"): None,
    (BUCKET, "notification.eventbridge"): {}, (BUCKET, "objects"): None, (BUCKET, "objects.more"): False,
    (inventory_ref("aws", refs.RULE, REGION, ACCOUNT), "complete"): [RULE.native_id],
    (RULE, "pattern"): {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": ["orders-in"]}}},
    (RULE, "state"): "ENABLED", (RULE, "schedule"): None, (RULE, "targets"): [TARGET.native_id], (TARGET, "target"): FUNCTION.native_id,
    (FUNCTION, "policy"): lets_in("events.amazonaws.com", RULE.native_id, FUNCTION.native_id), (FUNCTION, "metrics.invocations"): [],
}  # fmt: skip
GRANTS, INLINE = grants_ref("role", "worker", ACCOUNT), ref("iam:role-policy", f"{ACCOUNT}:role/worker#poll", "poll", ACCOUNT)
READING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": QUEUE.native_id}]}
FROM_QUEUE = {
    **RUNNING,
    (GRANTS, "inline"): [INLINE.native_id], (GRANTS, "attached"): [], (INLINE, "document"): READING, (ROLE, "boundary"): None,
    (QUEUE, "policy"): None,
    (QUEUE, "exists"): True, (QUEUE, "consumers"): [MAPPING.native_id], (MAPPING, "function"): FUNCTION.native_id, (MAPPING, "state"): "Enabled",
    (MAPPING, "filters"): None, (QUEUE, "metrics.sent"): [], (QUEUE, "messages.waiting"): "0", (FUNCTION, "metrics.invocations"): [],
}  # fmt: skip


def fact(subject, attribute, value):
    grounding = "absent" if value is None else "exact"
    return Fact(
        id=f"{subject.native_id}#{attribute}", subject=subject, attribute=attribute, value=value, grounding=grounding, calls=("s1.c1",),
        pointer="", identity=IDENTITY, observed_at=NOW,
    )  # fmt: skip


def view(base=HEALTHY, changes=(), without=(), text="uploads to bucket orders-in no longer trigger function resize", things=(BUCKET, FUNCTION),
         symptom="event_not_delivered", symptoms=(), gaps=()):  # fmt: skip
    values = {key: value for key, value in {**base, **dict(changes)}.items() if key not in without}
    entities = tuple(Entity(text=thing.name, role="sick", matches=(thing,)) for thing in things)
    problem = Problem(text=text, symptom=symptom, symptoms=symptoms, entities=entities, now=NOW)
    return Evidence(problem=problem, facts=[fact(*key, value) for key, value in values.items()], identities=[IDENTITY], gaps=gaps)


def verdict(evidence):
    diagnosis = diagnose(evidence, ANALYZER.analyze(evidence), lambda other: list(ANALYZER.analyze(other)))
    return diagnosis.verdict, {one.cause for one in diagnosis.causes}


def judged(evidence):
    return {finding.cause: finding for finding in ANALYZER.analyze(evidence)}


@pytest.mark.parametrize(
    "base, things", [(HEALTHY, (BUCKET, FUNCTION)), (ON_BUS, (BUCKET, FUNCTION)), (ON_BUS, (BUCKET, RULE, FUNCTION)), (FROM_QUEUE, (QUEUE, FUNCTION))]
)
def test_a_way_in_order_is_no_fault(base, things):
    assert verdict(view(base, things=things)) == ("no_fault_found", set())


@pytest.mark.parametrize(
    ("base", "changes", "cause"),
    [
        (HEALTHY, {(BUCKET, "notification.function"): None, **UNFED}, "aws.s3.notification-missing"),
        (HEALTHY, {(BUCKET, "notification.function"): notification(Events=["s3:ObjectCreated:Post"])}, "aws.s3.notification-event-type-mismatch"),
        (HEALTHY, {(FUNCTION, "policy"): None}, "aws.lambda.permission-missing"),
        (HEALTHY, {(FUNCTION, "policy"): lets_in("sns.amazonaws.com", BUCKET.native_id, "*")}, "aws.lambda.permission-missing"),
        (HEALTHY, {(FUNCTION, "state"): "Failed", (FUNCTION, "state.reason"): "image gone"}, "aws.lambda.function-not-active"),
        (HEALTHY, {(FUNCTION, "concurrency.reserved"): 0}, "aws.lambda.reserved-concurrency-zero"),
        (HEALTHY, {(ROLE, "exists"): None}, "aws.lambda.execution-role-deleted"),
        (HEALTHY, {(FUNCTION, "exists"): None}, "aws.s3.notification-destination-deleted"),
        (ON_BUS, {(BUCKET, "notification.eventbridge"): None, (FUNCTION, "rules"): [RULE.native_id]}, "aws.s3.eventbridge-not-enabled"),
        (ON_BUS, {(RULE, "state"): "DISABLED"}, "aws.events.rule-disabled"),
        (ON_BUS, {(RULE, "pattern"): {"source": ["aws.s3"], "detail-type": ["Object created"]}}, "aws.events.pattern-mismatch"),
        (ON_BUS, {(RULE, "pattern"): {"source": ["aws.s3"], "detail": {"bucket": {"name": ["orders-out"]}}}}, "aws.events.pattern-mismatch"),
        (ON_BUS, {(FUNCTION, "policy"): None}, "aws.lambda.permission-missing"),
        (FROM_QUEUE, {(GRANTS, "inline"): []}, "aws.lambda.role-cannot-poll"),
        (FROM_QUEUE, {(MAPPING, "state"): "Disabled"}, "aws.lambda.event-source-mapping-disabled"),
        (FROM_QUEUE, {(MAPPING, "filters"): [{"Pattern": '{"detail":{"a":[1]}}'}]}, "aws.lambda.event-source-mapping-filter-mismatch"),
        (
            FROM_QUEUE,
            {(MAPPING, "filters"): [{"Pattern": '{"body":{"a":[1]}}'}], (QUEUE, "metrics.deleted"): [{"Sum": 5.0}]},
            "aws.lambda.event-source-mapping-filter-mismatch",
        ),
    ],
)  # fmt: skip
def test_one_change_is_one_cause(base, changes, cause):
    stops = (BUCKET, RULE, FUNCTION) if cause in ("aws.s3.eventbridge-not-enabled", "aws.events.pattern-mismatch") else (BUCKET, FUNCTION)
    things = (QUEUE, FUNCTION) if base is FROM_QUEUE else stops
    assert verdict(view(base, changes, things=things)) == ("confirmed", {cause})


NO_OTHERS = {
    (inventory_ref("aws", kind, REGION, ACCOUNT), "complete"): [] for kind in (refs.BUS, "scheduler:schedule", "stepfunctions:state-machine")
}  # fmt: skip
NOBODY_SENDS = {
    **NO_OTHERS,
    (QUEUE, "exists"): True, (QUEUE, "policy"): None, (QUEUE, "rules"): [], (inventory_ref("aws", refs.BUCKET, "", ACCOUNT), "complete"): [],
    (inventory_ref("aws", refs.SUBSCRIPTION, REGION, ACCOUNT), "complete"): [],
}  # fmt: skip


def test_a_queue_that_nothing_is_configured_to_feed_is_fed_by_programs_for_all_we_know():
    evidence = view(NOBODY_SENDS, text="nothing arrives in queue jobs any more", things=(QUEUE,))
    finding = judged(evidence)["aws.sqs.no-sender"]
    assert (finding.holds, finding.needs) == ("unknown", ())
    assert "only programs can" in finding.note
    assert verdict(evidence) == ("inconclusive", set())


def test_two_faults_are_both_named():
    changes = {(FUNCTION, "policy"): None, (BUCKET, "notification.function"): notification(Events=["s3:ObjectRemoved:*"])}
    assert verdict(view(changes=changes)) == ("confirmed", {"aws.lambda.permission-missing", "aws.s3.notification-event-type-mismatch"})


BESIDE_THE_POINT = {"notification.queue", "notification.topic", "notification.eventbridge", "objects.more", "metrics.invocations"}
"""With a notification that leads to the function, and no upload that should have, these decide nothing."""


@pytest.mark.parametrize(
    "missing", sorted({key for key in HEALTHY if key[1] not in BESIDE_THE_POINT}, key=str), ids=lambda key: f"{key[0].name}-{key[1]}"
)
def test_nothing_is_healthy_while_something_was_not_seen(missing):
    evidence = view(without=[missing])
    assert verdict(evidence) == ("inconclusive", set())
    assert any(need.attribute == missing[1] for finding in ANALYZER.analyze(evidence) for need in finding.needs)


def test_a_denied_rival_does_not_shake_a_proven_cause():
    gap = Gap(what="denied", subject=FUNCTION, attribute="concurrency.reserved", reason="access_denied")
    evidence = view(changes={(FUNCTION, "policy"): None}, without=[(FUNCTION, "concurrency.reserved")], gaps=[gap])
    assert verdict(evidence) == ("confirmed", {"aws.lambda.permission-missing"})


def arrived(*keys, at="2026-11-24T09:00:00+00:00"):
    return [{"Key": key, "LastModified": at, "Size": 1} for key in keys]


CALLED = {(FUNCTION, "metrics.invocations"): [{"Sum": 3.0}], (FUNCTION, "metrics.errors"): []}


@pytest.mark.parametrize(("errors", "expected"), [([], "no_fault_found"), ([{"Sum": 1.0}], "no_fault_found"), ([{"Sum": 3.0}], "inconclusive")])
def test_calls_that_fail_show_no_consumer_at_work(errors, expected):
    assert verdict(view(changes={**CALLED, (FUNCTION, "metrics.errors"): errors})) == (expected, set())


def test_how_many_calls_failed_is_asked_before_they_count():
    evidence = view(changes={(FUNCTION, "metrics.invocations"): [{"Sum": 3.0}]})
    assert verdict(evidence) == ("inconclusive", set())
    assert any(need.attribute == "metrics.errors" for finding in ANALYZER.analyze(evidence) for need in finding.needs)


def test_objects_that_came_and_were_not_worked_on_are_no_health():
    changes = {(BUCKET, "objects"): arrived("in/a.csv"), (BUCKET, "objects.encoding"): None}
    assert verdict(view(changes=changes)) == ("inconclusive", set())
    assert judged(view(changes=changes))["aws.lambda.seen-recent-delivery"].holds == "no"
    assert verdict(view(changes={**changes, **CALLED})) == ("no_fault_found", set())


FILTER = {"Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "my in/"}]}}}


@pytest.mark.parametrize(
    ("keys", "encoding", "holds"),
    [(["other/a", "other/b"], None, "yes"), (["my in/a", "other/b"], None, "no"), (["my+in/a"], "url", "no"), (["My in/a"], None, "yes")],
)
def test_a_filter_is_a_fault_only_against_what_came(keys, encoding, holds):
    changes = {(BUCKET, "notification.function"): notification(**FILTER), (BUCKET, "objects"): arrived(*keys), (BUCKET, "objects.encoding"): encoding}
    assert judged(view(changes=changes))["aws.s3.notification-filter-mismatch"].holds == holds


def test_a_filter_that_nothing_was_held_against_is_neither_fault_nor_health():
    changes = {(BUCKET, "notification.function"): notification(**FILTER)}
    assert verdict(view(changes=changes)) == ("inconclusive", set())
    assert verdict(view(changes={**changes, **CALLED})) == ("no_fault_found", set())


RULE_FED = {
    **ON_BUS, (RULE, "exists"): True, (RULE, "pattern"): {"source": ["shop.orders"], "detail-type": ["OrderPlaced"]},
    (RULE, "metrics.matched"): [], (RULE, "metrics.invocations"): [],
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "pattern", "holds"),
    [
        ("rule on-upload never starts function resize", {}, "unknown"),
        ("OrderPlaced from shop.orders never starts function resize through rule on-upload", {}, "no"),
        ("events from shop.orders never start function resize through rule on-upload", {}, "unknown"),
        ("OrderPlaced events from shop.order never start resize through rule on-upload", {}, "yes"),
        ("OrderPlaced from shop.orders never starts resize via on-upload", {"detail": {"state": ["PAID"]}}, "unknown"),
        ("OrderPlaced from shop.orders with state PAID never starts resize via on-upload", {"detail": {"state": ["PAID"]}}, "no"),
        ("OrderPlaced from shop.orders never starts resize via on-upload", {"detail": {"state": [{"anything-but": "PAID"}]}}, "unknown"),
        ("OrderPlaced from shop.orders never starts resize via on-upload", {"account": [ACCOUNT], "region": [REGION]}, "no"),
        ("OrderPlaced from shop.orders never starts resize via on-upload", {"account": ["210987654321"]}, "unknown"),
        ("OrderPlaced from shop.orders never starts resize via on-upload", {"source": [{"prefix": "shop."}]}, "no"),
        ("health events never start resize via on-upload", {"source": ["aws.health"], "detail-type": [{"exists": True}]}, "unknown"),
    ],
)
def test_a_pattern_is_in_order_when_the_words_name_what_it_asks_for(text, pattern, holds):
    changes = {(RULE, "pattern"): {**RULE_FED[RULE, "pattern"], **pattern}}
    assert judged(view(RULE_FED, changes, text=text, things=(RULE, FUNCTION)))["aws.events.pattern-mismatch"].holds == holds


@pytest.mark.parametrize("emulated", [True, False])
def test_silence_never_vouches_for_a_pattern_and_events_that_match_do(emulated):
    text = "rule on-upload never starts function resize"
    identity = IDENTITY.model_copy(update={"emulated": emulated})

    def seen(**more):
        facts = view(RULE_FED, {(RULE, name.replace("_", ".")): value for name, value in more.items()}, text=text, things=(RULE, FUNCTION))
        return verdict(Evidence(problem=facts.problem, facts=facts.all_facts(), identities=[identity]))

    assert seen() == ("inconclusive", set())
    assert (
        judged(view(RULE_FED, {(RULE, "metrics.matched"): [{"Sum": 2.0}]}, text=text, things=(RULE, FUNCTION)))["aws.events.pattern-mismatch"].holds
        == "no"
    )


def test_the_permission_is_judged_for_the_alias_that_is_called():
    alias = refs.qualified(f"{FUNCTION.native_id}:live")
    live = {(BUCKET, "notification.function"): notification(alias.native_id)}
    assert verdict(view(changes={**live, (alias, "policy"): None})) == ("confirmed", {"aws.lambda.permission-missing"})
    granted = lets_in("s3.amazonaws.com", BUCKET.native_id, alias.native_id)
    assert verdict(view(changes={**live, (alias, "policy"): granted})) == ("no_fault_found", set())


def test_a_subscription_that_was_never_confirmed():
    listed = [{"SubscriptionArn": "PendingConfirmation", "Protocol": "email", "Endpoint": "ops@example.org"}]
    evidence = view(
        {(TOPIC, "subscriptions"): [], (TOPIC, "subscriptions.listed"): listed}, things=(TOPIC,), text="topic uploaded delivers no messages"
    )
    assert judged(evidence)["aws.sns.subscription-pending"].holds == "yes"
    assert judged(evidence)["aws.sns.subscription-pending"].details["protocol"] == "email"


def test_the_other_way_round_is_no_delivery():
    evidence = view(FROM_QUEUE, {(QUEUE, "consumers"): []}, text="function resize does not send messages to queue jobs", things=(FUNCTION, QUEUE))
    assert "aws.lambda.event-source-mapping-missing" not in judged(evidence)


def test_what_opens_connections_itself_is_left_alone():
    evidence = view(symptom="cannot_connect", text="function resize cannot connect to queue jobs", things=(FUNCTION, QUEUE))
    assert not ANALYZER.analyze(evidence)


@pytest.mark.parametrize(
    "text",
    ["role worker can't get objects of orders-in any more, maybe the policy", "role worker may not upload to orders-in", "orders-in is no use"],
)
def test_what_somebody_may_do_with_a_bucket_is_no_delivery(text):
    silent = {(BUCKET, "notification.function"): None}
    things = (ROLE, BUCKET) if "role" in text else (BUCKET,)
    assert not ANALYZER.analyze(view(HEALTHY, silent, text=text, symptom="nothing_happens", things=things))
    spoken = view(HEALTHY, silent, text="nothing is triggered by new files in orders-in", symptom="nothing_happens", things=(BUCKET,))
    assert "aws.s3.notification-missing" in judged(spoken)


def test_a_topic_that_gets_nothing_is_looked_at_from_behind():
    lost, told = ("topic uploaded gets nothing", "topic uploaded does not reach its subscribers")
    assert verdict(view({}, text=lost, things=(TOPIC,)))[0] == "inconclusive"
    causes = [set(judged(view({(TOPIC, "subscriptions"): []}, text=text, things=(TOPIC,)))) for text in (lost, told)]
    assert "aws.sns.subscription-missing" not in causes[0]
    assert "aws.sns.subscription-missing" in causes[1]


@pytest.mark.parametrize("symptom", ["access_denied", "cost"])
def test_other_families_are_left_alone(symptom):
    assert not ANALYZER.analyze(view(symptom=symptom))


def test_lateness_is_not_denied_by_configuration():
    assert verdict(view(symptom="late"))[0] == "inconclusive"


def test_a_queue_that_delays():
    changes = {(QUEUE, "delay"): "900"}
    assert verdict(view(FROM_QUEUE, changes, symptom="late", things=(QUEUE, FUNCTION))) == ("confirmed", {"aws.sqs.delivery-delayed"})


NAMES = ["Statement", "Effect", "Id", "Events", "Filter", "x"]
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just("‹redacted:string:9:ab›")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(HEALTHY, key=str)), JSON)
def test_no_value_makes_it_raise(key, value):
    ANALYZER.analyze(view(changes={key: value}))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(ON_BUS, key=str)), JSON)
def test_no_value_on_the_bus_makes_it_raise(key, value):
    ANALYZER.analyze(view(ON_BUS, {key: value}))


def test_what_was_hidden_from_us_is_never_put_back():
    hidden = {"Id": "‹redacted:string:50:01be›", **notification(Events=["s3:ObjectRemoved:*"])[0]}
    hidden["Id"] = "‹redacted:string:50:01be›"
    finding = judged(view(changes={(BUCKET, "notification.function"): [hidden]}))["aws.s3.notification-event-type-mismatch"]
    assert "redacted" not in str(finding.details["configuration"])
    hidden["Filter"] = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "‹redacted:string:9:ab›"}]}}
    finding = judged(view(changes={(BUCKET, "notification.function"): [hidden]}))["aws.s3.notification-event-type-mismatch"]
    assert finding.holds == "yes"
    assert "configuration" not in finding.details


def test_a_finding_rests_on_the_link_it_is_about():
    assert judged(view())["aws.s3.notification-filter-mismatch"].because == (f"{BUCKET.native_id}#notification.function",)


def test_a_hidden_filter_is_not_judged():
    rules = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "‹redacted:string:9:ab›"}]}}
    changes = {
        (BUCKET, "notification.function"): notification(Filter=rules),
        (BUCKET, "objects"): arrived("in/a"),
        (BUCKET, "objects.encoding"): None,
    }
    assert judged(view(changes=changes))["aws.s3.notification-filter-mismatch"].holds == "unknown"


def test_a_missing_step_is_placed_only_when_the_other_end_was_seen():
    changes = {(BUCKET, "notification.function"): None}
    assert judged(view(changes=changes))["aws.s3.notification-missing"].holds == "unknown"
    denied = [Gap(what="denied", subject=FUNCTION, attribute=attribute, reason="access_denied") for attribute in ("mappings", "rules")]
    inventory = inventory_ref("aws", refs.SUBSCRIPTION, REGION, ACCOUNT)
    denied.append(Gap(what="denied", subject=inventory, attribute="complete", reason="access_denied"))
    assert judged(view(changes=changes, gaps=denied))["aws.s3.notification-missing"].holds == "yes"
