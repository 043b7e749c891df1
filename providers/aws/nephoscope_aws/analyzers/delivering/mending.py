"""Settings as they would read without the fault, for suppositions and for the fixes that are proposed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from nephoscope.interfaces import FactView
from nephoscope.models import JsonValue, ResourceRef, Supposition
from nephoscope_aws.analyzers.delivering import refs
from nephoscope_aws.looking.look import HIDDEN, hidden, mend

_PARAMETERS = {
    "notification.function": "LambdaFunctionConfigurations",
    "notification.queue": "QueueConfigurations",
    "notification.topic": "TopicConfigurations",
    "notification.eventbridge": "EventBridgeConfiguration",
}
ATTRIBUTES = {
    refs.FUNCTION: ("notification.function", "LambdaFunctionArn"),
    refs.QUEUE: ("notification.queue", "QueueArn"),
    refs.TOPIC: ("notification.topic", "TopicArn"),
}
PRINCIPALS = {
    refs.BUCKET: "s3.amazonaws.com", refs.TOPIC: "sns.amazonaws.com", refs.RULE: "events.amazonaws.com",
    refs.LOG_GROUP: "logs.amazonaws.com", refs.ALARM: "cloudwatch.amazonaws.com",
}  # fmt: skip
ACTIONS = {refs.FUNCTION: "lambda:InvokeFunction", refs.QUEUE: "sqs:SendMessage", refs.TOPIC: "sns:Publish"}


def known(view: FactView, subject: ResourceRef, attribute: str) -> JsonValue:
    """The value, ``None`` for absent and unknown alike."""
    fact = view.fact(subject, attribute)
    return fact.value if fact and not fact.known_absent else None


def entries(view: FactView, bucket: ResourceRef, attribute: str) -> list[JsonValue]:
    """A bucket's notifications of one kind."""
    value = known(view, bucket, attribute)
    return list(value) if isinstance(value, list) else []


def notifying(view: FactView, bucket: ResourceRef, attribute: str, value: JsonValue) -> tuple[list[Supposition], dict[str, JsonValue]]:
    """The bucket with other notifications of one kind: as a supposition, and as the whole configuration to put, which replaces the old one."""
    whole: dict[str, JsonValue] = {
        parameter: entries(view, bucket, name) for name, parameter in _PARAMETERS.items() if entries(view, bucket, name)
    }  # fmt: skip
    bus = view.fact(bucket, "notification.eventbridge")
    if bus and not bus.known_absent:
        whole["EventBridgeConfiguration"] = {}
    whole[_PARAMETERS[attribute]] = value
    putting = sendable(whole)
    return [mend(bucket, attribute, value)], {} if putting is None else {"configuration": putting}


def sendable(value: JsonValue) -> JsonValue:
    """The value without optional labels that were hidden from us; ``None`` when something else in it was: half a setting must not be put."""
    stripped = _without_hidden_labels(value)
    return None if hidden(stripped) else stripped


