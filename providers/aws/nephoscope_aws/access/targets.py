"""What is asked for: the resource, its own policy, and the key behind it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from nephoscope.models import JsonValue, Problem, ResourceRef
from nephoscope_aws.access import function_policies
from nephoscope_aws.access.actions import on_objects
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.access.sources import NO_POLICY, Gathered, Source, Write, gathered
from nephoscope_aws.access.things import by_arn, ref

TYPES = (
    "s3:bucket", "sqs:queue", "sns:topic", "dynamodb:table", "kms:key", "secretsmanager:secret", "ssm:parameter", "lambda:function", "iam:role",
    "kinesis:stream", "firehose:stream", "stepfunctions:state-machine", "events:event-bus", "ecr:repository",
)  # fmt: skip
LIMITED = frozenset({"kinesis:stream", "firehose:stream", "stepfunctions:state-machine", "events:event-bus", "ecr:repository"})
"""Of these, the ones that refuse people for other reasons as well."""
MACHINE = "ec2:instance"
"""Acts itself wherever the words do not tell what somebody does to it."""
_WITHOUT_POLICY = frozenset({"ssm:parameter", "kinesis:stream", "firehose:stream", "stepfunctions:state-machine", MACHINE})
_ON_ANYTHING = frozenset({"ecr:GetAuthorizationToken"})
"""Actions that no resource narrows."""
_KEY_ATTRIBUTE = {"s3:bucket": "encryption", "sqs:queue": "key", "sns:topic": "key", "secretsmanager:secret": "kms_key", "ssm:parameter": "key"}


def resource_policy(lens: Lens, target: ResourceRef) -> Gathered:
    """The resource's own policy; a role's is its trust, which :mod:`identity` reads."""
    if target.native_type in _WITHOUT_POLICY:
        return gathered(lens, [], known=True)
    known, document = lens.look(target, "policy")
    if known and document is None:
        return gathered(lens, [], known=True)
    name = f"policy of {_noun(target)} {target.label}"
    source = Source(name, target, "policy", document, writer(target, document), _REMOVES[target.native_type](target))
    return gathered(lens, [source] if known else [], known=known)


def causes_of(target: ResourceRef) -> str:
    """How the ids of causes on the resource's side begin."""
    service = target.native_type.partition(":")[0]
    known = {"s3:bucket": "aws.s3.bucket-policy", "kms:key": "aws.kms.key-policy", "iam:role": "aws.iam.trust"}
    return NO_POLICY if target.native_type in _WITHOUT_POLICY else known.get(target.native_type, f"aws.{service}.policy")


def writer(target: ResourceRef, document: JsonValue = None) -> Callable[[str], Write]:
    """How the resource's policy is written. ``document``: as it is now."""
    if target.native_type == "lambda:function":
        return function_policies.writer(target, document)
    return _WRITES[target.native_type](target)


def new_policy(target: ResourceRef) -> Source | None:
    """The policy that the resource does not have yet; ``None`` where it cannot have one."""
    return None if target.native_type in _WITHOUT_POLICY else Source("new policy", target, "policy", None, writer(target))


def _noun(target: ResourceRef) -> str:
    return target.native_type.split(":")[-1]


def _queue_url(queue: ResourceRef) -> str:
    return f"https://sqs.{queue.region}.amazonaws.com/{queue.account}/{queue.label}"


_WRITES: Mapping[str, Callable[[ResourceRef], Callable[[str], Write]]] = {
    "s3:bucket": lambda it: lambda text: Write("s3", "PutBucketPolicy", {"Bucket": it.label, "Policy": text}),
    "sqs:queue": lambda it: lambda text: Write("sqs", "SetQueueAttributes", {"QueueUrl": _queue_url(it), "Attributes": {"Policy": text}}),
    "sns:topic": lambda it: (
        lambda text: Write("sns", "SetTopicAttributes", {"TopicArn": it.native_id, "AttributeName": "Policy", "AttributeValue": text})
    ),
    "kms:key": lambda it: lambda text: Write("kms", "PutKeyPolicy", {"KeyId": it.native_id, "PolicyName": "default", "Policy": text}),
    "secretsmanager:secret": lambda it: lambda text: Write("secretsmanager", "PutResourcePolicy", {"SecretId": it.native_id, "ResourcePolicy": text}),
    "dynamodb:table": lambda it: lambda text: Write("dynamodb", "PutResourcePolicy", {"ResourceArn": it.native_id, "Policy": text}),
    "events:event-bus": lambda it: lambda text: Write("events", "PutPermission", {"EventBusName": it.label, "Policy": text}),
    "ecr:repository": lambda it: lambda text: Write("ecr", "SetRepositoryPolicy", {"repositoryName": it.label, "policyText": text}),
}


