"""Containers and groups of machines: what their parts name, and whether the parts fit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nephoscope.models import FactQuery, JsonValue, ResourceRef
from nephoscope_aws.analyzers.setting.conditions import Judge, Judging, named_judge, told_missing
from nephoscope_aws.iam.truth import Truth, any_of
from nephoscope_aws.looking.look import UNKNOWN, mend
from nephoscope_aws.looking.referring import refer

_SECRET = re.compile(r"(arn:[^:]+:secretsmanager:[^:]+:\d+:secret:[^:]+)")
_MOST_VERSIONS = 4
_REVISION = re.compile(r"(?P<family>[^/:]+):(?P<revision>\d+)$")


def lost(judging: Judging, refs: Sequence[ResourceRef | None]) -> Truth:
    """Whether one of the things does not exist; the first that is missing is told."""
    found: list[Truth] = []
    for ref in refs:
        there = judging.look.exists(ref) if ref else True
        found.append(None if there is None else not there)
        if ref and there is False:
            judging.details |= told_missing(judging, ref)
            judging.suppose.append(mend(ref, "exists", True))
            return True
    return any_of(found)


def _containers(judging: Judging, subject: ResourceRef) -> list[Mapping[str, Any]] | None:
    written = judging.look.value(subject, "containers")
    return None if written is UNKNOWN else [one for one in written if isinstance(one, dict)] if isinstance(written, list) else []


def ecs_secret_missing(judging: Judging) -> Truth:
    """A container's secret is in neither store."""
    containers = _containers(judging, judging.subject)
    if containers is None:
        return None
    named = [str(secret.get("valueFrom")) for one in containers for secret in one.get("secrets") or ()]
    return lost(judging, [_secret(judging, text) for text in named])


def _secret(judging: Judging, text: str) -> ResourceRef | None:
    secret = _SECRET.match(text)
    if secret:
        return refer(judging.view, judging.subject, "secretsmanager:secret", secret[1])
    return refer(judging.view, judging.subject, "ssm:parameter", text if text.startswith("arn:") else text.lstrip("/"))


def ecs_log_group_missing(judging: Judging) -> Truth:
    """A container logs to a group that nobody made and the driver does not make."""
    containers = _containers(judging, judging.subject)
    if containers is None:
        return None
    return lost(judging, [_group(judging, name) for name in _groups(containers)])