def _without_hidden_labels(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        kept = {key: member for key, member in value.items() if key not in ("Id", "Sid") or HIDDEN not in str(member)}
        return {key: _without_hidden_labels(member) for key, member in kept.items()}
    if isinstance(value, list):
        return [_without_hidden_labels(member) for member in value]
    return value


def on_bus_of(view: FactView, rule: ResourceRef, named: str, **more: JsonValue) -> dict[str, JsonValue]:
    """Parameters that name a rule, with its bus where that is not the default one."""
    bus = known(view, rule, "bus")
    return {named: rule.name, **({} if bus in (None, "default") else {"EventBusName": bus}), **more}


def allowing(source: ResourceRef, target: ResourceRef, resource: str, actions: Sequence[str]) -> dict[str, JsonValue]:
    """A policy statement that lets the source's service in, for this source alone."""
    return {
        "Sid": "AllowDelivery",
        "Effect": "Allow",
        "Principal": {"Service": PRINCIPALS[source.native_type]},
        "Action": list(actions),
        "Resource": resource,
        "Condition": {"ArnEquals": {"aws:SourceArn": source.native_id}, "StringEquals": {"aws:SourceAccount": source.account or target.account}},
    }


def with_statement(policy: object, statement: Mapping[str, JsonValue], drop: Callable[[JsonValue], bool] = lambda _: False) -> dict[str, JsonValue]:
    """A policy with one more statement, and without those to ``drop``."""
    listed = policy.get("Statement") if isinstance(policy, Mapping) else None
    former = [listed] if isinstance(listed, Mapping) else listed if isinstance(listed, list) else []
    kept = [dict(one) for one in former if isinstance(one, Mapping) and not drop(dict(one))]
    return {"Version": "2012-10-17", "Statement": [*kept, dict(statement)]}


def traffic(end: ResourceRef) -> list[Supposition]:
    """The consumer as it would be seen once events come through."""
    attribute = TRAFFIC.get(end.native_type)
    return [mend(end, attribute, [{"Sum": 1.0}])] if attribute else []


TRAFFIC = {refs.FUNCTION: "metrics.invocations", refs.QUEUE: "metrics.sent", refs.TOPIC: "metrics.published"}
"""The attribute that shows a consumer being reached."""


def subscription(view: FactView, topic: ResourceRef, target: ResourceRef) -> list[Supposition]:
    """The topic with a confirmed subscription of the target."""
    ref = refs.reference(refs.SUBSCRIPTION, f"{topic.native_id}:supposed", topic.account, topic.region, "supposed")
    former = known(view, topic, "subscriptions")
    protocol = "sqs" if target.native_type == refs.QUEUE else "lambda"
    facts = {"exists": True, "endpoint": target.native_id, "protocol": protocol, "topic": topic.native_id, "filter": None, "pending": "false"}
    return [
        mend(topic, "subscriptions", [*(former if isinstance(former, list) else []), ref.native_id]),
        *(mend(ref, name, value) for name, value in facts.items()),
    ]


def mapping(view: FactView, queue: ResourceRef, function: ResourceRef) -> list[Supposition]:
    """The queue with an enabled mapping to the function."""
    ref = refs.reference(refs.MAPPING, "supposed", queue.account, queue.region, "supposed")
    former = known(view, queue, "consumers")
    facts = {"exists": True, "source": queue.native_id, "function": function.native_id, "state": "Enabled", "filters": None}
    return [
        mend(queue, "consumers", [*(former if isinstance(former, list) else []), ref.native_id]),
        *(mend(ref, name, value) for name, value in facts.items()),
    ]


def rule_target(view: FactView, rule: ResourceRef, target: ResourceRef) -> list[Supposition]:
    """The rule with the target among its targets."""
    ref = refs.reference(refs.TARGET, f"{rule.native_id}#supposed", rule.account, rule.region, "supposed")
    former = known(view, rule, "targets")
    return [
        mend(rule, "targets", [*(former if isinstance(former, list) else []), ref.native_id]),
        mend(ref, "exists", True),
        mend(ref, "target", target.native_id),
    ]


def bus_rule(bus: ResourceRef, target: ResourceRef | None, bucket: ResourceRef, former: JsonValue) -> list[Supposition]:
    """A rule on the bus for the bucket's events."""
    ref = refs.reference(refs.RULE, bus.native_id.replace(":event-bus/default", ":rule/supposed"), bus.account, bus.region, "supposed")
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket.name]}}}
    facts = {"exists": True, "state": "ENABLED", "pattern": pattern, "schedule": None, "targets": []}
    return [mend(ref, name, value) for name, value in facts.items()] + (rule_target_of(ref, target) if target else [])


def rule_target_of(rule: ResourceRef, target: ResourceRef) -> list[Supposition]:
    """The one target of a supposed rule."""
    ref = refs.reference(refs.TARGET, f"{rule.native_id}#supposed", rule.account, rule.region, "supposed")
    return [mend(rule, "targets", [ref.native_id]), mend(ref, "exists", True), mend(ref, "target", target.native_id)]


def existing(target: ResourceRef) -> list[Supposition]:
    """The target as if it had never been removed."""
    facts: dict[str, object] = {"exists": True}
    if target.native_type == refs.FUNCTION:
        facts |= {"state": "Active", "concurrency.reserved": None}
    else:
        facts |= {"key": None}
    return [mend(target, name, value) for name, value in facts.items()]


_ALARM_FIELDS = {
    "Namespace": "namespace", "MetricName": "metric", "Dimensions": "dimensions", "Statistic": "statistic", "ExtendedStatistic": "statistic.extended",
    "Period": "period", "EvaluationPeriods": "evaluated", "DatapointsToAlarm": "needed", "Threshold": "threshold", "ComparisonOperator": "comparison",
    "TreatMissingData": "missing_data", "ActionsEnabled": "actions.enabled", "AlarmActions": "actions.alarm", "OKActions": "actions.ok",
    "InsufficientDataActions": "actions.insufficient", "Unit": "unit",
}  # fmt: skip


def alarm_config(view: FactView, alarm: ResourceRef, **changes: JsonValue) -> dict[str, JsonValue]:
    """The whole alarm as PutMetricAlarm takes it, which replaces everything."""
    config: dict[str, JsonValue] = {"AlarmName": alarm.label}
    for field, attribute in _ALARM_FIELDS.items():
        fact = view.fact(alarm, attribute)
        if fact and not fact.known_absent and fact.value not in (None, [], ""):
            config[field] = fact.value
    return {name: value for name, value in {**config, **changes}.items() if value is not None}