_REMOVES: Mapping[str, Callable[[ResourceRef], Write | None]] = {
    "s3:bucket": lambda it: Write("s3", "DeleteBucketPolicy", {"Bucket": it.label}),
    "sqs:queue": lambda it: Write("sqs", "SetQueueAttributes", {"QueueUrl": _queue_url(it), "Attributes": {"Policy": ""}}),
    "sns:topic": lambda it: None,
    "kms:key": lambda it: None,
    "secretsmanager:secret": lambda it: Write("secretsmanager", "DeleteResourcePolicy", {"SecretId": it.native_id}),
    "dynamodb:table": lambda it: Write("dynamodb", "DeleteResourcePolicy", {"ResourceArn": it.native_id}),
    "lambda:function": lambda it: None,
    "events:event-bus": lambda it: None,
    "ecr:repository": lambda it: Write("ecr", "DeleteRepositoryPolicy", {"repositoryName": it.label}),
}


def arn_for(target: ResourceRef, action: str, problem: Problem) -> str:
    """The ARN a policy must cover; ``*`` in it where the words do not say which object."""
    if action in _ON_ANYTHING:
        return "*"
    if target.native_type == MACHINE:
        return f"arn:aws:ec2:{target.region}:{target.account}:instance/{target.native_id}"
    if target.native_type != "s3:bucket" or not on_objects(action):
        return target.native_id
    key = re.search(rf"(?:s3://|arn:aws[\w-]*:s3:::|(?<![\w./-])){re.escape(target.label)}/([^\s\"'’,;]+)", problem.text)
    return f"{target.native_id}/{key[1].rstrip('.') if key else '*'}"


def key_of(lens: Lens, target: ResourceRef) -> tuple[bool, ResourceRef | None]:
    """The customer's key behind a resource; ``None`` when there is none or it is the cloud's own, which lets the account's users through."""
    attribute = _KEY_ATTRIBUTE.get(target.native_type)
    if attribute is None:
        return True, None
    known, value = lens.look(target, attribute)
    named = next(_key_ids(value), "")
    if not known or not named:
        return known, None
    return _resolve(lens, named, target)


def aliased(lens: Lens, alias: ResourceRef) -> ResourceRef | None:
    """The key an alias stands for."""
    return _resolve(lens, alias.native_id, alias)[1]


def _key_ids(value: JsonValue) -> Iterator[str]:
    """Key identifiers anywhere in an encryption setting."""
    if isinstance(value, str):
        if re.fullmatch(r"(arn:[\w-]+:kms:.+|alias/.+|(mrk-)?[0-9a-f-]{32,})", value):
            yield value
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _key_ids(member)
    elif isinstance(value, list):
        for member in value:
            yield from _key_ids(member)


def _resolve(lens: Lens, named: str, target: ResourceRef) -> tuple[bool, ResourceRef | None]:
    region, account = target.region, target.account
    if "alias/aws/" in named:
        return True, None
    if ":alias/" in named or named.startswith("alias/"):
        arn = named if named.startswith("arn:") else f"arn:aws:kms:{region}:{account}:{named}"
        target_known, key_id = lens.text(ref("kms:alias", arn, "alias/" + arn.split("alias/", 1)[1]), "target")
        if not target_known:
            lens.want("kms:alias", "target")
        if not key_id:
            return False, None
        named = f"{arn.rsplit(':', 1)[0]}:key/{key_id}"
    arn = named if named.startswith("arn:") else f"arn:aws:kms:{region}:{account}:key/{named}"
    return True, by_arn("kms:key", arn)
