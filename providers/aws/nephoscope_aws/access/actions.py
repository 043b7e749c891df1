"""Which actions a person means: operations named in the words, or verbs, read by the type of the thing they are about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from nephoscope.knowledge.mentions import in_onset
from nephoscope.models import Problem, ResourceRef
from nephoscope_aws.access.things import service_of
from nephoscope_aws.classification.public import prefix
from nephoscope_aws.operations import operations_of

_VERBS: Mapping[str, str] = {
    "read": r"(?-i:GET|HEAD)|"
    r"reads?|reading|downloads?|downloading|(?<=to )get|(?<=t )get|fetch(?:es|ing)?|opens?|loads?|quer(?:y|ies|ying)|scans?|retrieves?",
    "write": r"(?-i:PUT)|writes?|writing|uploads?|uploading|puts?|putting|saves?|saving|storing|inserts?|updates?|updating",
    "delete": r"(?-i:DELETE)|deletes?|deleting|removes?|removing",
    "list": r"lists?|listing|browses?|enumerates?",
    "send": r"sends?|sending|publish(?:es|ing)?|enqueues?|posts?|posting",
    "receive": r"receives?|receiving|consumes?|consuming|polls?|polling",
    "decrypt": r"decrypts?|decrypting|decryption",
    "encrypt": r"encrypts?|encrypting",
    "invoke": r"invokes?|invoking|calls?|calling|triggers?",
    "assume": r"assumes?|assuming|assumed|assume-?role|switch(?:es)?(?: to)?",
    "deploy": r"deploys?|deploy(?:ed|ing|ments?)|roll(?:s|ing|ed)? out|rollouts?|releas(?:e|es|ing)|ship(?:s|ping)?|new (?:code|versions?|builds?)"
    r"|push(?:es|ing)? (?:\w+ ){0,2}(?:code|versions?|builds?|updates?)|updat(?:e|es|ing) (?:the |its |our )?(?:code|function|lambda)",
    "pass": r"pass(?:es)?|passing|pass-?role",
    "pull": r"pulls?|pulling|cannotpullcontainer\w*",
    "push": r"push(?:es|ing)?",
    "start": r"starts?|starting|boots?|booting",
    "run": r"runs?|running|execut(?:es?|ing)|launch(?:es|ing)?|kick(?:s|ing)? off",
    "stop": r"stops?|stopping|shut(?:s|ting)? down",
    "reboot": r"reboots?|rebooting|restarts?|restarting",
    "terminate": r"terminat(?:es?|ing)|kills?|killing",
}
_ACTIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "s3:bucket": {"read": ("s3:GetObject",), "write": ("s3:PutObject",), "delete": ("s3:DeleteObject",), "list": ("s3:ListBucket",)},
    "sqs:queue": {
        "send": ("sqs:SendMessage",), "write": ("sqs:SendMessage",), "read": ("sqs:ReceiveMessage",), "receive": ("sqs:ReceiveMessage",),
        "delete": ("sqs:DeleteMessage",),
    },
    "sns:topic": {"send": ("sns:Publish",), "write": ("sns:Publish",)},
    "dynamodb:table": {
        "read": ("dynamodb:GetItem",), "write": ("dynamodb:PutItem",), "delete": ("dynamodb:DeleteItem",), "list": ("dynamodb:Scan",),
    },
    "kms:key": {"decrypt": ("kms:Decrypt",), "read": ("kms:Decrypt",), "encrypt": ("kms:Encrypt",), "write": ("kms:GenerateDataKey",)},
    "secretsmanager:secret": {"read": ("secretsmanager:GetSecretValue",), "write": ("secretsmanager:PutSecretValue",)},
    "ssm:parameter": {"write": ("ssm:PutParameter",)},
    "lambda:function": {"invoke": ("lambda:InvokeFunction",), "deploy": ("lambda:UpdateFunctionCode",)},
    "iam:role": {"assume": ("sts:AssumeRole",), "pass": ("iam:PassRole",)},
    "kinesis:stream": {
        "send": ("kinesis:PutRecord", "kinesis:PutRecords"), "write": ("kinesis:PutRecord", "kinesis:PutRecords"), "read": ("kinesis:GetRecords",),
        "receive": ("kinesis:GetRecords",),
    },
    "firehose:stream": {
        "send": ("firehose:PutRecord", "firehose:PutRecordBatch"), "write": ("firehose:PutRecord", "firehose:PutRecordBatch"),
    },
    "stepfunctions:state-machine": {"start": ("states:StartExecution",), "run": ("states:StartExecution",), "invoke": ("states:StartExecution",)},
    "events:event-bus": {"send": ("events:PutEvents",), "write": ("events:PutEvents",)},
    "ecr:repository": {
        "pull": ("ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
        "push": ("ecr:GetAuthorizationToken", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload", "ecr:PutImage"),
    },
    "ec2:instance": {
        "start": ("ec2:StartInstances",), "stop": ("ec2:StopInstances",), "reboot": ("ec2:RebootInstances",),
        "terminate": ("ec2:TerminateInstances",),
    },
}  # fmt: skip
_EITHER = frozenset({"kinesis:PutRecord", "kinesis:PutRecords", "firehose:PutRecord", "firehose:PutRecordBatch"})
"""One of them does where a verb is all the words tell: which of them a program uses is its own affair."""
_RENAMED = {
    "s3:HeadObject": "s3:GetObject",
    "s3:CopyObject": "s3:PutObject",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "lambda:Invoke": "lambda:InvokeFunction",
}
_USUAL: Mapping[str, tuple[str, ...]] = {
    "secretsmanager:secret": ("secretsmanager:GetSecretValue",), "lambda:function": ("lambda:InvokeFunction",),
    "ssm:parameter": ("ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath"),
    "ecr:repository": ("ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
}  # fmt: skip
_ON_OBJECTS = re.compile(r"^s3:(?:Get|Put|Delete|Restore|Abort|List(?:Multipart))\w*(?:Object|Part|MultipartUpload|Tagging)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Actions asked about. ``every``: all of them are meant; otherwise the words leave open which."""

    actions: tuple[str, ...]
    every: bool


