"""Probes of a load balancer's inside: a listener for the port, targets behind it, their health and the port they are called on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nephoscope.models import JsonValue, Problem, ResourceRef, Supposition
from nephoscope_aws.analyzers.reach import vacancies
from nephoscope_aws.analyzers.reach.ends import Balancer, Card, End, Instance
from nephoscope_aws.analyzers.reach.ends import peer_of as seen_from
from nephoscope_aws.analyzers.reach.guards import group_in
from nephoscope_aws.analyzers.reach.probe import Outcome, Probe, skipped
from nephoscope_aws.analyzers.reach.sight import Sight, refer
from nephoscope_aws.network import balancers, groups
from nephoscope_aws.network.intervals import Intervals
from nephoscope_aws.network.traffic import ANY_PORT, Peer, Traffic, addresses

LISTENER_MISSING = "aws.elbv2.listener-missing"
EMPTY = "aws.elbv2.target-group-empty"
UNHEALTHY = "aws.elbv2.target-unhealthy"
PORT_MISMATCH = "aws.elbv2.target-group-port-mismatch"
CHECK_KEPT_OUT = "aws.elbv2.health-check-port-closed"
_DYNAMIC = 32768
"""Ports from here on are given to containers by their host: a target there differs from its group on purpose."""
_FOR_PEOPLE = Intervals.of((22, 22), (3389, 3389), (5985, 5986))
"""Ports opened for administrators, which say nothing of where a program serves."""


@dataclass(frozen=True)
class Backend:
    """A target behind a balancer: who, by which group, on which port."""

    group: ResourceRef
    instance: End
    port: int
    failing: bool = False


def listeners(sight: Sight, end: Balancer) -> list[dict[str, Any]]:
    """The listeners of a balancer, with what their defaults do."""
    refs = [refer("elbv2:listener", str(key), end.ref) for key in sight.value(end.ref, "listeners") or ()]
    found = sight.all_of([(ref, attribute) for ref in refs for attribute in ("port", "protocol", "actions")])
    return [
        {"Ref": ref, "Port": port, "Protocol": protocol, "DefaultActions": actions or []}
        for ref, port, protocol, actions in zip(refs, found[::3], found[1::3], found[2::3], strict=True)
    ]


def listener(end: Balancer, *, named: bool) -> Probe:
    """The balancer listens on the port; without a port in the words, on any. What it listens on is what goes on."""

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        known = listeners(sight, end)
        serving = balancers.ports_served(known) & traffic.ports
        if serving and (not traffic.each or serving == traffic.ports):
            return Outcome("open", f"{end.ref.label} listens on {serving}", passing=replace(traffic, ports=serving, each=named))
        served = str(balancers.ports_served(known))
        return _no_listener(sight, end, known, traffic, f"{end.ref.label} listens on {served}" + (f", not on {traffic.ports}" if named else ""))

    return Probe("aws.elbv2.seen-listener", end.ref, (LISTENER_MISSING,), judge)


def _no_listener(sight: Sight, end: Balancer, known: list[dict[str, Any]], traffic: Traffic, reason: str) -> Outcome:
    port = traffic.ports.spans[0][0] if traffic.ports != ANY_PORT else 80
    forward = [key for item in known for key in balancers.forwarding(item["DefaultActions"])]
    forward = forward or [str(key) for key in sight.value(end.ref, "target_groups") or ()]
    actions: JsonValue = [{"Type": "forward", "TargetGroupArn": forward[0] if forward else "TARGET-GROUP"}]
    protocol = {443: "HTTPS", 80: "HTTP"}.get(port, known[0]["Protocol"] if known else "HTTP")
    fresh = refer("elbv2:listener", f"{end.ref.native_id}#mended", end.ref)
    suppose = (
        Supposition(subject=end.ref, attribute="listeners", value=[*(item["Ref"].native_id for item in known), fresh.native_id]),
        Supposition(subject=fresh, attribute="port", value=port),
        Supposition(subject=fresh, attribute="protocol", value=protocol),
        Supposition(subject=fresh, attribute="actions", value=actions),
    )
    details: dict[str, JsonValue] = {"end": end.ref.label, "balancer": end.ref.native_id, "port": port, "protocol": protocol}
    details |= {"actions": actions} if forward else {}
    return Outcome("blocked", reason, fault=LISTENER_MISSING, suppose=suppose, details=details)


def target_groups(sight: Sight, end: Balancer, ports: Intervals) -> list[ResourceRef]:
    """The target groups behind the listeners that serve these ports (behind any, if none does).

    Rules count where a default does not forward, where the words tell a path or host, and wherever packets are not what is lost: the trouble may be
    behind any of them.
    """
    found: list[str] = []
    known = listeners(sight, end)
    problem = sight.view.problem
    path, host = asked_for(problem)
    failing = problem.symptom not in ("cannot_connect", "timeout", "refused", "slow")
    for item in [one for one in known if one["Port"] is not None and int(one["Port"]) in ports] or known:
        held = rules(sight, end, item) if path or host or failing or balancers.answers_itself(item["DefaultActions"]) else []
        chosen = balancers.routed(held, path, host)
        for actions in chosen if path and chosen else (item["DefaultActions"], *chosen):
            found += balancers.forwarding(actions)
    return [refer("elbv2:target-group", key, end.ref) for key in dict.fromkeys(found)]


_PATH = re.compile(r"(?<![\w./:-])/[A-Za-z][\w./-]*")
_START = re.compile(r"\b(home|front|landing|start|main) ?page\b", re.IGNORECASE)
_HOST = re.compile(r"(?<![\w@.-])(?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,24})(/[\w./-]*)?(?![\w-])", re.IGNORECASE)


def asked_for(problem: Problem) -> tuple[str, str]:
    """Path and host of the request, where the words tell them."""
    text = problem.text
    for entity in problem.entities:
        text = text.replace(entity.text, " ") if entity.named and entity.matches else text
    url = next((one for one in _HOST.finditer(text) if not one[1].lower().endswith(".amazonaws.com")), None)
    host, within = (url[1], url[2] or "") if url else ("", "")
    path = within or next((one[0] for one in _PATH.finditer(text) if url is None or not url.start() <= one.start() < url.end()), "")
    return path.rstrip(".") or ("/" if _START.search(text) else ""), host


def rules(sight: Sight, end: Balancer, item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules of a listener, its default among them."""
    refs = [refer("elbv2:listener-rule", str(key), end.ref) for key in sight.value(item["Ref"], "rules") or ()]
    found = sight.all_of([(ref, attribute) for ref in refs for attribute in ("priority", "conditions", "actions")])
    return [
        {"Ref": ref, "Priority": priority, "Conditions": conditions or [], "Actions": actions or []}
        for ref, priority, conditions, actions in zip(refs, found[::3], found[1::3], found[2::3], strict=True)
    ]


