"""Whether what happens at a source arrives at a target one hop away, from the steps that wired them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nephoscope_suite_aws.oracles.acts import ACCOUNT, REGION, Act, Acts, Unreadable
from nephoscope_suite_aws.oracles.permits import like, statements

_SERVICES = {"bucket": "s3.amazonaws.com", "topic": "sns.amazonaws.com", "rule": "events.amazonaws.com"}
_ARNS = {
    "bucket": "arn:aws:s3:::{}", "topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{}}", "rule": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{{}}",
    "queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{}}", "function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{}}",
}  # fmt: skip
_MADE = {
    "bucket": ("s3:CreateBucket", "Bucket", "s3:DeleteBucket", "Bucket"), "topic": ("sns:CreateTopic", "Name", "sns:DeleteTopic", "TopicArn"),
    "rule": ("events:PutRule", "Name", "events:DeleteRule", "Name"), "queue": ("sqs:CreateQueue", "QueueName", "sqs:DeleteQueue", "QueueUrl"),
    "function": ("lambda:CreateFunction", "FunctionName", "lambda:DeleteFunction", "FunctionName"),
}  # fmt: skip
_SENDING = {"queue": "sqs:SendMessage", "topic": "sns:Publish", "function": "lambda:InvokeFunction"}
_POLLING = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_NOTIFIED = {"queue": ("QueueConfigurations", "QueueArn"), "topic": ("TopicConfigurations", "TopicArn"),
             "function": ("LambdaFunctionConfigurations", "LambdaFunctionArn")}  # fmt: skip


def delivers(acts: Acts, source: str, target: str) -> bool:
    """Ends as people write them, such as ``bucket photos`` and ``function resize``. Raises :class:`Unreadable`."""
    for one in (source, target):
        if not _there(acts, one):
            return acts.stopped(one.split()[1])
    if target.startswith("function ") and _silenced(acts, target.split()[1]):
        return acts.stopped(target.split()[1])
    kind = source.split(maxsplit=1)[0]
    if kind == "queue":
        return _polled(acts, source, target)
    wired = {"bucket": _notified, "topic": _subscribed, "rule": _targeted}[kind](acts, source, target)
    if not wired:
        return acts.stopped(source.split()[1])
    return _may_send(acts, source, target) or acts.stopped(target.split()[1])


def _arn(words: str) -> str:
    kind, _, name = words.partition(" ")
    return _ARNS[kind].format(name)


def _there(acts: Acts, words: str) -> bool:
    kind, _, name = words.partition(" ")
    making, key, undo, undone = _MADE[kind]
    made = acts.last(making, **{key: name})
    return made is not None and not any(one.params.get(undone) in (name, made.name, _arn(words)) for one in acts.of(undo))


def _silenced(acts: Acts, name: str) -> bool:
    told = acts.last("lambda:PutFunctionConcurrency", FunctionName=name)
    return told is not None and told.params["ReservedConcurrentExecutions"] == 0


def _notified(acts: Acts, source: str, target: str) -> bool:
    bucket = source.split()[1]
    act = acts.last("s3:PutBucketNotificationConfiguration", Bucket=bucket)
    listed, key = _NOTIFIED[target.split(maxsplit=1)[0]]
    rows = act.params["NotificationConfiguration"].get(listed, ()) if act else ()
    return any(row[key] == _arn(target) and _created(row["Events"]) and _passes(acts, bucket, row) for row in rows)


def _created(events: Sequence[str]) -> bool:
    told = {one in ("s3:ObjectCreated:*", "s3:ObjectCreated:Put") for one in events}
    return True in told


def _passes(acts: Acts, bucket: str, row: Mapping[str, Any]) -> bool:
    rules = row.get("Filter", {}).get("Key", {}).get("FilterRules", ())
    keys = [one.params["Key"] for one in acts.of("s3:PutObject", Bucket=bucket)]
    if rules and not keys:
        raise Unreadable("a filter, and nothing to see what passes")
    told = {all(key.startswith(one["Value"]) if one["Name"] == "prefix" else key.endswith(one["Value"]) for one in rules) for key in keys}
    if len(told) > 1:
        raise Unreadable("some pass")
    return False not in told


def _subscribed(acts: Acts, source: str, target: str) -> bool:
    rows = acts.of("sns:Subscribe", Endpoint=_arn(target))
    if any("FilterPolicy" in one.params.get("Attributes", {}) for one in rows):
        raise Unreadable("what the messages hold is not told")
    return any(_means(acts, one.params["TopicArn"], source) for one in rows)


def _means(acts: Acts, reference: str, words: str) -> bool:
    making, key, *_ = _MADE[words.split(maxsplit=1)[0]]
    made = acts.last(making, **{key: words.split()[1]})
    return reference == _arn(words) or (made is not None and reference == made.name)


def _targeted(acts: Acts, source: str, target: str) -> bool:
    rule = source.split()[1]
    made = acts.last("events:PutRule", Name=rule)
    if made is None or made.params.get("State") == "DISABLED" or acts.after("events:DisableRule", "events:EnableRule", "Name", rule):
        return False
    if "EventPattern" in made.params:
        raise Unreadable("what the events hold is not told")
    return any(one["Arn"] == _arn(target) for act in acts.of("events:PutTargets", Rule=rule) for one in act.params["Targets"])


def _polled(acts: Acts, source: str, target: str) -> bool:
    rows = acts.of("lambda:CreateEventSourceMapping", EventSourceArn=_arn(source), FunctionName=target.split()[1])
    if not any(one.params.get("Enabled", True) for one in rows):
        return False
    function = acts.last("lambda:CreateFunction", FunctionName=target.split()[1])
    role = acts.named(function.params["Role"]).params["RoleName"] if function else ""
    told = [one for act in acts.of("iam:PutRolePolicy", RoleName=role) for one in statements(act.params["PolicyDocument"])]
    if acts.of("iam:AttachRolePolicy", RoleName=role):
        raise Unreadable("a policy that is not read here")
    return all(_lets(told, action, _arn(source), {}) for action in _POLLING)


def _may_send(acts: Acts, source: str, target: str) -> bool:
    kind, _, name = target.partition(" ")
    service, action = _SERVICES[source.split(maxsplit=1)[0]], _SENDING[kind]
    known = {"aws:SourceArn": _arn(source), "aws:SourceAccount": ACCOUNT, "Service": service}
    if kind == "function":
        return any(_granted(one, known) for one in acts.of("lambda:AddPermission", FunctionName=name))
    policy, key = _told(acts, target)
    return _lets(policy, action, _arn(target), known) and (not key or _key_lets(acts, key, known))


def _granted(act: Act, known: Mapping[str, str]) -> bool:
    row = act.params
    meant = row["Principal"] == known["Service"] and row["Action"] in ("lambda:InvokeFunction", "lambda:*")
    return meant and like(known["aws:SourceArn"], row.get("SourceArn", "*")) and row.get("SourceAccount", ACCOUNT) == ACCOUNT


def _told(acts: Acts, target: str) -> tuple[list[Any], str]:
    """The resource policy and the key of a queue or topic."""
    kind, _, name = target.partition(" ")
    making, key, *_ = _MADE[kind]
    made = acts.last(making, **{key: name})
    settings: dict[str, Any] = dict(made.params.get("Attributes", {})) if made else {}
    for act in acts.all:
        if act.do == "sqs:SetQueueAttributes" and made is not None and act.params["QueueUrl"] == made.name:
            settings |= act.params["Attributes"]
        elif act.do == "sns:SetTopicAttributes" and _means(acts, act.params["TopicArn"], target):
            settings[act.params["AttributeName"]] = act.params["AttributeValue"]
    return statements(settings["Policy"]) if settings.get("Policy") else [], str(settings.get("KmsMasterKeyId", ""))


def _key_lets(acts: Acts, reference: str, known: Mapping[str, str]) -> bool:
    alias = acts.last("kms:CreateAlias", AliasName=reference)
    name = alias.params["TargetKeyId"] if alias else reference
    key = acts.named(name)
    if key.do != "kms:CreateKey" or acts.gone(["kms:DisableKey", "kms:ScheduleKeyDeletion"], "KeyId", name):
        return False
    policies = [*acts.of("kms:PutKeyPolicy", KeyId=name)]
    told = statements(policies[-1].params["Policy"]) if policies else []
    return all(_lets(told, action, "*", known) for action in ("kms:GenerateDataKey", "kms:Decrypt"))


def _lets(told: Sequence[Any], action: str, thing: str, known: Mapping[str, str]) -> bool:
    said = list(_answers(told, action, thing, known))
    return "Allow" in said and "Deny" not in said


def _answers(told: Sequence[Any], action: str, thing: str, known: Mapping[str, str]) -> Iterator[str]:
    for one in told:
        actions, resources = (_list(one.get(key, "*")) for key in ("Action", "Resource"))
        named = any(like(action.lower(), each.lower()) for each in actions) and any(thing == "*" or like(thing, each) for each in resources)
        if named and _by(one, known) and _when(one.get("Condition", {}), known):
            yield str(one["Effect"])


def _by(statement: Mapping[str, Any], known: Mapping[str, str]) -> bool:
    if "Principal" not in statement:
        return not known
    told = statement["Principal"]
    listed = ["*"] if told == "*" else [*_list(told.get("Service", ())), *(one for one in _list(told.get("AWS", ())) if one == "*")]
    return "*" in listed or known.get("Service") in listed


def _when(condition: Mapping[str, Mapping[str, Any]], known: Mapping[str, str]) -> bool:
    for operator, told in condition.items():
        if operator not in ("StringEquals", "StringLike", "ArnEquals", "ArnLike"):
            raise Unreadable(operator)
        for key, wanted in told.items():
            value = {"aws:PrincipalOrgID": "", "aws:PrincipalArn": ""}.get(key, known.get(key))
            if value is None:
                raise Unreadable(key)
            if not any(like(value, one) for one in _list(wanted)):
                return False
    return True


def _list(value: Any) -> Sequence[Any]:
    if isinstance(value, str):
        return [value]
    return value if isinstance(value, list | tuple) else [json.dumps(value)]
