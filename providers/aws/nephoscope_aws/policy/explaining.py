"""What the gate says of an operation before any parameter is known, and of all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from nephoscope.models import Judged, OperationAccess, ServiceCoverage, Tier
from nephoscope_aws.classification import judge, service_table
from nephoscope_aws.operations import operations_of
from nephoscope_aws.permissions import actions, verified

_FREE = (Tier.IDENTITY, Tier.CONFIG, Tier.TELEMETRY)


def explain(operation: str) -> OperationAccess:
    """``s3:GetObject``: tier, why, who says so, what it needs, what changes it."""
    service, _, name = operation.partition(":")
    judged = judge(service, name)
    return OperationAccess(
        operation=operation,
        tier=judged.tier,
        reason=judged.reason,
        judged=judged.source,
        needs=actions(service, name),
        verified=verified(service, name),
        changes=tuple(_changes(service, name)),
        known=name in operations_of(service) if service else False,
    )


def coverage(service: str = "") -> Sequence[ServiceCoverage]:
    """One line a service of the installed SDK."""
    return [_covered(each) for each in ([service] if service else operations_of("")) if operations_of(each)]


def _covered(service: str) -> ServiceCoverage:
    judged = {name: judge(service, name) for name in operations_of(service)}
    by = Counter("suspected" if each.source is Judged.DATA and each.tier is Tier.SECRET else each.source.value for each in judged.values())
    tiers = Counter(each.tier for each in judged.values())
    return ServiceCoverage(
        service=service,
        operations=len(judged),
        reviewed=by["reviewed"] + by["rule"],
        proposed=by["data"],
        suspected=by["suspected"],
        unknown=by["unknown"],
        usable=sum(each.tier in _FREE for each in judged.values()),
        by_tier={tier.value: tiers[tier] for tier in Tier if tiers[tier]},
    )


def _changes(service: str, operation: str) -> Sequence[str]:
    table = service_table(service)
    if table is None:
        return []
    told = [
        f"{_condition(rule)}: {rule['tier']}, {rule['reason']}" + ("; its shape alone with --grant shape" if rule.get("shape") else "")
        for rule in table.rules_of(operation)
    ]
    needs = [
        f"{_condition({'present': True, **entry})}: needs {', '.join(entry['actions'])}" for entry in table.when if entry["operation"] == operation
    ]
    return [*told, *needs]


def _condition(rule: Mapping[str, Any]) -> str:
    name = rule["param"]
    if "equals" in rule:
        return f"{name} = {str(rule['equals']).lower() if isinstance(rule['equals'], bool) else rule['equals']}"
    if "select" in rule:
        return f"{name} is one SELECT"
    if "at_most" in rule:
        return f"{name} up to {rule['at_most']}"
    if "wider_than" in rule:
        return f"{name} to {rule['until']} missing or over {rule['wider_than']} hours"
    return f"with {name}"
