"""Whether a request is allowed, from the steps that wrote the policies."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nephoscope_suite_aws.oracles.acts import ACCOUNT, REGION, Act, Acts, Unreadable

Answer = Literal["allowed", "denied", "broken"]
"""``broken``: something else than a refusal; the thing is gone, or nobody is there to ask."""
_ROOT = f"arn:aws:iam::{ACCOUNT}:root"
_KEY_ACTIONS = {"s3:GetObject": "kms:Decrypt", "s3:PutObject": "kms:GenerateDataKey", "sns:Publish": "kms:GenerateDataKey"}
_THINGS = {
    "bucket": ("s3:CreateBucket", "Bucket", "arn:aws:s3:::{}/some/object.bin", ("s3:DeleteBucket", "Bucket")),
    "queue": ("sqs:CreateQueue", "QueueName", f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{}}", ("sqs:DeleteQueue", "QueueUrl")),
    "topic": ("sns:CreateTopic", "Name", f"arn:aws:sns:{REGION}:{ACCOUNT}:{{}}", ("sns:DeleteTopic", "TopicArn")),
    "table": ("dynamodb:CreateTable", "TableName", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{}}", ("dynamodb:DeleteTable", "TableName")),
    "secret": ("secretsmanager:CreateSecret", "Name", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{{}}-AbCdEf",
               ("secretsmanager:DeleteSecret", "SecretId")),
    "role": ("iam:CreateRole", "RoleName", f"arn:aws:iam::{ACCOUNT}:role/{{}}", ("iam:DeleteRole", "RoleName")),
}  # fmt: skip


@dataclass(frozen=True)
class Request:
    """Somebody's call: ARN of the caller, action, ARN of the thing."""

    caller: str
    action: str
    thing: str


def allowed(acts: Acts, who: str, action: str, thing: str) -> Answer:
    """``who`` and ``thing`` as people write them, such as ``role reader`` and ``bucket photos``. Raises :class:`Unreadable`."""
    caller = _caller(acts, who)
    kind, _, name = thing.partition(" ")
    making, key, arn, (undo, undone) = _THINGS[kind]
    made = acts.last(making, **{key: name})
    if made is None or any({name, made.name} & {one.params.get(undone)} for one in acts.of(undo)):
        acts.stopped(name, made.name if made else name)
        return "broken"
    if caller is None and who.startswith("server "):
        raise Unreadable("a server without its role may have no network either")
    if caller is None:
        acts.stopped(who.partition(" ")[2])
        return "broken"
    request = Request(caller, action, arn.format(name))
    if not _let(acts, request, _resource_policy(acts, kind, name, made)):
        return "denied"
    return _key_allows(acts, request, kind, name, made)


def _caller(acts: Acts, who: str) -> str | None:
    kind, _, name = who.partition(" ")
    if kind == "user":
        return f"arn:aws:iam::{ACCOUNT}:user/{name}" if acts.last("iam:CreateUser", UserName=name) else None
    role: str | None = name
    service = ""
    if kind == "function":
        act = acts.last("lambda:CreateFunction", FunctionName=name)
        role, service = (_role_of(acts, act.params["Role"]) if act else None), "lambda.amazonaws.com"
    elif kind == "server":
        role, service = _profile_role(acts, name), "ec2.amazonaws.com"
    made = acts.last("iam:CreateRole", RoleName=role) if role else None
    if made is None:
        return None
    if service and not _trusts(made, service):
        acts.stopped(str(role))
        return None
    return f"arn:aws:iam::{ACCOUNT}:role/{role}"


def _role_of(acts: Acts, reference: str) -> str:
    return reference.rpartition("/")[2] if reference.startswith("arn:") else str(acts.named(reference).params["RoleName"])


def _profile_role(acts: Acts, name: str) -> str | None:
    for act in acts.of("ec2:RunInstances"):
        if {"Key": "Name", "Value": name} in [tag for one in act.params.get("TagSpecifications", ()) for tag in one["Tags"]]:
            if acts.gone(["ec2:TerminateInstances", "ec2:StopInstances"], "InstanceIds", act.name):
                return None
            profile = act.params.get("IamInstanceProfile", {}).get("Name")
            joined = acts.last("iam:AddRoleToInstanceProfile", InstanceProfileName=profile)
            return str(joined.params["RoleName"]) if joined else None
    return None


