"""What a container service must reach before a task of it starts: its image, its secrets, its log, the file systems it mounts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from nephoscope.models import Problem, ResourceRef
from nephoscope_aws.analyzers.reach import journeys, services
from nephoscope_aws.analyzers.reach.ends import Endpoint
from nephoscope_aws.analyzers.reach.hosted import Hosted
from nephoscope_aws.analyzers.reach.journeys import Asked, Leg
from nephoscope_aws.analyzers.reach.sight import Sight, refer
from nephoscope_aws.network.intervals import Intervals
from nephoscope_aws.network.traffic import EVERYONE, Traffic

SERVICE = "ecs:service"
PULLING = ("ecr.api", "ecr.dkr", "s3")
"""An image is asked for at one, listed at another, and its layers lie in the third."""
_HTTPS = Asked(Traffic(Intervals.of((443, 443)), each=True))
_NFS = Asked(Traffic(Intervals.of((2049, 2049)), each=True))


def legs(sight: Sight, problem: Problem) -> list[Leg]:
    """For every named service that runs fewer tasks than it should."""
    sick = [entity for entity in problem.entities if entity.named and entity.role != "healthy"]
    refs = {ref.key: ref for entity in sick for ref in entity.matches if ref.native_type == SERVICE}.values()
    return [leg for ref in refs if _short(sight, ref) for leg in journeys.composed(sight, ref, partial(_of, sight, ref), _HTTPS.traffic)]


def _short(sight: Sight, ref: ResourceRef) -> bool:
    """Only what is known of it: others ask for it."""
    desired, running = sight.glance(ref, "desired"), sight.glance(ref, "running")
    return isinstance(desired, int) and isinstance(running, int) and running < desired


def _of(sight: Sight, ref: ResourceRef) -> list[Leg]:
    end = Hosted(ref)
    if not end.placed(sight):
        return []
    task = refer("ecs:task-definition", str(sight.value(ref, "task_definition")), ref)
    containers, volumes = sight.values(task, "containers", "volumes")
    public = (sight.value(ref, "network") or {}).get("assignPublicIp") == "ENABLED"
    made: list[Leg] = []
    for service in dict.fromkeys(_reached(containers or ())):
        endpoint = services.endpoint_for(sight, end.vpc(sight), service)
        if endpoint is not None:
            made += journeys.to_endpoint(sight, end, Endpoint(endpoint), _HTTPS)
        elif not public:  # with an address of its own a task goes out by the gateway of its network
            made += journeys.outbound(sight, end, EVERYONE, _HTTPS)
    for key in _mounted(volumes or ()):
        made += journeys.between(sight, end, Hosted(refer("efs:file-system", key, ref)), _NFS)
    return made


def _reached(containers: Any) -> Iterator[str]:
    for one in containers:
        if ".dkr.ecr." in str(one.get("image")):
            yield from PULLING
        for secret in one.get("secrets") or ():
            yield "secretsmanager" if ":secretsmanager:" in str(secret.get("valueFrom")) else "ssm"
        if (one.get("logConfiguration") or {}).get("logDriver") == "awslogs":
            yield "logs"


def _mounted(volumes: Any) -> list[str]:
    named = ((one.get("efsVolumeConfiguration") or {}).get("fileSystemId") for one in volumes)
    return [str(key) for key in dict.fromkeys(named) if key]
