"""What a thing does by its role: read from what it names, not from what anybody says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from nephoscope.models import ResourceRef
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.access.routes import ANY, DEFAULT, Route, concerned, routes
from nephoscope_aws.access.targets import key_of
from nephoscope_aws.access.things import FUNCTION_ARN, by_arn
from nephoscope_aws.behaviour.log_lines import refusals
from nephoscope_aws.looking.logs import errors_in, group_of
from nephoscope_aws.looking.look import UNKNOWN, Look, hidden
from nephoscope_aws.looking.referring import refer

_IMAGE = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:@]+)")
_FUNCTION = re.compile(r"((?:arn:[\w-]+:lambda:[\w-]*:\d*:function:)?[\w-]+)(:[\w$-]+)?")
_DIRECT = re.compile(r"arn:[a-z-]+:states:::(?:aws-sdk:)?([a-z0-9]+):(\w+)")


@dataclass(frozen=True)
class Use:
    """Actions that a role needs on one resource. ``target``: the thing, where we know its kind; ``why``: what asks for it."""

    role: str
    actions: tuple[str, ...]
    resource: str
    target: ResourceRef | None
    why: str
    given: tuple[tuple[str, str], ...] = ()
    """Condition keys that the use itself decides, with their values."""


Called = tuple[ResourceRef, str]
"""A function, and the ARN that its policy sees the call come from; empty where that is not one thing."""


@cache
def table() -> Mapping[str, Any]:
    """``uses.yaml``."""
    loaded: Mapping[str, Any] = yaml.safe_load((Path(__file__).parent / "uses.yaml").read_text("utf-8"))
    return loaded


def uses(look: Look, thing: ResourceRef) -> list[Use]:
    """Everything that a thing does by its role, as far as its configuration is known; what is missing is among the look's needs."""
    read = _READERS.get(thing.native_type)
    return list(read(look, thing)) if read else []


def called(look: Look, thing: ResourceRef) -> list[Called]:
    """Functions that a thing calls as itself; of an interface on the routes that the words are about. Those it calls by a role are left out."""
    return [(ref, source) for arn, source in _CALLING[thing.native_type](look, thing) if (ref := refer(look.view, thing, "lambda:function", arn))]


def _by_routes(look: Look, api: ResourceRef) -> Iterator[tuple[str, str]]:
    meant = concerned(_routes(look, api), look.view.problem.text)
    yield from ((one.function, _by_route(look, api, one)) for one in meant if one.function)
    if api.native_type == "apigateway:rest-api" and any(one.authorizer for one in meant):
        authorizers = look.value(api, "authorizers")
        for one in authorizers if isinstance(authorizers, list) else []:
            asked = isinstance(one, dict) and one.get("id") in {route.authorizer for route in meant} and not one.get("authorizerCredentials")
            named = FUNCTION_ARN.search(str(one.get("authorizerUri"))) if asked else None
            if named:
                yield named[0], f"{_execute(api)}/authorizers/{one.get('id')}"


def _execute(api: ResourceRef) -> str:
    return f"arn:aws:execute-api:{api.region}:{api.account}:{api.native_id}"


def _by_route(look: Look, api: ResourceRef, route: Route) -> str:
    """What the request comes by, where path, method and stage are one thing only."""
    stages = look.value(api, "stages")
    names = [str(one.get("stageName") or one.get("StageName")) for one in stages if isinstance(one, dict)] if isinstance(stages, list) else []
    plain = len(names) == 1 and "{" not in route.path and route.method != ANY and route.path != DEFAULT
    return f"{_execute(api)}/{names[0]}/{route.method}{route.path}" if plain else ""


def _rotating(look: Look, secret: ResourceRef) -> Iterator[tuple[str, str]]:
    """Asked about only where rotation is what hurts: whoever reads a secret calls nothing."""
    if re.search(r"\brotat\w*|\brenew\w*", look.view.problem.text, re.IGNORECASE):
        function = _text(look, secret, "rotation_function")
        if function:
            yield function, secret.native_id


def _triggered(look: Look, pool: ResourceRef) -> Iterator[tuple[str, str]]:
    configured = look.value(pool, "configuration")
    triggers = configured.get("LambdaConfig") if isinstance(configured, dict) else None
    for function in dict.fromkeys(FUNCTION_ARN.findall(str(triggers))) if triggers else ():
        yield function, f"arn:aws:cognito-idp:{pool.region}:{pool.account}:userpool/{pool.native_id}"


_CALLING: Mapping[str, Callable[[Look, ResourceRef], Iterator[tuple[str, str]]]] = {
    "apigateway:rest-api": _by_routes,
    "apigatewayv2:api": _by_routes,
    "secretsmanager:secret": _rotating,
    "cognito-idp:user-pool": _triggered,
}