def wanted(problem: Problem, target: ResourceRef) -> Wanted:
    """Actions the problem means on a thing: named operations first, then verbs, else whatever is usual there."""
    if chosen := named(problem, target):
        return Wanted(chosen, every=True)
    if chosen := spoken(problem, target):
        return Wanted(chosen, every=not _EITHER.issuperset(chosen))
    table = _ACTIONS.get(target.native_type, {})
    usual = _USUAL.get(target.native_type) or tuple(dict.fromkeys(action for actions in table.values() for action in actions))
    return Wanted(usual, every=len(usual) == 1)


def spoken(problem: Problem, target: ResourceRef) -> tuple[str, ...]:
    """Actions on a thing for which the words hold a verb."""
    table = _ACTIONS.get(target.native_type, {})
    verbs = [verb for verb in _VERBS if verb in table and says(problem, verb)]
    return tuple(dict.fromkeys(action for verb in verbs for action in table[verb]))


def says(problem: Problem, verb: str) -> bool:
    """Whether the words hold a verb, names of things left aside."""
    text = _without_names(problem)
    said = re.finditer(rf"(?<![\w-])(?:{_VERBS[verb]})(?![\w-])", text, re.IGNORECASE)
    return any(not in_onset(text, match.start()) for match in said)


def in_vain(problem: Problem, target: ResourceRef) -> bool:
    """Whether the words say that somebody cannot do something to a thing: "x can't update the code of y"."""
    text, table = _without_names(problem), _ACTIONS.get(target.native_type, {})
    return any(re.search(rf"{_CANNOT}\s+(?:\w+\s+)?(?:{_VERBS[verb]})(?![\w-])", text, re.IGNORECASE) for verb in table if verb in _VERBS)


_CANNOT = r"(?<![\w-])(?:can ?not|can'?t|can’t|could ?n[o']t|unable to|not able to|fails? to|failed to|refuse[sd]? to|does ?n[o']t manage to)"


def _without_names(problem: Problem) -> str:
    text = problem.text
    for entity in problem.entities:
        text = text.replace(entity.text, " ")
    return text


def named(problem: Problem, target: ResourceRef) -> tuple[str, ...]:
    """Actions on a thing whose operations the words name."""
    service = service_of(target.native_type)
    prefixes = {"iam": ("iam", "sts")}.get(service, (service,))
    found: list[str] = []
    for word in problem.actions:
        prefix, _, operation = word.rpartition(":")
        if (prefix and prefix in prefixes) or (not prefix and _known(operation, target)):
            found.append(word if prefix else _known(operation, target))
    return tuple(dict.fromkeys(_permission(action) for action in found))


def _known(operation: str, target: ResourceRef) -> str:
    """The action of a bare operation name, when it is one of this type's."""
    service = service_of(target.native_type)
    renamed = _RENAMED.get(f"{service}:{operation}")
    if renamed:
        return renamed
    table = {action.split(":")[1]: action for actions in _ACTIONS.get(target.native_type, {}).values() for action in actions}
    extra = {"dynamodb:table": ("Query", "UpdateItem", "BatchGetItem", "BatchWriteItem", "DescribeTable"), "sqs:queue": ("GetQueueAttributes",)}
    table |= {name: f"{service}:{name}" for name in extra.get(target.native_type, ())}
    return table.get(operation) or (f"{prefix(service) or service}:{operation}" if operation in operations_of(service) else "")


def _permission(action: str) -> str:
    """The permission behind an operation where its name differs."""
    return {
        "s3:HeadObject": "s3:GetObject",
        "s3:ListObjectsV2": "s3:ListBucket",
        "s3:ListObjects": "s3:ListBucket",
        "lambda:Invoke": "lambda:InvokeFunction",
    }.get(action, action)


def on_objects(action: str) -> bool:
    """Whether an action is about what a bucket holds rather than the bucket."""
    return bool(_ON_OBJECTS.match(action))


_WRITING = frozenset({"s3:putobject", "sqs:sendmessage", "sns:publish", "secretsmanager:putsecretvalue", "ssm:putparameter"})
_READING = frozenset(
    {"s3:getobject", "sqs:receivemessage", "secretsmanager:getsecretvalue", "ssm:getparameter", "ssm:getparameters", "ssm:getparametersbypath"}
)


def key_action(action: str) -> str:
    """What an action needs of the key that encrypts its resource; empty for nothing."""
    if action.lower() in _WRITING:
        return "kms:GenerateDataKey"
    return "kms:Decrypt" if action.lower() in _READING else ""