def called(ref: ResourceRef) -> str:
    """The name of a target group, which its identifier holds."""
    return ref.native_id.rsplit(":", 1)[-1].removeprefix("targetgroup/").split("/")[0]


def targets(group: ResourceRef, end: Balancer) -> Probe:
    """The target group has targets, and their health checks do not all fail."""

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        shown, port = sight.values(group, "targets", "port")
        registered = balancers.active(shown or ())
        details: dict[str, JsonValue] = {"group": group.native_id, "group_name": called(group), "port": port}
        if not registered:
            return _nobody(sight, group, end, details)
        sick = balancers.sick(registered)
        if len(sick) < len(registered):
            told = f"{len(registered) - len(sick)} of {len(registered)} targets of {called(group)} are not failing their checks"
            return Outcome("open", told, group)
        kept_out = _kept_out(sight, group, end, details)
        if kept_out is not None:
            return kept_out
        if kept_from(sight, group, end):
            return skipped(f"what fails in {called(group)} does not let the load balancer in: that is told of what keeps it out")
        health = sick[0].get("TargetHealth") or {}
        why = f"{health.get('Reason', '')} {health.get('Description', '')}".strip()
        details |= {"why": why, "path": sight.glance(group, "health_check.path"), "codes": sight.glance(group, "health_check.codes")}
        reason = f"every target of {called(group)} fails its health check: {why}"
        return Outcome("blocked", reason, group, UNHEALTHY, (_all_well(group, registered),), details)

    return Probe("aws.elbv2.seen-healthy-targets", group, (EMPTY, UNHEALTHY, CHECK_KEPT_OUT), judge)