def unasked(look: Look, api: ResourceRef) -> set[str]:
    """Functions, by their ARN, that only routes call which the words are not about."""
    if _CALLING.get(api.native_type) is not _by_routes:
        return set()
    every = _routes(look, api)
    meant = {one.function for one in concerned(every, look.view.problem.text)}
    return {one.function for one in every} - meant


def _routes(look: Look, api: ResourceRef) -> list[Route]:
    rest = api.native_type == "apigateway:rest-api"
    written, others = look.value(api, "resources" if rest else "routes"), None if rest else look.value(api, "integrations")
    return [] if UNKNOWN in (written, others) else routes(written, None if rest else others or [])


def steps_of(look: Look, machine: ResourceRef) -> list[ResourceRef]:
    """Functions that are steps of a workflow: what goes wrong in them goes wrong in it."""
    definition = look.value(machine, "definition") if machine.native_type == "stepfunctions:state-machine" else UNKNOWN
    named = FUNCTION_ARN.findall(json.dumps(definition, ensure_ascii=False)) if definition is not UNKNOWN else []
    return [ref for name in dict.fromkeys(named) if (ref := refer(look.view, machine, "lambda:function", name))]


def _text(look: Look, thing: ResourceRef, attribute: str) -> str:
    value = look.value(thing, attribute)
    return value if isinstance(value, str) and not hidden(value) else ""


def _workflow(look: Look, machine: ResourceRef) -> Iterator[Use]:
    role, definition = _text(look, machine, "role"), look.value(machine, "definition")
    if not role or definition is UNKNOWN:
        return
    for name, state in _tasks(definition):
        resource = str(state.get("Resource") or "")
        direct = _DIRECT.match(resource)
        if direct:
            entry = table()["tasks"].get(f"{direct[1]}.{direct[2]}")
            given = state.get("Parameters") or state.get("Arguments") or {}
            named = given.get(entry["name"]) if entry and isinstance(given, dict) else None
            if (direct[1], direct[2]) == ("ecs", "runTask") and isinstance(given, dict):
                yield from _starts(look, machine, role, given.get("TaskDefinition"), given.get("Cluster"), f"step {name}")
            elif entry and isinstance(named, str) and not named.startswith(("$", "{%")):
                yield from _named(look, machine, role, entry, named, f"step {name}")
        else:
            yield from _called(look, machine, role, resource, f"step {name}")


