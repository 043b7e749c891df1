"""Who is meant to answer behind an empty target group: told only where the account's own rules leave one answer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from nephoscope.models import ResourceRef
from nephoscope_aws.analyzers.reach.ends import Balancer
from nephoscope_aws.analyzers.reach.sight import Sight, refer, together

_HELD = ("aws:autoscaling:", "aws:ecs:", "eks:", "kubernetes.io/")
"""Tags of machines that something else starts, ends and registers: such are not registered one by one."""
MOST = 20


def machines(sight: Sight, group: ResourceRef, end: Balancer) -> list[str]:
    """The running machines of the group's network that carry the one security group which opens the group's port to this very balancer.

    None where the balancer has other groups to forward to, where several security groups do so, or where not all of it could be seen.
    """
    kind, port, vpc = (sight.glance(group, name) for name in ("target_type", "port", "vpc"))
    if kind != "instance" or port is None or not vpc or len(sight.wished(end.ref, "target_groups") or ()) != 1:
        return []
    keys = sight.wished(refer("ec2:vpc", str(vpc), group), "instances")
    refs = [refer("ec2:instance", str(key), group) for key in keys or ()]
    told = together(*(partial(sight.wished, ref, name) for ref in refs for name in ("state", "security_groups", "tags")))
    rows = list(zip(refs, told[::3], told[1::3], told[2::3], strict=True))
    carried = {str(one["GroupId"]) for _, _, held, _ in rows for one in held or () if one.get("GroupId")}
    asked = [refer("ec2:security-group", key, group) for key in sorted(carried)]
    doors = frozenset(one.native_id for one in end.groups(sight))
    rules = together(*(partial(sight.wished, ref, "ingress") for ref in asked))
    open_to_it = {ref.native_id for ref, held in zip(asked, rules, strict=True) if any(_for(rule, int(port), doors) for rule in held or ())}
    if len(open_to_it) != 1:
        return []
    fit = [(ref, tags) for ref, state, held, tags in rows if state == "running" and open_to_it & {str(one.get("GroupId")) for one in held or ()}]
    return [ref.native_id for ref, _ in fit] if len(fit) <= MOST and not any(_held(tags) for _, tags in fit) else []


def _for(rule: Mapping[str, Any], port: int, doors: frozenset[str]) -> bool:
    """Whether a rule is for this port and this balancer, and not for all that there is."""
    if rule.get("IpProtocol") not in ("tcp", "6") or rule.get("FromPort") != port or rule.get("ToPort") != port:
        return False
    return any(pair.get("GroupId") in doors for pair in rule.get("UserIdGroupPairs") or ())


def _held(tags: Any) -> bool:
    return any(str(one.get("Key")).startswith(_HELD) for one in tags or ())