def _nobody(sight: Sight, group: ResourceRef, end: Balancer, details: dict[str, JsonValue]) -> Outcome:
    found = vacancies.machines(sight, group, end)
    if found:
        details |= {"machines": ", ".join(found), "registering": [{"Id": one} for one in found]}
    well: list[JsonValue] = [{"Target": {"Id": one}, "TargetHealth": {"State": "healthy"}} for one in found or ["target-mended"]]
    mended = Supposition(subject=group, attribute="targets", value=well)
    return Outcome("blocked", f"no target is registered in {called(group)}", group, EMPTY, (mended,), details)


def _kept_out(sight: Sight, group: ResourceRef, end: Balancer, details: dict[str, JsonValue]) -> Outcome | None:
    """Checks on a port of their own, which no security group of a target opens: the port that is served says nothing of it."""
    port = str(sight.glance(group, "health_check.port") or "")
    if not port.isdigit() or not (known := backends(sight, group, most=1)):
        return None
    traffic = Traffic(Intervals.of((int(port), int(port))))
    outcome = group_in(known[0].instance, lambda sight: seen_from(end, sight)).judge(sight, traffic)
    if outcome.state != "blocked":
        return None
    reason = f"the health check of {called(group)} asks on port {port}: {outcome.reason}"
    told: dict[str, JsonValue] = {**details, **outcome.details, "group_name": called(group), "port": port}
    suppose = (*outcome.suppose, _all_well(group, balancers.active(sight.value(group, "targets") or ())))
    return replace(outcome, reason=reason, fault=CHECK_KEPT_OUT, suppose=suppose, details=told)


def _all_well(group: ResourceRef, registered: Sequence[Mapping[str, Any]]) -> Supposition:
    well: list[JsonValue] = [{**item, "TargetHealth": {"State": "healthy"}} for item in registered]
    return Supposition(subject=group, attribute="targets", value=well)


def registered_port(group: ResourceRef) -> Probe:
    """Targets are called on the group's own port. Another port is a doubt that passing health checks alone do not settle."""

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        shown, port = sight.values(group, "targets", "port")
        ports = {balancers.port_of(item, port) for item in balancers.active(shown or ())}
        odd = sorted(one for one in ports if one is not None and one != port and one < _DYNAMIC)
        if not odd or port in ports:
            told = ", ".join(str(one) for one in ports if one) or "no port"
            return Outcome("open", f"targets of {called(group)} are called on {told}", group)
        reason = f"{called(group)} is made for port {port}, its targets are registered on {odd[0]}: the program there has to say which is right"
        return Outcome("unknown", reason, group)

    return Probe("aws.elbv2.seen-target-port", group, (PORT_MISMATCH,), judge)


def backends(sight: Sight, group: ResourceRef, most: int = 2) -> list[Backend]:
    """Some machines of a target group with the ports they are called on, failing ones first."""
    shown, port = sight.values(group, "targets", "port")
    registered = balancers.active(shown or ())
    sick = balancers.sick(registered)
    ordered = [*sick, *(item for item in registered if item not in sick)]
    found = [(item, str(item["Target"]["Id"]), balancers.port_of(item, port)) for item in ordered]
    ends = [(_end(sight, group, key), on, item in sick) for item, key, on in found if on][:most]
    return [Backend(group, end, on, failing) for end, on, failing in ends if end]


def _end(sight: Sight, group: ResourceRef, target: str) -> End | None:
    """The machine of that id, or the interface that holds that address in the group's network."""
    if target.startswith("i-"):
        return Instance(refer("ec2:instance", target, group))
    if not target.replace(".", "").isdigit():
        return None
    vpc = refer("ec2:vpc", str(sight.value(group, "vpc") or ""), group)
    subnets = [refer("ec2:subnet", str(key), group) for key in sight.value(vpc, "subnets") or ()]
    blocks = sight.all_of([(subnet, "cidr") for subnet in subnets])
    wanted = addresses(target)[1]
    home = next((subnet for subnet, block in zip(subnets, blocks, strict=True) if block and not wanted - addresses(str(block))[1]), None)
    cards = [refer("ec2:network-interface", str(key), group) for key in (sight.value(home, "network_interfaces") if home else None) or ()]
    held = sight.all_of([(card, "private_ip") for card in cards])
    return next((Card(card) for card, own in zip(cards, held, strict=True) if own == target), None)


