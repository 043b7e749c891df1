"""The judgement of one operation with its parameters, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nephoscope.models import Judged, Tier
from nephoscope_aws.classification.public import proposed
from nephoscope_aws.classification.table import service_table

_UNKNOWN = "no reviewed table says that it only reads"
_UNLISTED = "the reviewed table of its service does not name it yet"
_PROPOSED = "public action data call it a read, and by its model it reads configuration; nobody has reviewed it"
_SUSPECTED = "by its name or its reply it gives out a secret; nobody has reviewed it"
_WORDS = {
    Tier.IDENTITY: "says who and what we are",
    Tier.CONFIG: "reads configuration",
    Tier.TELEMETRY: "reads logs or measurements",
    Tier.DATA: "reads customer data",
    Tier.QUERY: "runs a query or is paid by the request",
    Tier.SECRET: "gives out a secret or credentials",
    Tier.ROLE: "takes another role",
    Tier.DIAGNOSTIC: "starts a diagnostic that leaves something behind",
    Tier.PROBE: "tries something out",
    Tier.MUTATION: "changes something",
}


@dataclass(frozen=True)
class Judgement:
    """``shape``: its reply may be given as shape alone where only that is granted."""

    tier: Tier
    reason: str
    source: Judged
    shape: bool = False


def judge(service: str, operation: str, params: Mapping[str, Any] | None = None) -> Judgement:
    """The tier of a call. What neither table nor data know is a mutation, whatever its name promises."""
    table = service_table(service)
    if table is None:
        return _by_data(service, operation)
    tier = table.tier(operation)
    if tier is None:
        return Judgement(Tier.MUTATION, _UNLISTED, Judged.UNKNOWN)
    rule = table.rule(operation, params or {})
    if rule is not None:
        return Judgement(Tier(rule["tier"]), rule["reason"], Judged.RULE, bool(rule.get("shape")))
    return Judgement(tier, _WORDS[tier], Judged.REVIEWED)


def _by_data(service: str, operation: str) -> Judgement:
    kind = proposed(service, operation)
    if kind == "secret":
        return Judgement(Tier.SECRET, _SUSPECTED, Judged.DATA)
    if kind == "read":
        return Judgement(Tier.CONFIG, _PROPOSED, Judged.DATA)
    return Judgement(Tier.MUTATION, _UNKNOWN, Judged.UNKNOWN)
