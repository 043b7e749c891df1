"""The reviewed tables, one a service: which tier each operation has, which IAM actions it needs, which parameters change either.

Every operation is named, writes included: an operation that an upgrade of the SDK brings is unknown until somebody has looked at it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any

import yaml

from nephoscope.models import Tier
from nephoscope_aws.classification.matching import fits

_PACKAGE = "nephoscope_aws"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PUBLIC_VERBS = {
    "Get": "GET",
    "Export": "GET",
    "List": "GET",
    "Create": "POST",
    "Import": "POST",
    "Update": "PATCH",
    "Put": "PUT",
    "Delete": "DELETE",
}
"""The API gateways' IAM knows only the HTTP method of a path."""


@dataclass(frozen=True)
class ServiceTable:
    """One service. A rule looks at a parameter and beats the name."""

    service: str
    prefix: str
    tiers: Mapping[str, Tier]
    rules: Sequence[Mapping[str, Any]] = ()
    actions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    when: Sequence[Mapping[str, Any]] = ()
    """Parameters that change which actions are needed."""
    targets: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Parameters that name what the call reaches; elsewhere all do."""
    verbs: bool = False

    def tier(self, operation: str) -> Tier | None:
        """The tier by name alone; ``None`` when the table does not know the operation."""
        return self.tiers.get(operation)

    def rule(self, operation: str, params: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The first rule that the call fits."""
        return next((rule for rule in self.rules_of(operation) if fits(rule, params)), None)

    def rules_of(self, operation: str) -> list[Mapping[str, Any]]:
        """The rules that parameters of the operation can meet."""
        tier = self.tier(operation)
        if tier is None:
            return []
        return [rule for rule in self.rules if fnmatchcase(operation, rule["operation"]) and tier not in rule.get("unless", ())]

    def needs(self, operation: str, params: Mapping[str, Any] | None = None) -> tuple[str, ...]:
        """The IAM actions that the call needs."""
        for entry in self.when:
            if entry["operation"] == operation and fits({"present": True, **entry} if "select" not in entry else entry, params or {}):
                return tuple(entry["actions"])
        if self.verbs:
            return (f"apigateway:{next((verb for word, verb in _PUBLIC_VERBS.items() if operation.startswith(word)), 'POST')}",)
        return tuple(self.actions.get(operation) or (f"{self.prefix}:{operation}",))

    def every_action(self, operation: str) -> set[str]:
        """All actions that any parameters could ask for."""
        return {*self.needs(operation), *(action for entry in self.when if entry["operation"] == operation for action in entry["actions"])}


@cache
def service_table(service: str) -> ServiceTable | None:
    """The table of a service; ``None`` when nobody reviewed it."""
    path = resources.files(_PACKAGE).joinpath("tiers", f"{service}.yaml")
    if not service.replace("-", "").isalnum() or not path.is_file():
        return None
    document = yaml.load(path.read_text("utf-8"), _LOADER)  # noqa: S506 - the safe loader, in C where there is one
    tiers = {name: tier for tier in Tier for name in document.get(tier.value, "").split()}
    actions = {name: (need,) if isinstance(need, str) else tuple(need) for name, need in document.get("actions", {}).items()}
    return ServiceTable(
        service=document["service"],
        prefix=document["prefix"],
        tiers=tiers,
        rules=tuple(document.get("rules", ())),
        actions=actions,
        when=tuple(document.get("when", ())),
        targets=document.get("targets", {}),
        verbs=document["prefix"] == "apigateway",
    )


@cache
def reviewed_services() -> tuple[str, ...]:
    """Names of all services that have a table."""
    names = (path.name for path in resources.files(_PACKAGE).joinpath("tiers").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))
