"""Things whose interfaces stand in the account's networks: where, and behind which security groups, their own settings name by id."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nephoscope.models import ResourceRef, texts
from nephoscope_aws.analyzers.reach.sight import Sight, refer, together
from nephoscope_aws.network.intervals import Intervals
from nephoscope_aws.network.traffic import Traffic


@dataclass(frozen=True)
class Settings:
    """Where a kind of thing says where it stands. ``attribute``: the fact that names subnets, security groups or interfaces, wherever in it.

    ``group``: the type of a subnet group that stands for subnets, ``named`` the key that names it. ``member``: the key of the parts that say it
    all. ``ports``: what it serves; one of them is enough.
    """

    attribute: str
    ports: tuple[int, ...] = ()
    group: str = ""
    named: str = ""
    members: str = ""


KINDS = {
    "ecs:service": Settings("network"),
    "efs:file-system": Settings("mounts", (2049,)),
    "elasticache:cluster": Settings("configuration", (6379, 11211), "elasticache:subnet-group", "CacheSubnetGroupName"),
    "elasticache:replication-group": Settings("", (6379,), members="members"),
    "mq:broker": Settings("configuration", (5671, 61617, 8883)),
    "opensearch:domain": Settings("configuration", (443,)),
    "rds:db-cluster": Settings("security_groups", (3306, 5432), "rds:db-subnet-group", "subnet_group"),
    "redshift:cluster": Settings("configuration", (5439,), "redshift:subnet-group", "ClusterSubnetGroupName"),
}
CALLERS = frozenset({"ecs:service"})
"""Those that call; the others are only ever called."""
CALLED = frozenset(KINDS) - CALLERS
_PLACES = {"sn": "ec2:subnet", "sg": "ec2:security-group", "eni": "ec2:network-interface"}
_FORMS = {"sn": re.compile(r"subnet-[0-9a-f]{8,}"), "sg": re.compile(r"sg-[0-9a-f]{8,}"), "eni": re.compile(r"eni-[0-9a-f]{8,}")}


@dataclass(frozen=True)
class Hosted:
    """A service's thing, or a group of containers, with interfaces of its own in a network."""

    ref: ResourceRef

    @property
    def traffic(self) -> Traffic | None:
        """What it serves, where its kind says it."""
        ports = KINDS[self.ref.native_type].ports
        return Traffic(Intervals.of(*((port, port) for port in ports)), each=len(ports) == 1) if ports else None

    def placed(self, sight: Sight) -> bool:
        """Whether its place is shown. Whatever stands in a network so carries a security group: none shown is nothing known."""
        subnets, groups = together(lambda: self.subnets(sight), lambda: self.groups(sight))
        return bool(subnets and groups)

    def vpc(self, sight: Sight) -> ResourceRef:
        subnets = self.subnets(sight)
        return refer("ec2:vpc", str(sight.value(subnets[0], "vpc") or "") if subnets else "", self.ref)

    def subnets(self, sight: Sight) -> list[ResourceRef]:
        own = self._placed(sight, "sn")
        return own or [subnet for group in self._subnet_group(sight) for subnet in self._named(sight.value(group, "subnets"), "sn")]

    def groups(self, sight: Sight) -> list[ResourceRef]:
        cards = self._placed(sight, "eni")
        held = sight.all_of([(card, "security_groups") for card in cards]) if cards else []
        return self._placed(sight, "sg") or self._named(held, "sg")

    def blocks(self, sight: Sight) -> list[str]:
        return [str(block) for block in sight.all_of([(subnet, "cidr") for subnet in self.subnets(sight)]) if block]

    def public(self, sight: Sight) -> bool:
        return False

    def _placed(self, sight: Sight, what: str) -> list[ResourceRef]:
        return self._named([sight.value(part, where.attribute) for part, where in self._parts(sight)], what)

    def _parts(self, sight: Sight) -> Iterator[tuple[ResourceRef, Settings]]:
        """What says where it stands: itself, or what it is made of."""
        where = KINDS[self.ref.native_type]
        if not where.members:
            yield self.ref, where
            return
        stem = self.ref.native_id.rpartition(":replicationgroup:")[0]
        for member in sight.value(self.ref, where.members) or ():
            yield refer("elasticache:cluster", f"{stem}:cluster:{member}", self.ref), KINDS["elasticache:cluster"]

    def _subnet_group(self, sight: Sight) -> Iterator[ResourceRef]:
        for part, where in self._parts(sight):
            if not where.group:
                continue
            settings = sight.value(part, where.attribute)
            name = settings.get(where.named) if isinstance(settings, dict) else sight.value(part, where.named)
            if isinstance(name, str) and name:
                yield refer(where.group, _group_id(where.group, name, part), self.ref)
                return

    def _named(self, value: Any, what: str) -> list[ResourceRef]:
        found = (match[0] for text in texts(value) if (match := _FORMS[what].fullmatch(text)))
        return [refer(_PLACES[what], one, self.ref) for one in dict.fromkeys(found)]


def _group_id(native_type: str, name: str, part: ResourceRef) -> str:
    """Subnet groups of databases are known by their ARN, the others by their name."""
    return part.native_id.replace(":cluster:", ":subgrp:").rpartition(":")[0] + f":{name}" if native_type.startswith("rds:") else name
