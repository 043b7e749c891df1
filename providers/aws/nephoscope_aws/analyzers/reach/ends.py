"""Who stands at an end of the path. Every end answers the same questions, whatever it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from nephoscope.models import ResourceRef
from nephoscope_aws.analyzers.reach.hosted import KINDS, Hosted
from nephoscope_aws.analyzers.reach.sight import Sight, refer, together
from nephoscope_aws.network.traffic import Peer


class End(Protocol):
    """Something inside a network that sends or receives. All methods read facts and raise ``Unseen`` while some are missing."""

    @property
    def ref(self) -> ResourceRef: ...

    def vpc(self, sight: Sight) -> ResourceRef: ...

    def subnets(self, sight: Sight) -> list[ResourceRef]: ...

    def groups(self, sight: Sight) -> list[ResourceRef]:
        """Security groups it carries; none: nothing filters at its interfaces."""

    def blocks(self, sight: Sight) -> list[str]:
        """The private address, or the blocks it lies in when only those are known."""

    def public(self, sight: Sight) -> bool:
        """Whether it has an address on the internet of its own."""


def peer_of(end: End, sight: Sight) -> Peer:
    """The end as its counterpart's filters see it."""
    blocks, held = together(lambda: end.blocks(sight), lambda: end.groups(sight))
    single = all("/" not in block for block in blocks)
    groups = frozenset(group.native_id for group in held)
    return Peer.at(*blocks, groups=groups, label=end.ref.label, certainty="exact" if single else "any")


def _subnet_blocks(subnets: list[ResourceRef], sight: Sight) -> list[str]:
    return [str(block) for block in sight.all_of([(subnet, "cidr") for subnet in subnets]) if block]


@dataclass(frozen=True)
class _InOneSubnet:
    ref: ResourceRef

    def vpc(self, sight: Sight) -> ResourceRef:
        return refer("ec2:vpc", str(sight.value(self.ref, "vpc") or ""), self.ref)

    def subnets(self, sight: Sight) -> list[ResourceRef]:
        subnet = sight.value(self.ref, "subnet")
        return [refer("ec2:subnet", str(subnet), self.ref)] if subnet else []


@dataclass(frozen=True)
class Instance(_InOneSubnet):
    """A virtual machine."""

    def groups(self, sight: Sight) -> list[ResourceRef]:
        own, interfaces = sight.values(self.ref, "security_groups", "interfaces")
        held = [*(own or ()), *(group for card in interfaces or () for group in card.get("Groups") or ())]
        return [refer("ec2:security-group", key, self.ref) for key in dict.fromkeys(str(item["GroupId"]) for item in held if item.get("GroupId"))]

    def blocks(self, sight: Sight) -> list[str]:
        own = sight.value(self.ref, "private_ip")
        return [str(own)] if own else _subnet_blocks(self.subnets(sight), sight)

    def public(self, sight: Sight) -> bool:
        return bool(sight.value(self.ref, "public_ip"))


@dataclass(frozen=True)
class Card(_InOneSubnet):
    """A network interface by itself: of a container's task, or of whatever holds an address."""

    def groups(self, sight: Sight) -> list[ResourceRef]:
        held = sight.value(self.ref, "security_groups") or ()
        return [refer("ec2:security-group", str(item["GroupId"]), self.ref) for item in held if item.get("GroupId")]

    def blocks(self, sight: Sight) -> list[str]:
        return [str(sight.value(self.ref, "private_ip"))]

    def public(self, sight: Sight) -> bool:
        return False


@dataclass(frozen=True)
class Database:
    """A managed database instance. Its private address is not shown, only its subnets."""

    ref: ResourceRef

    def vpc(self, sight: Sight) -> ResourceRef:
        return refer("ec2:vpc", str((sight.value(self.ref, "subnet_group") or {}).get("VpcId", "")), self.ref)

    def subnets(self, sight: Sight) -> list[ResourceRef]:
        group, zone = sight.values(self.ref, "subnet_group", "availability_zone")
        members = (group or {}).get("Subnets") or []
        here = [item for item in members if (item.get("SubnetAvailabilityZone") or {}).get("Name") == zone] or members
        return [refer("ec2:subnet", str(item["SubnetIdentifier"]), self.ref) for item in here]

    def groups(self, sight: Sight) -> list[ResourceRef]:
        held = sight.value(self.ref, "security_groups") or ()
        return [refer("ec2:security-group", str(item["VpcSecurityGroupId"]), self.ref) for item in held if item.get("VpcSecurityGroupId")]

    def blocks(self, sight: Sight) -> list[str]:
        return _subnet_blocks(self.subnets(sight), sight)

    def public(self, sight: Sight) -> bool:
        return bool(sight.value(self.ref, "public"))