def _trusts(role: Act, service: str) -> bool:
    told = [_says(one, Request(service, "sts:AssumeRole", "")) for one in statements(role.params["AssumeRolePolicyDocument"])]
    return "Allow" in told and "Deny" not in told


# -- policies


def _let(acts: Acts, request: Request, resource: Sequence[Any]) -> bool:
    identity = list(_identity(acts, request.caller))
    boundary = _boundary(acts, request.caller)
    theirs = [_says(one, request) for one in resource]
    own = [_says(one, request) for one in identity]
    bounds = None if boundary is None else [_says(one, request) for one in boundary]
    thing = re.split(r"[:/]", request.thing.removesuffix("-AbCdEf").removesuffix("/some/object.bin"))[-1]
    who = request.caller.rpartition("/")[2]
    if "Deny" in theirs:
        return acts.stopped(thing)
    if "Deny" in (*own, *(bounds or ())) or (bounds is not None and "Allow" not in bounds):
        return acts.stopped(who)
    if request.action == "sts:AssumeRole":
        named = [_says(one, request) for one in resource if _principal(one, request.caller) == "itself"]
        told = "Allow" in named or ("Allow" in theirs and "Allow" in own)
        return told or acts.stopped(thing, *(() if "Allow" in own else (who,)))
    if request.action == "sns:Publish" and "Allow" not in own and not resource:
        raise Unreadable("the policy that a topic comes with may let the whole account in")
    return "Allow" in own or "Allow" in theirs or acts.stopped(who)


def _identity(acts: Acts, caller: str) -> Iterator[Any]:
    kind, _, name = caller.rpartition(":")[2].partition("/")
    key = {"role": "RoleName", "user": "UserName"}[kind]
    holders = [(kind.title(), key, name)]
    holders += [("Group", "GroupName", one.params["GroupName"]) for one in acts.of("iam:AddUserToGroup", UserName=name) if kind == "user"]
    for word, at, holder in holders:
        inline = {one.params["PolicyName"]: one for one in acts.of(f"iam:Put{word}Policy", **{at: holder})}
        for act in inline.values():
            yield from statements(act.params["PolicyDocument"])
        for act in acts.of(f"iam:Attach{word}Policy", **{at: holder}):
            yield from _managed(acts, act.params["PolicyArn"])


def _managed(acts: Acts, reference: str) -> list[Any]:
    made = acts.named(reference)
    if made.do != "iam:CreatePolicy":
        raise Unreadable(reference)
    return statements(made.params["PolicyDocument"])


def _boundary(acts: Acts, caller: str) -> list[Any] | None:
    name = caller.rpartition("/")[2]
    made = acts.last("iam:CreateRole", RoleName=name) if ":role/" in caller else acts.last("iam:CreateUser", UserName=name)
    reference = made.params.get("PermissionsBoundary") if made else None
    return _managed(acts, reference) if reference else None


def _resource_policy(acts: Acts, kind: str, name: str, made: Act) -> list[Any]:
    if kind == "bucket":
        act = acts.last("s3:PutBucketPolicy", Bucket=name)
        return statements(act.params["Policy"]) if act else []
    if kind == "secret":
        act = acts.last("secretsmanager:PutResourcePolicy", SecretId=name)
        return statements(act.params["ResourcePolicy"]) if act else []
    return statements(made.params["AssumeRolePolicyDocument"]) if kind == "role" else []


