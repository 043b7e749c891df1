"""Judges of what machines stand on: volumes, and the lines to other sites."""

from __future__ import annotations

from collections.abc import Mapping

from nephoscope.models import ResourceRef
from nephoscope_aws.analyzers.setting.conditions import Judge, Judging
from nephoscope_aws.iam.truth import Truth
from nephoscope_aws.looking.look import UNKNOWN, mend, rows

_BURSTING = frozenset({"gp2", "st1", "sc1"})
SPENT = 5.0
"""Percent of the balance under which a volume is as good as held to its base rate."""


def vpn_down(judging: Judging) -> Truth:
    """None of the tunnels is up."""
    told = judging.look.value(judging.subject, "tunnels")
    if told is UNKNOWN:
        return None
    tunnels = rows(told)
    messages = dict.fromkeys(str(one.get("StatusMessage")) for one in tunnels if one.get("StatusMessage"))
    judging.details["messages"] = ", ".join(messages) or "nothing"
    return bool(tunnels) and not any(one.get("Status") == "UP" for one in tunnels)


def volume_burst_spent(judging: Judging) -> Truth:
    """The points of a day show that the balance ran out. Without points nothing is known: a volume that is not attached reports none."""
    kind = judging.look.value(judging.subject, "volume_type")
    if kind is UNKNOWN:
        return None
    if kind not in _BURSTING:
        return False
    points = judging.look.value(judging.subject, "metrics.burst_balance")
    lows = [float(one["Minimum"]) for one in rows(points) if isinstance(one.get("Minimum"), int | float)]
    if points is UNKNOWN or not lows:
        return None
    judging.details |= {"volume_type": str(kind), "lowest": round(min(lows))}
    judging.suppose += [mend(judging.subject, "volume_type", "gp3")]
    return min(lows) <= SPENT


def _machines(judging: Judging) -> list[ResourceRef]:
    sick = [entity for entity in judging.view.problem.entities if entity.named and entity.role != "healthy"]
    return list({ref.key: ref for entity in sick for ref in entity.matches if ref.native_type == "ec2:instance"}.values())


def volume_elsewhere(judging: Judging) -> Truth:
    """The machine that is named with it is in another zone."""
    machines = _machines(judging)
    if len(machines) != 1:
        return False
    own, zone = judging.look.value(judging.subject, "availability_zone"), judging.look.value(machines[0], "availability_zone")
    if UNKNOWN in (own, zone) or not own or not zone:
        return None
    judging.details |= {"availability_zone": str(own), "zone": str(zone), "machine": machines[0].label}
    judging.suppose.append(mend(judging.subject, "availability_zone", zone))
    return bool(own != zone)


def volume_held(judging: Judging) -> Truth:
    """A machine other than the named one has it."""
    held = judging.look.value(judging.subject, "attachments")
    if held is UNKNOWN:
        return None
    holds = {str(one.get("InstanceId")): str(one.get("Device") or "") for one in rows(held) if one.get("State") in ("attached", "attaching", "busy")}
    meant = {ref.native_id for ref in _machines(judging)}
    others = [one for one in holds if one not in meant]
    judging.details["holder"] = others[0] if others else ""
    if len(others) == 1:
        judging.details |= {"only_holder": others[0], "device": holds[others[0]]}
    judging.suppose += [mend(judging.subject, "attachments", []), mend(judging.subject, "state", "available")]
    return bool(others and meant)


JUDGES: Mapping[str, Judge] = {
    "vpn_down": vpn_down,
    "volume_burst_spent": volume_burst_spent,
    "volume_elsewhere": volume_elsewhere,
    "volume_held": volume_held,
}
