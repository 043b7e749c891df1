"""Who is denied: the identity the words name, or the one behind the function or server they name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from nephoscope.interfaces import FactView
from nephoscope.models import Entity, Problem, ResourceRef
from nephoscope_aws.access.actions import says
from nephoscope_aws.access.actions import spoken as spoken_of
from nephoscope_aws.access.identity import Actor
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.access.spoken import spoken
from nephoscope_aws.access.targets import MACHINE
from nephoscope_aws.access.things import by_arn, ref
from nephoscope_aws.iam import Principal

_SESSION = re.compile(r"arn:(aws[\w-]*):sts::(\d{12}):assumed-role/([\w+=,.@-]+)")
_ACCOUNT = re.compile(r"(?<![\w:-])\d{12}(?![\w:-])")
_ASSUMED = re.compile(
    r"\b(?:assum\w+|assume-role)\s+(?:the\s+|its\s+|our\s+|my\s+)?(?:role\s+)?[\"'`“‘]?(?:arn:[\w:-]+:role/(?:[\w/]+/)?)?([\w+=,.@-]+)", re.IGNORECASE
)
_PASSED = re.compile(r"\bpass\w*\s+(?:the\s+)?(?:role\s+)?[\"'`“‘]?([\w+=,.@-]+)", re.IGNORECASE)
_GIVEN = re.compile(
    r"\b(?:creat|launch|start|run|regist|deploy|updat|attach|configur|set)\w*\b[^.;]{0,80}?\b(?:with|using|under)\s+(?:the\s+)?(?:iam\s+)?role\s+"
    r"[\"'`“‘]?([\w+=,.@-]+)",
    re.IGNORECASE,
)
"""A role that is handed to what somebody makes or changes."""
_PASSIVE = re.compile(r"\brole\b.{0,40}\b(?:can ?not|can't|can’t|not|never)\s+be\s+assumed", re.IGNORECASE)
_OTHER_TARGETS = ("s3:bucket", "sqs:queue", "sns:topic", "dynamodb:table", "kms:key", "secretsmanager:secret")
_TOWARDS = re.compile(r"\b(?:to|on|onto|from|into|of|in)\s+(?:(?:the|our|its|my)\s+)?(?:\w+\s+)?[\"'`“‘]?$", re.IGNORECASE)
WORKLOADS = {
    "lambda:function": "lambda.amazonaws.com", "ec2:instance": "ec2.amazonaws.com",
    "ecs:service": "ecs-tasks.amazonaws.com", "ecs:task-definition": "ecs-tasks.amazonaws.com",
}  # fmt: skip


def roles_acted_on(view: FactView) -> tuple[ResourceRef, ...]:
    """Roles that the words want assumed or passed, rather than acting themselves."""
    roles, text = _sick(view, "iam:role"), view.problem.text
    patterns = (_ASSUMED, _PASSED, _GIVEN) if len(_sick(view, "iam:role", "iam:user")) > 1 else (_ASSUMED, _PASSED)
    spoken = {match[1].rstrip(".,;:") for pattern in patterns for match in pattern.finditer(text)}
    named = tuple(role for role in roles if role.name in spoken)
    if named or _sick(view, *_OTHER_TARGETS) or not (says(view.problem, "assume") or says(view.problem, "pass")):
        return named
    return roles[:1] if _PASSIVE.search(text) else roles[-1:]


def handed_on(view: FactView) -> tuple[ResourceRef, ...]:
    """Of these, the roles that are handed to what somebody makes: whoever makes it must be allowed that, and also to pass the role."""
    named = {match[1].rstrip(".,;:") for match in _GIVEN.finditer(view.problem.text)}
    return tuple(role for role in roles_acted_on(view) if role.name in named)


def actors(view: FactView, lens: Lens) -> tuple[Actor, ...]:
    """Every actor the problem is about, named identities before workloads. None: the words do not tell, or ``lens`` needs more to say."""
    targets = {role.key for role in roles_acted_on(view)}
    identities = [one for one in (*_sick(view, "iam:role", "iam:user"), *_sessions(view)) if one.key not in targets]
    found = {one.key: _identity(one, lens) for one in identities}
    if not found:
        found |= {one.key: _identity(one, lens) for one in spoken(view, lens, ("iam:role", "iam:user")) if one.key not in targets}
    if not found and not lens.needs:
        found |= {actor.role.key if actor.role else actor.principal.service: actor for actor in _workloads(view, lens, targets)}
    return tuple(found.values()) or tuple(_accounts(view))


def placed(view: FactView, found: tuple[Actor, ...], lens: Lens) -> tuple[Actor, ...]:
    """The same, but identities that a named workload runs under with it: where it stands may matter. ``lens`` needs what tells."""
    bare = {actor.role.key for actor in found if actor.role and actor.workload is None}
    if not bare or not workloads(view):
        return found
    targets = {role.key for role in roles_acted_on(view)}
    running = {actor.role.key: actor for actor in _workloads(view, lens, targets) if actor.role and actor.role.key in bare}
    return tuple(running.get(actor.role.key, actor) if actor.role else actor for actor in found)


def _sick(view: FactView, *native_types: str) -> tuple[ResourceRef, ...]:
    sick = [one for entity in view.problem.entities if entity.role != "healthy" for one in entity.matches if one.native_type in native_types]
    return tuple({one.key: one for one in (_as_listed(view, ref) for ref in sick)}.values())


def _as_listed(view: FactView, ref: ResourceRef) -> ResourceRef:
    """An identity's ARN may hold a path that the words left out: the account's own listing tells it."""
    if ref.native_type not in ("iam:role", "iam:user"):
        return ref
    same = [one for one in view.subjects(ref.native_type) if one.name == ref.name and one.account == ref.account]
    return next((one for one in same if one.key == ref.key), same[0] if same else ref)


def _sessions(view: FactView) -> Iterator[ResourceRef]:
    """Roles whose sessions an error text names."""
    for partition, account, name in _SESSION.findall(view.problem.text):
        yield _as_listed(view, by_arn("iam:role", f"arn:{partition}:iam::{account}:role/{name}"))


def _identity(role: ResourceRef, lens: Lens, workload: ResourceRef | None = None, service: str = "") -> Actor:
    """An identity of this account, or one of another account, of which only the name can be seen."""
    if role.account not in {one.account for one in lens.view.identities}:
        return Actor(Principal(role.native_id, role.account))
    unique_id = lens.text(role, "unique_id")[1]
    return Actor(Principal(role.native_id, role.account, unique_id=unique_id), role, workload, service)


def workloads(view: FactView) -> tuple[ResourceRef, ...]:
    """Functions and servers the words call sick, but for a server that somebody does something to."""
    somebody = _sick(view, "iam:role", "iam:user")
    found = tuple(one for one in _sick(view, *WORKLOADS) if not (somebody and one.native_type == MACHINE and spoken_of(view.problem, one)))
    asked_for = {ref.key for entity in view.problem.entities if _asked_for(view.problem, entity) for ref in entity.matches}
    return tuple(one for one in found if one.key not in asked_for) or found


def _asked_for(problem: Problem, entity: Entity) -> bool:
    """Whether a name that a workload shares with something guarded stands where the words put what is asked for: "is denied … to it"."""
    kinds = {ref.native_type for ref in entity.matches}
    before = problem.text.partition(entity.text)[0] if entity.text in problem.text else ""
    return bool(kinds - WORKLOADS.keys() and kinds & WORKLOADS.keys() and _TOWARDS.search(before))


def _workloads(view: FactView, lens: Lens, targets: set[str]) -> Iterator[Actor]:
    things = workloads(view)
    named = {ref.key for entity in view.problem.entities if entity.named for ref in entity.matches}
    if len(things) > 1 and says(view.problem, "invoke"):
        things = things[:1]
    for thing in things:
        role = role_of(thing, lens)
        service = WORKLOADS[thing.native_type]
        by_kind = bool(targets) and thing.key not in named  # "assumed by lambda": the service, not one of its functions
        if role is not None and (role.key in targets or by_kind):
            yield Actor(Principal(service=service), workload=thing, service=service)
        elif role is not None:
            yield _identity(role, lens, thing, service)


def role_of(thing: ResourceRef, lens: Lens) -> ResourceRef | None:
    """The role under which a workload runs; ``None`` where it has none, or none is known."""
    arn = _ROLES[thing.native_type](thing, lens)
    if not arn:
        return None
    known = next((one for one in lens.view.subjects("iam:role") if one.native_id == arn), None)
    return known or by_arn("iam:role", arn)


def _of_instance(thing: ResourceRef, lens: Lens) -> str:
    profile = lens.text(thing, "profile")[1]
    return lens.text(by_arn("iam:instance-profile", profile), "role")[1] if profile else ""


def _of_service(thing: ResourceRef, lens: Lens) -> str:
    """What containers may do is their task's; the service's own role is for its balancer."""
    task = task_of(thing, lens)
    return lens.text(task, "role")[1] if task else ""


def task_of(thing: ResourceRef, lens: Lens) -> ResourceRef | None:
    """What a service's containers are started by; a task definition is its own."""
    if thing.native_type == "ecs:task-definition":
        return thing
    task = lens.text(thing, "task_definition")[1]
    return ref("ecs:task-definition", task, task.rpartition("/")[2], thing.account, thing.region) if task else None


_ROLES: Mapping[str, Callable[[ResourceRef, Lens], str]] = {
    "lambda:function": lambda thing, lens: lens.text(thing, "role")[1],
    "ec2:instance": _of_instance,
    "ecs:service": _of_service,
    "ecs:task-definition": lambda thing, lens: lens.text(thing, "role")[1],
}


def _accounts(view: FactView) -> Iterator[Actor]:
    """Another account as a whole, whose own policies cannot be seen from here."""
    own = {identity.account for identity in view.identities}
    for account in dict.fromkeys(_ACCOUNT.findall(view.problem.text)):
        if account not in own:
            yield Actor(Principal(f"arn:aws:iam::{account}:root", account))
