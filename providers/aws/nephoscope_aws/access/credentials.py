"""What must be alive before any policy counts: the identity, its keys, and the secret asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from nephoscope.interfaces import FactView
from nephoscope.models import Finding, JsonValue, ResourceRef, Supposition
from nephoscope_aws.access.actors import WORKLOADS, task_of, workloads
from nephoscope_aws.access.identity import Actor, grants_ref
from nephoscope_aws.access.lens import Lens
from nephoscope_aws.access.telling import HOLDS
from nephoscope_aws.access.things import by_arn, ref
from nephoscope_aws.iam.truth import Truth

_ABOUT_KEYS = re.compile(
    r"\b(access ?-?keys?|key id|invalid ?client ?token ?id|invalid ?access ?key ?id|signature|credentials?|scripts?|cli|sdk|tokens?)\b", re.IGNORECASE
)
_ANSWERED = re.compile(
    r"access ?denied|not authori[sz]ed|no permissions?|lacks? .{0,20}permissions?|console|sign(?:s|ed|ing)? in|log(?:s|ged|ging)? ?in", re.IGNORECASE
)
"""Whoever is told that he may not was known: his keys work, or he needs none."""


def _judged(cause: str, subject: ResourceRef, truth: Truth, lens: Lens, note: str, **more: object) -> Finding:
    base = Finding(
        cause=cause,
        subject=subject,
        holds=HOLDS[truth],
        because=tuple(lens.because) if truth is not None else (),
        needs=tuple(lens.needs.values()) if truth is None else (),
        note=note,
    )
    return base.model_copy(update=more)


def identity_exists(lens: Lens, role: ResourceRef) -> Iterator[Finding]:
    """Whether the role or user is there at all."""
    known, exists = lens.look(role, "exists")
    truth: Truth = not exists if known else None
    mended = (Supposition(subject=role, attribute="exists", value=True),) if truth else ()
    note = f"{role.label} does not exist" if truth else f"{role.label} exists"
    yield _judged("aws.iam.identity-missing", role, truth, lens, note if known else "", suppose=mended, details={"who": role.label})


def target_exists(lens: Lens, thing: ResourceRef) -> Iterator[Finding]:
    """Whether what is asked for is there, where that is known anyway: several services answer "denied" for what does not exist."""
    fact = lens.view.fact(thing, "exists")
    if fact is not None:
        lens.look(thing, "exists")
        mended = (Supposition(subject=thing, attribute="exists", value=True),) if fact.known_absent else ()
        note = f"{thing.label} {'does not exist' if fact.known_absent else 'exists'}"
        yield _judged("aws.iam.target-missing", thing, fact.known_absent, lens, note, suppose=mended, details={"target": thing.label})


def without_role(view: FactView) -> Iterator[Finding]:
    """Servers and containers that have no role at all, so that nothing in them can sign a request."""
    for thing in workloads(view):
        lens = Lens(view)
        if thing.native_type in ("ecs:service", "ecs:task-definition"):
            yield from _without_task_role(lens, thing)
        known, profile = lens.look(thing, "profile") if thing.native_type == "ec2:instance" else (False, None)
        if known and not profile:
            note = f"{thing.label} has no instance profile, so its programs have no identity of their own"
            yield _judged("aws.ec2.instance-profile-missing", thing, True, lens, note, details={"who": thing.label})
        elif isinstance(profile, str):
            yield from _empty(lens, thing, by_arn("iam:instance-profile", profile))


def _without_task_role(lens: Lens, thing: ResourceRef) -> Iterator[Finding]:
    task = task_of(thing, lens)
    known, role = lens.look(task, "role") if task else (False, None)
    if known and task:
        note = f"task definition {task.name} names no task role, so its containers have no identity of their own" if not role else ""
        yield _judged("aws.ecs.task-without-role", task, not role, lens, note, details={"who": thing.label, "task": task.name})


def _empty(lens: Lens, thing: ResourceRef, profile: ResourceRef) -> Iterator[Finding]:
    """An instance profile is a case for a role; the console fills it, other tools may not."""
    known, role = lens.look(profile, "role")
    exists = lens.view.fact(profile, "exists")
    truth: Truth = not role if known else None
    gone = " does not exist" if exists is not None and exists.known_absent else " holds no role"
    note = f"instance profile {profile.name} of {thing.label}{gone}, so its programs have no identity" if truth else ""
    details: dict[str, JsonValue] = {"who": thing.label, "profile": profile.name}
    if truth and not gone.endswith("exist") and (namesake := _namesake(lens, profile)):
        details["namesake"] = namesake
    yield _judged("aws.iam.instance-profile-without-role", profile, truth, lens, note, details=details)


def _namesake(lens: Lens, profile: ResourceRef) -> str:
    """The role that is called like the profile and that machines may assume: the console makes the two together."""
    same = [role for role in lens.view.subjects("iam:role") if role.name == profile.name and role.account == profile.account]
    trusting = [role for role in same if WORKLOADS["ec2:instance"] in json.dumps(lens.look(role, "trust")[1])]
    return trusting[0].name if trusting else ""


def access_keys(lens: Lens, actor: Actor) -> Iterator[Finding]:
    """Whether a user who works with access keys has one that is active."""
    role = actor.role
    text = lens.view.problem.text
    if role is None or actor.kind != "user" or not (_ABOUT_KEYS.search(text) or not _ANSWERED.search(text)):
        return
    known, ids = lens.texts(grants_ref("user", role.name, role.account), "access_keys")
    keys = [ref("iam:access-key", one, one, role.account) for one in ids]
    states = [lens.text(key, "status")[1] for key in keys]
    active: Truth = "Active" in states if known and all(states) else None
    inactive = [key for key, state in zip(keys, states, strict=True) if state == "Inactive"]
    truth: Truth = None if active is None else bool(inactive) and not active
    mended = tuple(Supposition(subject=key, attribute="status", value="Active") for key in inactive[:1]) if truth else ()
    params: JsonValue = {"UserName": role.name, "AccessKeyId": inactive[0].native_id, "Status": "Active"} if inactive else {}
    details: dict[str, JsonValue] = {"who": role.label, "service": "iam", "operation": "UpdateAccessKey", "params": params}
    note = f"{len(keys)} access keys of {role.label}, {len(inactive)} inactive"
    yield _judged("aws.iam.access-key-inactive", role, truth, lens, note, suppose=mended, details=details)
    if keys or (active is None and _ABOUT_KEYS.search(text)):
        yield _judged("aws.iam.seen-active-key", role, active, lens, note, role="observation", details={"who": role.label})


def secret_lives(lens: Lens, secret: ResourceRef) -> Iterator[Finding]:
    """Whether the secret is not about to be deleted."""
    known, date = lens.look(secret, "deleted_date")
    truth: Truth = date is not None if known else None
    mended = (Supposition(subject=secret, attribute="deleted_date", value=None, absent=True),) if truth else ()
    details: dict[str, JsonValue] = {
        "secret": secret.label, "date": date, "service": "secretsmanager", "operation": "RestoreSecret", "params": {"SecretId": secret.native_id},
    }  # fmt: skip
    note = f"secret {secret.label} is marked for deletion ({date})" if truth else f"secret {secret.label} is not marked for deletion"
    yield _judged("aws.secretsmanager.pending-deletion", secret, truth, lens, note if known else "", suppose=mended, details=details)
    alive: Truth = None if truth is None else not truth
    yield _judged("aws.secretsmanager.seen-live", secret, alive, lens, note if known else "", role="observation", details=details)
