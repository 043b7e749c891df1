"""Target groups by themselves: where the words name one, or a service whose tasks stand in one, and no caller of the load balancer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from nephoscope.models import JsonValue, Problem, ResourceRef, Supposition
from nephoscope_aws.analyzers.reach import balancing, journeys, standing
from nephoscope_aws.analyzers.reach.ends import Balancer
from nephoscope_aws.analyzers.reach.journeys import Leg
from nephoscope_aws.analyzers.reach.probe import Outcome, Probe, skipped
from nephoscope_aws.analyzers.reach.request import words
from nephoscope_aws.analyzers.reach.sight import Sight, refer
from nephoscope_aws.network import balancers
from nephoscope_aws.network.traffic import Traffic

GROUP = "elbv2:target-group"
BALANCER = "elbv2:load-balancer"
SHADOWED = "aws.elbv2.rule-shadowed"
UNUSED = "aws.elbv2.target-group-unused"
PARTLY = "aws.elbv2.targets-partly-unhealthy"


def legs(sight: Sight, problem: Problem) -> list[Leg]:
    """The way from load balancers to the groups that the words are about."""
    found: list[Leg] = []
    for ref in _meant(problem):
        found += journeys.composed(sight, ref, partial(_of, sight, ref), Traffic())
    return found


def _meant(problem: Problem) -> list[ResourceRef]:
    """Groups that are named; services and load balancers where the words speak of what stands before or behind them."""
    sick = [entity for entity in problem.entities if entity.named and entity.role != "healthy"]
    refs = {ref.key: ref for entity in sick for ref in entity.matches}.values()
    behind = re.search(words()["behind_balancer"], problem.text, re.IGNORECASE) is not None
    return [ref for ref in refs if ref.native_type == GROUP or (behind and ref.native_type in ("ecs:service", BALANCER))]


def _of(sight: Sight, ref: ResourceRef) -> Sequence[Leg]:
    if ref.native_type == GROUP:
        return _behind(sight, ref)
    if ref.native_type == BALANCER:
        end = Balancer(ref)
        return [leg for group in _all_groups(sight, end) for leg in _from(sight, end, group)]
    held = [one.get("targetGroupArn") for one in sight.value(ref, "load_balancers") or () if isinstance(one, dict)]
    return [leg for arn in held if arn for leg in _behind(sight, refer(GROUP, str(arn), ref))]


def _behind(sight: Sight, group: ResourceRef) -> list[Leg]:
    known = {ref.native_id: ref for ref in sight.view.subjects(BALANCER)}
    ends = [Balancer(known.get(str(arn)) or refer(BALANCER, str(arn), group)) for arn in sight.value(group, "load_balancers") or ()]
    if not ends:
        return [Leg((_unused(group),), Traffic())]
    return [leg for end in ends for leg in _from(sight, end, group)]


def _from(sight: Sight, end: Balancer, group: ResourceRef) -> list[Leg]:
    probes = [*standing.alive(end), _served(group, end), balancing.targets(group, end), balancing.registered_port(group), _all_well(group, end)]
    further = journeys.composed(sight, group, partial(journeys.to_backends, sight, end, group), Traffic())
    return [Leg(tuple(probes), Traffic()), *further]


def _all_groups(sight: Sight, end: Balancer) -> list[ResourceRef]:
    """The groups behind any listener or rule; where the words tell a path or host, those that some rule would send it to."""
    path, host = balancing.asked_for(sight.view.problem)
    found: list[str] = []
    for item in balancing.listeners(sight, end):
        rules = balancing.rules(sight, end, item)
        meeting = [rule for rule in rules if balancers.speaks_of(rule, path, host)] if path or host else rules
        found += [arn for rule in meeting for arn in balancers.forwarding(rule["Actions"])]
        found += balancers.forwarding(item["DefaultActions"])
    return [refer(GROUP, arn, end.ref) for arn in dict.fromkeys(found)]


def _unused(group: ResourceRef) -> Probe:
    """Some load balancer forwards to the group."""
    name = balancing.called(group)
    mended = Supposition(subject=group, attribute="load_balancers", value=["balancer-mended"])
    told: dict[str, JsonValue] = {"group": group.native_id, "group_name": name}
    judged = Outcome("blocked", f"no listener or rule of any load balancer forwards to {name}", group, UNUSED, (mended,), told)

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        sight.value(group, "load_balancers")
        return judged

    return Probe("aws.elbv2.seen-forwarding", group, (UNUSED,), judge)


def _served(group: ResourceRef, end: Balancer) -> Probe:
    """Requests can meet a rule that leads to the group: no rule before it takes all that it asks for."""

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        path, host = balancing.asked_for(sight.view.problem)
        hidden: list[Outcome] = []
        leading = ""
        for item in balancing.listeners(sight, end):
            rules = balancing.rules(sight, end, item)
            for rule in rules:
                if group.native_id not in balancers.forwarding(rule["Actions"]):
                    continue
                before = balancers.shadowing(rule, rules)
                if before is not None:
                    hidden.append(_shadowed(sight, group, rule, before))
                    if balancers.speaks_of(rule, path, host):
                        return hidden[-1]
                else:
                    leading = leading or f"rule {rule['Priority']} of {end.ref.label} leads to {balancing.called(group)}"
            if group.native_id in balancers.forwarding(item["DefaultActions"]):
                leading = leading or f"the default of a listener of {end.ref.label} leads to {balancing.called(group)}"
        if hidden and not leading:
            return hidden[0]
        return Outcome("open", leading, end.ref) if leading else skipped(f"{end.ref.label} has no rule for {balancing.called(group)}")

    return Probe("aws.elbv2.seen-rule", group, (SHADOWED,), judge)


def _shadowed(sight: Sight, group: ResourceRef, rule: balancers.Rule, before: balancers.Rule) -> Outcome:
    name, elsewhere = balancing.called(group), [balancing.called(refer(GROUP, arn, group)) for arn in balancers.forwarding(before["Actions"])]
    order: list[JsonValue] = [
        {"RuleArn": rule["Ref"].native_id, "Priority": int(before["Priority"])},
        {"RuleArn": before["Ref"].native_id, "Priority": int(rule["Priority"])},
    ]
    details: dict[str, JsonValue] = {
        "group_name": name, "priority": rule["Priority"], "asks": balancers.asks(rule), "before": before["Priority"], "takes": balancers.asks(before),
        "elsewhere": ", ".join(elsewhere) or "an answer of its own", "order": order,
    }  # fmt: skip
    reason = f"rule {before['Priority']} ({details['takes']}) takes everything that rule {rule['Priority']} ({details['asks']}) would send to {name}"
    suppose = (Supposition(subject=rule["Ref"], attribute="priority", value="0"),)
    return Outcome("blocked", reason, rule["Ref"], SHADOWED, suppose, details)


def _all_well(group: ResourceRef, end: Balancer) -> Probe:
    """None of the targets fails its checks while others pass; what a filter keeps out is told of the filter."""

    def judge(sight: Sight, traffic: Traffic) -> Outcome:
        shown = balancers.active(sight.value(group, "targets") or ())
        sick = balancers.sick(shown)
        name = balancing.called(group)
        if not sick or len(sick) == len(shown):
            return skipped(f"the targets of {name} fare alike")
        if balancing.kept_from(sight, group, end):
            return skipped(f"what fails in {name} is kept out")
        health = sick[0].get("TargetHealth") or {}
        why = f"{health.get('Reason', '')} {health.get('Description', '')}".strip()
        keys = ", ".join(str(item["Target"]["Id"]) for item in sick[:5])
        details: dict[str, JsonValue] = {"group_name": name, "count": len(sick), "all": len(shown), "targets": keys, "why": why}
        reason = f"{len(sick)} of {len(shown)} targets of {name} fail their health check ({keys}): {why}"
        well: list[JsonValue] = [{**item, "TargetHealth": {"State": "healthy"}} for item in shown]
        return Outcome("blocked", reason, group, PARTLY, (Supposition(subject=group, attribute="targets", value=well),), details)

    return Probe("aws.elbv2.seen-all-targets", group, (PARTLY,), judge)