def _nodes(sight: Sight, end: Balancer) -> list[Peer]:
    """The balancer as it is seen from each of its subnets: a target must let in every one of them."""
    whole = seen_from(end, sight)
    return [replace(Peer.at(block, groups=whole.groups, label=f"{end.ref.label} in {block}"), certainty="any") for block in end.blocks(sight)]


def backend_in(backend: Backend, end: Balancer) -> Probe:
    """The target lets the balancer in on the port it is called on. Open for the balancer on another port: the ports disagree."""

    def peer(sight: Sight) -> Peer:
        return seen_from(end, sight)

    plain = group_in(backend.instance, peer)

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        outcome = plain.judge(sight, traffic)
        if outcome.state == "open" and backend.failing:
            each = [group_in(backend.instance, lambda _, node=node: node).judge(sight, traffic) for node in _nodes(sight, end)]  # type: ignore[misc]
            outcome = next((one for one in each if one.state == "blocked"), outcome)
            return _well_again(sight, backend, outcome)
        if outcome.state != "blocked":
            return outcome
        outcome = _well_again(sight, backend, outcome)
        held = [item for group in backend.instance.groups(sight) for item in sight.value(group, "ingress") or ()]
        others = groups.admits(held, Traffic(ANY_PORT - _FOR_PEOPLE), peer(sight)).passing
        if not others or others.size > 100:
            return outcome
        return _disagreement(sight, backend, others.spans[0][0])

    return replace(plain, causes=(*plain.causes, PORT_MISMATCH), judge=judge)


def _well_again(sight: Sight, backend: Backend, outcome: Outcome) -> Outcome:
    """Without what keeps it out the failing target is healthy, and so are others that carry the same group."""
    if outcome.state != "blocked" or not backend.failing or outcome.subject is None:
        return outcome
    shown = balancers.active(sight.value(backend.group, "targets") or ())
    alike = [item for item in balancers.sick(shown) if outcome.subject.native_id in _carried(sight, backend, item)]
    well: list[JsonValue] = [{**item, "TargetHealth": {"State": "healthy"}} if item in alike else dict(item) for item in shown]
    return replace(outcome, suppose=(*outcome.suppose, Supposition(subject=backend.group, attribute="targets", value=well)))


def _carried(sight: Sight, backend: Backend, item: Mapping[str, Any]) -> set[str]:
    """The security groups of a target, as far as they are known."""
    key = str(item["Target"]["Id"])
    if not key.startswith("i-"):
        return {group.native_id for group in backend.instance.groups(sight)} if key == sight.glance(backend.instance.ref, "private_ip") else set()
    held = sight.glance(refer("ec2:instance", key, backend.group), "security_groups") or ()
    return {str(one.get("GroupId")) for one in held if isinstance(one, dict)}


def kept_from(sight: Sight, group: ResourceRef, end: Balancer) -> bool:
    """Whether a failing target does not let every node of the balancer in."""
    failing = [one for one in backends(sight, group) if one.failing]
    judged = [backend_in(one, end).judge(sight, Traffic(Intervals.of((one.port, one.port)), each=True)) for one in failing]
    return any(one.state == "blocked" for one in judged)


def _disagreement(sight: Sight, backend: Backend, wanted: int) -> Outcome:
    name = called(backend.group)
    shown = sight.value(backend.group, "targets") or ()
    wrong = [str(item["Target"]["Id"]) for item in shown if balancers.port_of(item, None) == backend.port]
    moved: list[JsonValue] = [
        {**item, "Target": {**item["Target"], "Port": wanted}, "TargetHealth": {"State": "healthy"}}
        if balancers.port_of(item, None) == backend.port
        else item
        for item in shown
    ]
    details: dict[str, JsonValue] = {
        "group": backend.group.native_id, "group_name": name, "target": backend.instance.ref.native_id, "registered": backend.port, "port": wanted,
        "right_targets": [{"Id": key, "Port": wanted} for key in wrong], "wrong_targets": [{"Id": key, "Port": backend.port} for key in wrong],
    }  # fmt: skip
    reason = f"{name} calls {sight.name(backend.instance.ref)} on port {backend.port}, but it lets the load balancer in on {wanted}"
    suppose = (
        Supposition(subject=backend.group, attribute="targets", value=moved),
        Supposition(subject=backend.group, attribute="port", value=wanted),
    )
    return Outcome("blocked", reason, backend.group, PORT_MISMATCH, suppose, details)
