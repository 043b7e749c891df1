"""Health of targets as AWS finds it: a check that no security group of the target lets in fails."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Any

from nephoscope_aws.emulator.wrapping import once


def amend() -> None:
    """Once per process is enough; a second time changes nothing."""
    from moto.elbv2.models import FakeTargetGroup

    once(FakeTargetGroup, "health_for", _checked)


def _checked(real: Any) -> Any:
    def health_for(self: Any, target: dict[str, Any], ec2_backend: Any) -> Any:
        health = real(self, target, ec2_backend)
        if health.status == "healthy" and self.health_check_enabled and _kept_out(self, self.targets[target["Id"]], ec2_backend):
            timed = _balancers(self)[0].type == "application"
            health.status, health.reason = "unhealthy", "Target.Timeout" if timed else "Target.FailedHealthChecks"
            health.description = "Request timed out" if timed else "Health checks failed"
        return health

    return health_for


def _kept_out(group: Any, target: dict[str, Any], ec2: Any) -> bool:
    """Whether no node of a balancer that checks the target gets through. What is not shown, such as a target of another network, is let in."""
    card = _card(target["Id"], ec2)
    if card is None or not card.group_set:
        return False
    port = int(target["Port"] if group.health_check_port == "traffic-port" else group.health_check_port)
    rules = [rule for held in card.group_set for rule in held.ingress_rules if _opens(rule, port)]
    nodes = [(balancer, subnet) for balancer in _balancers(group) for subnet in _nodes(balancer, card)]
    return bool(nodes) and not any(_admits(rules, balancer, subnet) for balancer, subnet in nodes)


def _balancers(group: Any) -> list[Any]:
    from moto.elbv2.models import elbv2_backends

    known = elbv2_backends[group.account_id][group.region_name].load_balancers
    return [known[arn] for arn in dict.fromkeys(group.load_balancer_arns) if arn in known]


def _card(target: str, ec2: Any) -> Any:
    """The interface by which a target is called: a machine's first, or the one that holds the address."""
    if target.startswith("i-"):
        instance = ec2.get_instance_by_id(target)
        return instance.nics.get(0) if instance else None
    return next((one for one in ec2.enis.values() if one.private_ip_address == target), None)


def _nodes(balancer: Any, card: Any) -> list[Any]:
    """The subnets of the nodes that check it. A network load balancer asks each target from the target's own zone, if it has a node there."""
    subnets = list(balancer.subnets)
    near = [one for one in subnets if one.availability_zone == card.subnet.availability_zone]
    return near if near and balancer.type == "network" else subnets


def _opens(rule: Any, port: int) -> bool:
    return rule.ip_protocol == "-1" or (rule.ip_protocol == "tcp" and int(rule.from_port) <= port <= int(rule.to_port))


def _admits(rules: Iterable[Any], balancer: Any, subnet: Any) -> bool:
    return any(_from(rule, balancer, subnet) for rule in rules)


def _from(rule: Any, balancer: Any, subnet: Any) -> bool:
    if rule.prefix_list_id:
        return True  # whose addresses nobody here knows
    if rule.source_group.get("GroupId") in (balancer.security_groups or ()):
        return True
    return any(block.overlaps(ipaddress.ip_network(subnet.cidr_block)) for block in _blocks(rule))


def _blocks(rule: Any) -> Iterator[ipaddress.IPv4Network]:
    if rule.ip_range.get("CidrIp"):
        yield ipaddress.IPv4Network(rule.ip_range["CidrIp"], strict=False)
