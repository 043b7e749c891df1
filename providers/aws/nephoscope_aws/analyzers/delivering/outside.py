"""Senders that are no stop of any way here: schedules, streams, interfaces, workflows. Whoever has one is not without a sender."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nephoscope.models import FactQuery, ResourceRef
from nephoscope_aws.analyzers.delivering import refs
from nephoscope_aws.analyzers.delivering.links import LEADS_TO
from nephoscope_aws.looking.look import UNKNOWN, Look

_SCHEDULE, _WORKFLOW = "scheduler:schedule", "stepfunctions:state-machine"
_MOST_WORKFLOWS = 12
_FOLLOWED = frozenset(f"{one}.amazonaws.com" for one in ("s3", "events", "sns", "sqs"))
"""Services whose own settings show whether they send."""


def sender(look: Look, end: ResourceRef) -> str:
    """Something else that is set up to send to a thing, in words; empty where nothing is, or where that is not known yet."""
    return next((told for find in (_streams, _schedules, _guests, _workflows) for told in find(look, end)), "")


def _streams(look: Look, end: ResourceRef) -> Iterator[str]:
    if end.native_type != refs.FUNCTION:
        return
    for identifier in look.strings(end, "mappings") or ():
        source = look.value(refs.reference(refs.MAPPING, identifier, end.account, end.region, identifier), "source")
        if isinstance(source, str) and not is_stop(source, end):
            yield f"mapping {identifier} reads {source}"


def is_stop(source: object, end: ResourceRef) -> bool:
    """Whether what a mapping reads is one of the senders that are followed here."""
    ref = refs.of_arn(source)
    return ref is not None and end.native_type in LEADS_TO.get(ref.native_type, ())


def _schedules(look: Look, end: ResourceRef) -> Iterator[str]:
    for schedule in _listed(look, _SCHEDULE, end.region):
        target = look.value(schedule, "target")
        if isinstance(target, str) and (target == end.native_id or target.startswith(f"{end.native_id}:")):
            yield f"schedule {schedule.label} calls it"


def _guests(look: Look, end: ResourceRef) -> Iterator[str]:
    policy = look.value(end, "policy")
    statements = policy.get("Statement") if isinstance(policy, Mapping) else None
    for one in [statements] if isinstance(statements, Mapping) else statements if isinstance(statements, list) else []:
        principal = one.get("Principal") if isinstance(one, Mapping) and one.get("Effect") == "Allow" else None
        services = principal.get("Service") if isinstance(principal, Mapping) else None
        for name in [services] if isinstance(services, str) else services if isinstance(services, list) else []:
            if name not in _FOLLOWED:
                yield f"its policy lets {name} in"


def _workflows(look: Look, end: ResourceRef) -> Iterator[str]:
    if end.native_type != refs.FUNCTION:
        return
    for machine in _listed(look, _WORKFLOW, end.region)[:_MOST_WORKFLOWS]:
        definition = look.value(machine, "definition")
        if definition is not UNKNOWN and _names(definition, end):
            yield f"workflow {machine.label} calls it"


def _names(value: object, end: ResourceRef) -> bool:
    if isinstance(value, Mapping):
        return any(_names(one, end) for one in value.values())
    if isinstance(value, list):
        return any(_names(one, end) for one in value)
    return isinstance(value, str) and (value in (end.name, end.native_id) or value.startswith(f"{end.native_id}:"))


def _listed(look: Look, kind: str, region: str) -> list[ResourceRef]:
    inventory = look.view.complete(kind, region)
    if inventory is None:
        look.want(FactQuery(kind=kind, attribute="complete"))
        return []
    look.use(inventory)
    return list(look.view.subjects(kind))