def _tasks(value: Any, name: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Tasks at any depth: branches and maps hold states of their own."""
    if isinstance(value, list):
        for one in value:
            yield from _tasks(one, name)
    elif isinstance(value, dict):
        if value.get("Type") == "Task":
            yield name, value
        for key, one in value.items():
            yield from _tasks(one, key)


def _called(look: Look, thing: ResourceRef, role: str, arn: str, why: str) -> Iterator[Use]:
    parts = arn.split(":")
    entry = table()["targets"].get(parts[2]) if len(parts) >= 6 and "*" not in arn else None
    if entry:
        yield from _named(look, thing, role, entry, arn, why)


def _named(look: Look, thing: ResourceRef, role: str, entry: Mapping[str, Any], text: str, why: str) -> Iterator[Use]:  # noqa: PLR0917 - the parts of one use
    plain, qualifier = _unqualified(text) if entry["type"] == "lambda:function" else (text, "")
    target = refer(look.view, thing, entry["type"], plain)
    if target:
        yield Use(role, tuple(entry["actions"]), target.native_id + qualifier, target, f"{why} of {thing.label}")


def _unqualified(function: str) -> tuple[str, str]:
    """A function as it is named, and the version or alias behind it with its colon: the policy must allow the call of just that."""
    named = _FUNCTION.fullmatch(function)
    return (named[1], named[2] or "") if named else (function, "")


def _target(look: Look, thing: ResourceRef) -> Iterator[Use]:
    role, arn = _text(look, thing, "role"), _text(look, thing, "target")
    if role and arn:
        yield from _called(look, thing, role, arn, "the target")
        settings = look.value(thing, "settings")
        task = settings.get("EcsParameters") or (settings.get("Target") or {}).get("EcsParameters") if isinstance(settings, dict) else None
        if isinstance(task, dict):
            yield from _starts(look, thing, role, task.get("TaskDefinitionArn"), arn, "the target")


def _starts(look: Look, thing: ResourceRef, role: str, definition: Any, cluster: Any, why: str) -> Iterator[Use]:  # noqa: PLR0917 - the parts of one use
    """Whoever starts a task hands it roles: that takes a permission of its own."""
    named = isinstance(definition, str) and not definition.startswith(("$", "{%"))
    task = refer(look.view, thing, "ecs:task-definition", definition) if named else None
    if task is None:
        return
    where = (("ecs:cluster", cluster),) if isinstance(cluster, str) and cluster.startswith("arn:") else ()
    if re.search(r":\d+$", task.native_id):  # which revision a bare family stands for is told by nothing here
        yield Use(role, ("ecs:RunTask",), task.native_id, None, f"{why} of {thing.label}", where)
    for handed in dict.fromkeys(filter(None, (_text(look, task, "execution_role"), _text(look, task, "role")))):
        yield Use(role, ("iam:PassRole",), handed, None, f"{why} of {thing.label}", (("iam:passedtoservice", table()["services"][task.native_type]),))


def _delivery(look: Look, stream: ResourceRef) -> Iterator[Use]:
    role, bucket = _text(look, stream, "role"), _text(look, stream, "bucket")
    target = refer(look.view, stream, "s3:bucket", bucket) if role and bucket else None
    if target:
        yield Use(role, ("s3:PutObject",), f"{target.native_id}/*", target, f"the destination of {stream.label}")
        yield from _encrypted(look, role, target, f"objects that {stream.label} writes")


def _encrypted(look: Look, role: str, target: ResourceRef, why: str) -> Iterator[Use]:
    """What is written to a thing under a key of one's own takes the key too."""
    lens = Lens(look.view)
    known, key = key_of(lens, target)
    manager = lens.text(key, "manager")[1] if known and key else ""
    for query in lens.needs.values():
        look.want(query)
    if key and manager == "CUSTOMER":
        yield Use(role, ("kms:GenerateDataKey",), key.native_id, key, why)


_COPIES = re.compile(r"\b(replica\w*|cop(?:y|ies|ied|ying)|mirror\w*|sync\w*|disaster|backup\w*|other (?:region|bucket|account))\b", re.IGNORECASE)


def _replication(look: Look, bucket: ResourceRef) -> Iterator[Use]:
    """Asked about only where copies are what hurts."""
    if not _COPIES.search(look.view.problem.text):
        return
    configured = look.value(bucket, "replication")
    role = configured.get("Role") if isinstance(configured, dict) else None
    rules = configured.get("Rules") if isinstance(configured, dict) else None
    if not isinstance(role, str) or not isinstance(rules, list):
        return
    why = f"replication of {bucket.label}"
    yield Use(role, ("s3:GetReplicationConfiguration", "s3:ListBucket"), bucket.native_id, bucket, why)
    yield Use(role, ("s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl"), f"{bucket.native_id}/*", bucket, why)
    enabled = [one for one in rules if isinstance(one, dict) and one.get("Status") == "Enabled"]
    for arn in dict.fromkeys(str((one.get("Destination") or {}).get("Bucket")) for one in enabled):
        copy = refer(look.view, bucket, "s3:bucket", arn)
        yield Use(role, ("s3:ReplicateObject",), f"{arn}/*", copy, why)


def _task(look: Look, task: ResourceRef) -> Iterator[Use]:
    role, containers = _text(look, task, "execution_role"), look.value(task, "containers")
    if not role or not isinstance(containers, list):
        return
    takes: Mapping[str, list[str]] = table()["containers"]
    for one in (one for one in containers if isinstance(one, dict)):
        why = f"container {one.get('name')} of {task.label}"
        image = _IMAGE.match(str(one.get("image") or ""))
        if image:
            yield Use(role, tuple(takes["login"]), "*", None, why)
            yield Use(role, tuple(takes["image"]), f"arn:aws:ecr:{image[2]}:{image[1]}:repository/{image[3]}", None, why)
        for secret in one.get("secrets") or ():
            yield from _secret(look, task, role, str(secret.get("valueFrom") or ""), why)
        log = one.get("logConfiguration") or {}
        group = (log.get("options") or {}).get("awslogs-group") if log.get("logDriver") == "awslogs" else None
        if group:
            yield from _refused(look, task, _text(look, task, "role"), refer(look.view, task, "logs:log-group", str(group)))
            yield Use(role, tuple(takes["log"]), f"arn:aws:logs:{task.region}:{task.account}:log-group:{group}:log-stream:*", None, why)


def _secret(look: Look, task: ResourceRef, role: str, named: str, why: str) -> Iterator[Use]:
    takes = table()["containers"]
    if ":secretsmanager:" in named:
        arn = ":".join(named.split(":")[:7])
        yield Use(role, tuple(takes["secret"]), arn, refer(look.view, task, "secretsmanager:secret", arn), why)
    elif named:
        arn = named if named.startswith("arn:") else f"arn:aws:ssm:{task.region}:{task.account}:parameter/{named.lstrip('/')}"
        yield Use(role, tuple(takes["parameter"]), arn, None, why)


def _polling(look: Look, mapping: ResourceRef) -> Iterator[Use]:
    source, function = _text(look, mapping, "source"), _text(look, mapping, "function")
    takes = table()["streams"].get(source.split(":")[2]) if source.count(":") >= 5 else None
    holder = refer(look.view, mapping, "lambda:function", ":".join(function.split(":")[:7])) if takes and function else None
    role = _text(look, holder, "role") if holder else ""
    if takes and holder and role:
        yield Use(role, tuple(takes), source, None, f"{holder.label} reads {source.rsplit('/', 1)[-1]}")


def _reported(look: Look, function: ResourceRef) -> Iterator[Use]:
    role = _text(look, function, "role")
    if role:
        group = group_of(look, function)
        yield from _refused(look, function, role, group)
        if about_logs(look.view.problem.text):
            arn = f"arn:aws:logs:{function.region}:{function.account}:log-group:{group.label if group else f'/aws/lambda/{function.name}'}"
            absent = group is not None and look.exists(group) is False
            actions = (*(("logs:CreateLogGroup",) if absent else ()), *table()["containers"]["log"])
            yield Use(role, actions, f"{arn}:log-stream:*", None, f"lines that {function.label} writes")


def about_logs(text: str) -> bool:
    """Whether it is the lines of a program that are missed."""
    return _LINES.search(text) is not None and not _PASSED_ON.search(text)


_PASSED_ON = re.compile(r"\b(arriv|reach|receiv|deliver|forward|ship|subscri|export|archiv|get(?:s|ting)? (?:in)?to)", re.IGNORECASE)
"""Lines that are there, and go no further."""
_LINES = re.compile(
    r"\b(?:no|any|zero|without|missing|never|not|find|see|where|n['’]?t (?:\w+ )?(?:any )?) (?:\w+ ){0,3}?"
    r"log(?:s|ging| groups?| streams?| lines?| output| entries)?\b"
    r"|\blog(?:s| groups?| streams?| lines?)?\b[^.;!?]{0,60}"
    r"\b(?:do(?:es)?(?: not|n['’]?t) exist|missing|empty|gone|not there|not created|stay\w* away"
    r"|(?:never|no longer) (?:there|created|written|filled|appear\w*|show\w*))\b",
    re.IGNORECASE,
)
_MANAGED = re.compile(
    r"\b(session manager|systems manager(?!\W+param)|ssm[ -](agents?|sessions?|managed)|run command|fleet manager|patch manager|state manager"
    r"|managed (instance|node)s?|target ?not ?connected|start-session|(start|open) a session)\b",
    re.IGNORECASE,
)


def _agent(look: Look, instance: ResourceRef) -> Iterator[Use]:
    """What registers a machine with those who manage it: asked about only where that is what hurts, and of one that is not registered."""
    if not _MANAGED.search(look.view.problem.text) or look.value(instance, "managed") is not None:
        return
    role = _text(look, by_arn("iam:instance-profile", profile), "role") if (profile := _text(look, instance, "profile")) else ""
    if role:
        yield Use(role, tuple(table()["agents"]), "*", None, f"the agent on {instance.label}")


def _refused(look: Look, thing: ResourceRef, role: str, group: ResourceRef | None) -> Iterator[Use]:
    """What a thing's own log says was denied to its role: tried, and so needed, whatever else is written there."""
    for one in refusals(errors_in(look, group) or ()):
        if f":{one.account}:" in role and role.rsplit("/", 1)[-1] == one.role:
            target = _thing(one.resource)
            if target is not None:
                look.exists(target)  # what has no policy of its own is told from what is not there
            yield Use(role, (one.action,), one.resource or "*", target, f"the log of {thing.label} tells of it")


def _thing(arn: str) -> ResourceRef | None:
    """What an ARN in a line names, where the policies of such things are known."""
    service, _, rest = arn.removeprefix("arn:aws:").partition(":")
    if service == "s3":
        return by_arn("s3:bucket", arn.partition("/")[0])
    if service == "dynamodb":
        return by_arn("dynamodb:table", "/".join(arn.split("/")[:2]))
    return by_arn(table()["things"][service], arn) if service in table()["things"] and not rest.endswith("*") else None


_READERS: Mapping[str, Callable[[Look, ResourceRef], Iterator[Use]]] = {
    "stepfunctions:state-machine": _workflow,
    "ecs:task-definition": _task,
    "scheduler:schedule": _target,
    "events:target": _target,
    "firehose:stream": _delivery,
    "s3:bucket": _replication,
    "lambda:event-source-mapping": _polling,
    "lambda:function": _reported,
    "ec2:instance": _agent,
}