def _key_allows(acts: Acts, request: Request, kind: str, name: str, made: Act) -> Answer:
    reference = _key(acts, kind, name, made)
    if not reference:
        return "allowed"
    key = acts.named(reference)
    if key.do != "kms:CreateKey":
        raise Unreadable(reference)
    acts.blamed.add(reference)
    if acts.gone(["kms:DisableKey", "kms:ScheduleKeyDeletion"], "KeyId", reference):
        return "broken"
    action = _KEY_ACTIONS[request.action]
    asked = Request(request.caller, action, f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{reference}")
    policy = statements(
        key.params.get("Policy", json.dumps({"Statement": {"Effect": "Allow", "Principal": {"AWS": _ROOT}, "Action": "kms:*", "Resource": "*"}}))
    )
    theirs = [(_says(one, asked), _principal(one, asked.caller)) for one in policy]
    own = [_says(one, asked) for one in _identity(acts, asked.caller)]
    if "Deny" in own or ("Deny", "itself") in theirs or ("Deny", "account") in theirs:
        return "denied"
    granted = any(one.params["GranteePrincipal"] == asked.caller and action.partition(":")[2] in one.params["Operations"]
                  for one in acts.of("kms:CreateGrant", KeyId=reference))  # fmt: skip
    delegated = ("Allow", "account") in theirs and "Allow" in own
    if not (granted or delegated or ("Allow", "itself") in theirs):
        acts.blamed |= {asked.caller.rpartition("/")[2]} if ("Allow", "account") in theirs else set()
        return "denied"
    boundary = _boundary(acts, asked.caller)
    return "allowed" if boundary is None or "Allow" in [_says(one, asked) for one in boundary] else "denied"


def _key(acts: Acts, kind: str, name: str, made: Act) -> str:
    if kind == "topic":
        return str(made.params.get("Attributes", {}).get("KmsMasterKeyId", ""))
    if kind != "bucket":
        return ""
    act = acts.last("s3:PutBucketEncryption", Bucket=name)
    rules = act.params["ServerSideEncryptionConfiguration"]["Rules"] if act else []
    return str(next((one["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID", "") for one in rules), ""))


# -- statements


def statements(document: Any) -> list[Any]:
    """Of a policy, as text or as structure."""
    read = json.loads(document) if isinstance(document, str) else document
    told = read["Statement"]
    return told if isinstance(told, list) else [told]


def _says(statement: Mapping[str, Any], request: Request) -> str:
    """``Allow``, ``Deny`` or nothing."""
    action = any(fnmatch.fnmatchcase(request.action.lower(), one.lower()) for one in _list(statement.get("Action", ())))
    if "NotAction" in statement or "NotResource" in statement or "NotPrincipal" in statement:
        raise Unreadable("a statement that names what it is not about")
    resource = "Resource" not in statement or any(like(request.thing, one) for one in _list(statement["Resource"]))
    about = action and resource and (("Principal" not in statement) or bool(_principal(statement, request.caller)))
    return str(statement["Effect"]) if about and _holds(statement.get("Condition", {}), request) else ""


def _principal(statement: Mapping[str, Any], caller: str) -> str:
    """``itself``, ``account`` or nothing."""
    told = statement.get("Principal", {})
    listed = ["*"] if told == "*" else [one for value in told.values() for one in _list(value)]
    if caller in listed or "*" in listed:
        return "itself"
    return "account" if caller.startswith("arn:") and {_ROOT, ACCOUNT} & set(listed) else ""


def _holds(condition: Mapping[str, Mapping[str, Any]], request: Request) -> bool:
    known = {"aws:PrincipalArn": request.caller, "aws:RequestedRegion": REGION, "aws:PrincipalAccount": ACCOUNT, "aws:PrincipalOrgID": None}
    for operator, told in condition.items():
        for key, wanted in told.items():
            if key not in known:
                raise Unreadable(key)
            value = known[key]
            plain = operator.replace("Not", "")
            if plain not in ("StringEquals", "StringLike", "ArnEquals", "ArnLike"):
                raise Unreadable(operator)
            same = value is not None and any(like(value, one) if plain != "StringEquals" else value == one for one in _list(wanted))
            if same == ("Not" in operator):
                return False
    return True


def like(value: str, pattern: str) -> bool:
    """``*`` and ``?`` stand for anything and for one sign."""
    told = "".join(".*" if one == "*" else "." if one == "?" else re.escape(one) for one in pattern)
    return re.fullmatch(told, value) is not None


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]
