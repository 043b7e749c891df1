"""Which kinds of access are allowed. This table is core's; no plugin, setting or script changes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from nephoscope.interfaces.errors import UsageError
from nephoscope.models import Classification, Tier

Rule = Literal["default", "grant", "never"]

TABLE: Mapping[Tier, Rule] = {
    Tier.IDENTITY: "default",
    Tier.CONFIG: "default",
    Tier.TELEMETRY: "default",
    Tier.SHAPE: "grant",
    Tier.DATA: "grant",
    Tier.QUERY: "grant",
    Tier.DIAGNOSTIC: "grant",
    Tier.PROBE: "grant",
    Tier.SECRET: "never",
    Tier.ROLE: "never",
    Tier.MUTATION: "never",
}

UNREVIEWED = frozenset({Tier.CONFIG})
"""All that may be used of what nobody has reviewed, whatever a pack says it is."""

_NEVER_BECAUSE = {
    Tier.SECRET: "it would return a secret or a credential",
    Tier.ROLE: "roles are assumed by the broker, never by a script",
    Tier.MUTATION: "it changes something, or is not known to be a read",
}


@dataclass(frozen=True)
class Denial:
    """Why a tier is not allowed, and the option that would allow it (empty: nothing would)."""

    code: Literal["not_granted", "forbidden"]
    reason: str
    needs: str = ""


class Tiers:
    """The tiers one investigation may use: the default ones and the granted ones, without those denied."""

    def __init__(self, grants: Iterable[Tier] = (), denied: Iterable[Tier] = (), *, reviewed_only: bool = False) -> None:
        granted = frozenset(grants)
        never = sorted(tier for tier in granted if TABLE[tier] == "never")
        if never:
            raise UsageError(f"the tier {never[0]} cannot be granted: {_NEVER_BECAUSE[Tier(never[0])]}", "leave it out")
        self.allowed = frozenset(tier for tier, rule in TABLE.items() if rule == "default" or tier in granted) - frozenset(denied)
        self._reviewed_only = reviewed_only

    def judge(self, classification: Classification) -> Tier | Denial:
        """The tier under which the call may be made, or why it may not."""
        tier = classification.tier
        if TABLE[tier] == "never":
            return Denial("forbidden", f"{_NEVER_BECAUSE[tier]} ({classification.reason})")
        if not classification.verified and (self._reviewed_only or tier not in UNREVIEWED):
            return Denial("forbidden", f"nobody has reviewed it ({classification.reason})")
        if tier in self.allowed:
            return tier
        if classification.shape and Tier.SHAPE in self.allowed:
            return Tier.SHAPE
        return Denial("not_granted", f"access of the kind {tier!s} was not granted ({classification.reason})", f"--grant {tier}")