def _groups(containers: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in containers:
        log = one.get("logConfiguration") or {}
        options = log.get("options") or {}
        if log.get("logDriver") == "awslogs" and str(options.get("awslogs-create-group", "")).lower() != "true" and options.get("awslogs-group"):
            yield str(options["awslogs-group"])


def _group(judging: Judging, name: str) -> ResourceRef | None:
    return refer(judging.view, judging.subject, "logs:log-group", name)


def ecs_container_port_mismatch(judging: Judging) -> Truth:
    """The load balancer is tied to a container or port that the task definition does not have."""
    balancers = judging.look.value(judging.subject, "load_balancers")
    definition = judging.look.value(judging.subject, "task_definition")
    if balancers is UNKNOWN or definition is UNKNOWN:
        return None
    if not isinstance(balancers, list) or not balancers:
        return False
    task = refer(judging.view, judging.subject, "ecs:task-definition", str(definition))
    containers = _containers(judging, task) if task else None
    if task is None or containers is None:
        return None
    opened = {(str(one.get("name")), int(port.get("containerPort", 0))) for one in containers for port in one.get("portMappings") or ()}
    for tied in balancers:
        wanted = (str(tied.get("containerName")), int(tied.get("containerPort") or 0))
        if wanted not in opened:
            told = ", ".join(f"{name}:{port}" for name, port in sorted(opened)) or "no port"
            judging.details |= {"container": wanted[0], "port": wanted[1], "opened": told}
            cluster = judging.look.value(judging.subject, "cluster")
            judging.details |= {"cluster": str(cluster)} if isinstance(cluster, str) else {}
            right: list[JsonValue] = [{**one, "containerName": name, "containerPort": port} for one in balancers for name, port in sorted(opened)[:1]]
            judging.details |= {"only": told, "balancers": right} if len(opened) == len(balancers) == 1 else {}
            judging.suppose.append(mend(judging.subject, "load_balancers", right))
            return True
    return False


def ecs_newer_task_definition(judging: Judging) -> Truth:
    """A newer revision of the service's task definition was registered, and the service does not run it."""
    current = judging.look.value(judging.subject, "task_definition")
    match = _REVISION.search(str(current)) if current is not UNKNOWN else None
    if match is None:
        return None
    family = refer(judging.view, judging.subject, "ecs:family", match["family"])
    revisions = judging.look.strings(family, "revisions") if family else None
    if revisions is None:
        return None
    numbers = {int(found["revision"]): arn for arn in revisions if (found := _REVISION.search(arn)) and found["family"] == match["family"]}
    newest = max(numbers, default=0)
    cluster = judging.look.value(judging.subject, "cluster")
    judging.details |= {"current": match[0], "newest": f"{match['family']}:{newest}", "cluster": str(cluster) if cluster is not UNKNOWN else ""}
    if newest <= int(match["revision"]):
        return False
    judging.suppose.append(mend(judging.subject, "task_definition", numbers[newest]))
    return True


def group_subnet_deleted(judging: Judging) -> Truth:
    """A subnet of the group is not there."""
    written = judging.look.value(judging.subject, "subnets")
    if written is UNKNOWN:
        return None
    names = [name.strip() for name in str(written or "").split(",") if name.strip()]
    return lost(judging, [refer(judging.view, judging.subject, "ec2:subnet", name) for name in names])


def _template(judging: Judging) -> tuple[ResourceRef, str] | None:
    name, version = judging.look.value(judging.subject, "template"), judging.look.value(judging.subject, "template.version")
    if name in (UNKNOWN, None) or version is UNKNOWN:
        return None
    ref = refer(judging.view, judging.subject, "ec2:launch-template", str(name))
    return (ref, str(version or "$Default")) if ref else None


def _versions(judging: Judging, template: ResourceRef) -> dict[str, Mapping[str, Any]] | None:
    """Versions by number, and by the words for the newest and the default one."""
    listed = judging.look.value(template, "versions")
    if listed is UNKNOWN or not isinstance(listed, list):
        return None
    found: dict[str, Mapping[str, Any]] = {str(one.get("VersionNumber")): one for one in listed if isinstance(one, dict)}
    if found:
        found["$Latest"] = found[max(found, key=int)]
        found["$Default"] = next((one for one in found.values() if one.get("DefaultVersion")), found["$Latest"])
    return found


def group_image_missing(judging: Judging) -> Truth:
    """The image that the group starts from is not there."""
    written = judging.look.value(judging.subject, "template")
    if written is None:
        return False
    template = _template(judging)
    versions = _versions(judging, template[0]) if template else None
    if template is None or versions is None:
        return None
    image = ((versions.get(template[1]) or {}).get("LaunchTemplateData") or {}).get("ImageId")
    if not isinstance(image, str) or not image.startswith("ami-"):
        return False
    judging.details |= {"image": image, "template": template[0].native_id, "template_version": template[1]}
    gone = lost(judging, [refer(judging.view, judging.subject, "ec2:image", image)])
    sound = _sound(judging, versions) if gone else {}
    judging.details |= sound or {}
    return None if sound is None else gone


def _sound(judging: Judging, versions: Mapping[str, Mapping[str, Any]]) -> dict[str, JsonValue] | None:
    """The newest version whose image exists; ``None`` while that is still to be asked."""
    for number in sorted((int(one) for one in versions if one.isdigit()), reverse=True)[:_MOST_VERSIONS]:
        image = (versions[str(number)].get("LaunchTemplateData") or {}).get("ImageId")
        ref = refer(judging.view, judging.subject, "ec2:image", image) if isinstance(image, str) and image.startswith("ami-") else None
        there = judging.view.fact(ref, "exists") if ref else None
        if there is not None and not there.known_absent and there.value:
            return {"sound": str(number)}
        if ref is not None and there is None and judging.awaits(FactQuery(subject=ref, attribute="exists")):
            return None
    return {}


def group_template_old(judging: Judging) -> Truth:
    """The group is pinned to a version that is not the newest."""
    if judging.look.value(judging.subject, "template") is None:
        return False
    template = _template(judging)
    versions = _versions(judging, template[0]) if template else None
    if template is None or versions is None:
        return None
    newest = str((versions.get("$Latest") or {}).get("VersionNumber"))
    used = str((versions.get(template[1]) or {}).get("VersionNumber"))
    judging.details |= {"template": template[0].native_id, "template_version": used, "newest": newest}
    if used == newest or "None" in (used, newest):
        return False
    judging.suppose.append(mend(judging.subject, "template.version", "$Latest"))
    return True


def group_scheduled_action_shrinks(judging: Judging) -> Truth:
    """A scheduled action sets the size to less than another one, or to nothing."""
    listed = judging.look.value(judging.subject, "scheduled")
    if listed is UNKNOWN:
        return None
    actions = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    for one in actions:
        sizes = [int(one[key]) for key in ("DesiredCapacity", "MaxSize") if one.get(key) is not None]
        if sizes and min(sizes) == 0:
            when = str(one.get("Recurrence") or one.get("StartTime") or one.get("Time"))
            judging.details |= {
                "action": str(one.get("ScheduledActionName")),
                "to": min(sizes),
                "when": when,
                "zone": str(one.get("TimeZone") or "UTC"),
            }
            kept: list[JsonValue] = [other for other in actions if other is not one]
            judging.suppose.append(mend(judging.subject, "scheduled", kept))
            return True
    return False


JUDGES: Mapping[str, Judge] = named_judge(
    ecs_secret_missing, ecs_log_group_missing, ecs_container_port_mismatch, ecs_newer_task_definition, group_subnet_deleted, group_image_missing,
    group_template_old, group_scheduled_action_shrinks,
)  # fmt: skip
