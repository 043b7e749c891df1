"""The reviewed tables: which tier an operation has. What no table names is a mutation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any

import yaml

from nephoscope.models import Call, Classification, Tier
from nephoscope_aws.permissions import permission
from nephoscope_aws.wire.models import operation_model

_PACKAGE = "nephoscope_aws"
_UNKNOWN = "no reviewed table says that it only reads"
_WORDS = {
    Tier.IDENTITY: "says who and what we are",
    Tier.CONFIG: "reads configuration",
    Tier.TELEMETRY: "reads logs or measurements",
    Tier.DATA: "reads customer data",
    Tier.QUERY: "runs a query that costs money",
    Tier.SECRET: "gives out a secret or credentials",
    Tier.ROLE: "takes another role",
    Tier.DIAGNOSTIC: "starts a diagnostic that leaves something behind",
}


@dataclass(frozen=True)
class TierTable:
    """One service. An exact name beats a pattern; a rule looks at a parameter and beats both."""

    service: str
    tiers: Mapping[Tier, Sequence[str]]
    rules: Sequence[Mapping[str, Any]] = ()
    targets: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def tier(self, operation: str) -> Tier | None:
        """The tier by name alone; ``None`` when the table does not know the operation."""
        for tier, names in self.tiers.items():
            if operation in names:
                return tier
        return next((tier for tier, names in self.tiers.items() if any("*" in name and fnmatchcase(operation, name) for name in names)), None)

    def rule(self, call: Call) -> Mapping[str, Any] | None:
        """The rule that the call's parameters fit."""
        return next((rule for rule in self.rules if self._fits(rule, call)), None)

    def _fits(self, rule: Mapping[str, Any], call: Call) -> bool:
        if not fnmatchcase(call.operation, rule["operation"]) or self.tier(call.operation) in rule.get("unless", ()):
            return False
        value = call.params.get(rule["param"])
        return type(value) is type(rule["equals"]) and value == rule["equals"]


def classify(call: Call) -> Classification:
    """The call's tier, why, and the IAM action it needs."""
    action = permission(call.service, call.operation)
    table = tier_table(call.service)
    rule = table.rule(call) if table else None
    if rule is not None:
        return Classification(tier=Tier(rule["tier"]), reason=rule["reason"], permission=action, verified=True)
    tier = table.tier(call.operation) if table and operation_model(call.service, call.operation) else None
    if tier is None:
        return Classification(tier=Tier.MUTATION, reason=_UNKNOWN, permission=action)
    return Classification(tier=tier, reason=_WORDS[tier], permission=action, verified=True)


def classify_name(call: Call) -> Tier:
    """The tier by the tables alone, for an operation already known to exist: what a planner is told. The broker judges by :func:`classify`."""
    table = tier_table(call.service)
    rule = table.rule(call) if table else None
    if rule is not None:
        return Tier(rule["tier"])
    return (table.tier(call.operation) if table else None) or Tier.MUTATION


@cache
def tier_table(service: str) -> TierTable | None:
    """The table of a service; ``None`` when nobody reviewed it."""
    path = resources.files(_PACKAGE).joinpath("tiers", f"{service}.yaml")
    if not service.replace("-", "").isalnum() or not path.is_file():
        return None
    document = yaml.safe_load(path.read_text("utf-8"))
    tiers = {tier: tuple(document[tier.value]) for tier in Tier if tier.value in document}
    return TierTable(document["service"], tiers, tuple(document.get("rules", ())), document.get("targets", {}))
