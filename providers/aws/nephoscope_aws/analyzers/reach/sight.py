"""Reading facts while remembering which ones were used, and which are missing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nephoscope.interfaces import FactView
from nephoscope.models import FactQuery, JsonValue, ResourceRef

_KINDS = {
    "ec2:instance": "compute.instance",
    "ec2:security-group": "network.firewall",
    "ec2:network-acl": "network.acl",
    "ec2:route-table": "network.route_table",
    "ec2:subnet": "network.subnet",
    "ec2:vpc": "network.network",
    "ec2:internet-gateway": "network.gateway",
    "ec2:nat-gateway": "network.nat",
    "ec2:network-interface": "network.interface",
    "ec2:vpc-peering-connection": "network.peering",
    "ec2:vpc-endpoint": "network.endpoint",
    "ec2:prefix-list": "network.prefix_list",
    "ec2:transit-gateway": "network.transit_gateway",
    "ec2:transit-gateway-attachment": "network.transit_attachment",
    "ec2:transit-gateway-route-table": "network.transit_route_table",
    "elbv2:listener": "network.listener",
    "elbv2:listener-rule": "network.listener_rule",
    "elbv2:load-balancer": "network.load_balancer",
    "elbv2:target-group": "network.target_group",
    "ecs:task-definition": "compute.task_definition",
    "efs:file-system": "storage.file_system",
    "elasticache:cluster": "data.cache",
    "elasticache:subnet-group": "network.subnet_group",
    "rds:db-subnet-group": "network.subnet_group",
    "redshift:subnet-group": "network.subnet_group",
}


def refer(native_type: str, native_id: str, like: ResourceRef) -> ResourceRef:
    """A reference to something beside ``like``, in the same account and region."""
    return ResourceRef(
        cloud=like.cloud, kind=_KINDS[native_type], native_type=native_type, native_id=native_id, account=like.account, region=like.region
    )


class Unseen(Exception):
    """Facts that a judgement needs are not known yet."""

    def __init__(self, *needs: FactQuery) -> None:
        super().__init__(", ".join(need.key for need in needs))
        self.needs = needs


def together(*reads: Callable[[], Any]) -> list[Any]:
    """Several readings, so that what any of them misses is asked for in one go."""
    found: list[Any] = []
    missing: list[FactQuery] = []
    for read in reads:
        try:
            found.append(read())
        except Unseen as unseen:
            missing += unseen.needs
    if missing:
        raise Unseen(*missing)
    return found


class Sight:
    """One judgement's view of the facts. ``used`` are the ids of the facts it rests on, in order of reading."""

    def __init__(self, view: FactView) -> None:
        self.view = view
        self._used: dict[str, None] = {}

    @property
    def used(self) -> tuple[str, ...]:
        return tuple(self._used)

    def value(self, subject: ResourceRef, attribute: str) -> Any:
        """The attribute's value, ``None`` when it is known to be absent. Raises :class:`Unseen` while it is unknown."""
        return self.values(subject, attribute)[0]

    def values(self, subject: ResourceRef, *attributes: str) -> list[Any]:
        """Several attributes at once, so that all the missing ones are asked for together."""
        return self.all_of([(subject, attribute) for attribute in attributes])

    def all_of(self, wanted: list[tuple[ResourceRef, str]]) -> list[Any]:
        """Attributes of several subjects at once."""
        facts = [(subject, attribute, self.view.fact(subject, attribute)) for subject, attribute in wanted]
        missing = [FactQuery(subject=subject, attribute=attribute) for subject, attribute, fact in facts if fact is None]
        if missing:
            raise Unseen(*missing)
        found: list[JsonValue] = []
        for _, _, fact in facts:
            if fact is not None:
                self._used[fact.id] = None
                found.append(None if fact.known_absent else fact.value)
        return found

    def wished(self, subject: ResourceRef, attribute: str) -> Any:
        """The attribute's value, which makes a fix better known but is not needed: ``None`` too where it was asked for and could not be seen."""
        return None if self.view.fact(subject, attribute) is None and self.view.gap(subject, attribute) else self.value(subject, attribute)

    def glance(self, subject: ResourceRef, attribute: str) -> Any:
        """The value if it happens to be known, without resting on it."""
        fact = self.view.fact(subject, attribute)
        return fact.value if fact is not None and not fact.known_absent else None

    def name(self, subject: ResourceRef) -> str:
        """What people call a thing: the name its facts carry, else its id."""
        known = next((one.name for one in self.view.subjects(subject.native_type) if one.key == subject.key and one.name), "")
        return known or subject.label