@dataclass(frozen=True)
class Balancer:
    """A load balancer: one interface in each of its subnets."""

    ref: ResourceRef

    def vpc(self, sight: Sight) -> ResourceRef:
        return refer("ec2:vpc", str(sight.value(self.ref, "vpc") or ""), self.ref)

    def subnets(self, sight: Sight) -> list[ResourceRef]:
        zones = sight.value(self.ref, "zones") or ()
        return [refer("ec2:subnet", str(zone["SubnetId"]), self.ref) for zone in zones if zone.get("SubnetId")]

    def groups(self, sight: Sight) -> list[ResourceRef]:
        return [refer("ec2:security-group", str(group), self.ref) for group in sight.value(self.ref, "security_groups") or ()]

    def blocks(self, sight: Sight) -> list[str]:
        return _subnet_blocks(self.subnets(sight), sight)

    def public(self, sight: Sight) -> bool:
        return bool(sight.value(self.ref, "scheme") == "internet-facing")


@dataclass(frozen=True)
class Function:
    """A function. Inside a network it has private addresses only, never a public one."""

    ref: ResourceRef

    def attached(self, sight: Sight) -> bool:
        """Whether it runs inside one of the account's networks."""
        return bool(sight.value(self.ref, "vpc.subnets"))

    def vpc(self, sight: Sight) -> ResourceRef:
        return refer("ec2:vpc", str(sight.value(self.subnets(sight)[0], "vpc")), self.ref)

    def subnets(self, sight: Sight) -> list[ResourceRef]:
        return [refer("ec2:subnet", str(subnet), self.ref) for subnet in sight.value(self.ref, "vpc.subnets") or ()]

    def groups(self, sight: Sight) -> list[ResourceRef]:
        return [refer("ec2:security-group", str(group), self.ref) for group in sight.value(self.ref, "vpc.groups") or ()]

    def blocks(self, sight: Sight) -> list[str]:
        return _subnet_blocks(self.subnets(sight), sight)

    def public(self, sight: Sight) -> bool:
        return False


@dataclass(frozen=True)
class Endpoint:
    """A VPC endpoint: a cloud service's own interfaces in the network."""

    ref: ResourceRef

    def vpc(self, sight: Sight) -> ResourceRef:
        return refer("ec2:vpc", str(sight.value(self.ref, "vpc") or ""), self.ref)

    def subnets(self, sight: Sight) -> list[ResourceRef]:
        return [refer("ec2:subnet", str(subnet), self.ref) for subnet in sight.value(self.ref, "subnets") or ()]

    def groups(self, sight: Sight) -> list[ResourceRef]:
        held = sight.value(self.ref, "security_groups") or ()
        return [refer("ec2:security-group", str(item["GroupId"]), self.ref) for item in held if item.get("GroupId")]

    def blocks(self, sight: Sight) -> list[str]:
        return _subnet_blocks(self.subnets(sight), sight)

    def public(self, sight: Sight) -> bool:
        return False


@dataclass(frozen=True)
class Segment:
    """A subnet, standing for whatever is in it."""

    ref: ResourceRef

    def vpc(self, sight: Sight) -> ResourceRef:
        return refer("ec2:vpc", str(sight.value(self.ref, "vpc") or ""), self.ref)

    def subnets(self, sight: Sight) -> list[ResourceRef]:
        return [self.ref]

    def groups(self, sight: Sight) -> list[ResourceRef]:
        return []

    def blocks(self, sight: Sight) -> list[str]:
        return _subnet_blocks([self.ref], sight)

    def public(self, sight: Sight) -> bool:
        return True


@dataclass(frozen=True)
class Network:
    """A whole network, standing for those of its subnets that lead anywhere."""

    ref: ResourceRef

    def vpc(self, sight: Sight) -> ResourceRef:
        return self.ref

    def subnets(self, sight: Sight) -> list[ResourceRef]:
        return [refer("ec2:subnet", str(subnet), self.ref) for subnet in sight.value(self.ref, "subnets") or ()]

    def groups(self, sight: Sight) -> list[ResourceRef]:
        return []

    def blocks(self, sight: Sight) -> list[str]:
        return [str(sight.value(self.ref, "cidr"))]

    def public(self, sight: Sight) -> bool:
        return True


ENDS: dict[str, type[Instance | Database | Balancer | Function | Endpoint | Segment | Network | Hosted]] = {
    **dict.fromkeys(KINDS, Hosted),
    "ec2:instance": Instance,
    "rds:db-instance": Database,
    "elbv2:load-balancer": Balancer,
    "lambda:function": Function,
    "ec2:vpc-endpoint": Endpoint,
    "ec2:subnet": Segment,
    "ec2:vpc": Network,
}


def end_for(ref: ResourceRef) -> End | None:
    """The end that a resource can be; ``None`` for what is only a place on the way."""
    make = ENDS.get(ref.native_type)
    return make(ref) if make else None
