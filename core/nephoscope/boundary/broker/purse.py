"""The investigation's only purse: calls and dollars, reserved before they are spent."""

from __future__ import annotations

from dataclasses import dataclass

from nephoscope.models import Budget, Tier
from nephoscope.store import Spent

TELEMETRY_CALLS = 60
TELEMETRY_BYTES = 20_000_000
TELEMETRY_USD = 0.25
ROUNDING = 1e-9


class Empty(Exception):
    """The purse does not hold what was asked for. Says which limit."""


@dataclass
class Purse:
    """What is left. ``budget`` is the investigation's total, ``spent`` what earlier runs of it used."""

    budget: Budget
    calls: int = 0
    usd: float = 0.0
    reserved_usd: float = 0.0
    telemetry_calls: int = 0
    telemetry_bytes: int = 0
    telemetry_usd: float = 0.0

    @classmethod
    def resumed(cls, budget: Budget, spent: Spent) -> Purse:
        """A purse from which ``spent`` was already taken."""
        return cls(budget, calls=spent.upstream, usd=spent.usd + spent.model_usd, telemetry_calls=spent.telemetry)

    def reserve_call(self, tier: Tier, usd: float) -> None:
        """Take one call and its estimated price. Raises ``Empty``."""
        if self.calls >= self.budget.calls:
            raise Empty(f"the budget of {self.budget.calls} calls is used up (--max-calls)")
        if tier == Tier.TELEMETRY:
            self._check_telemetry(usd)
        self.reserve(usd)
        self.calls += 1
        if tier == Tier.TELEMETRY:
            self.telemetry_calls += 1
            self.telemetry_usd += usd

    def settle_call(self, tier: Tier, reserved: float, usd: float, size: int) -> None:
        """The call is over: what it really cost, and how many bytes came back."""
        self.settle(reserved, usd)
        if tier == Tier.TELEMETRY:
            self.telemetry_bytes += size
            self.telemetry_usd += usd - reserved

    def reserve(self, usd: float) -> None:
        """Set dollars aside. Raises ``Empty``."""
        if usd > 0 and self.usd + self.reserved_usd + usd > self.budget.usd + ROUNDING:
            left = max(0.0, self.budget.usd - self.usd - self.reserved_usd)
            raise Empty(f"{usd:.4f} USD asked for, {left:.4f} of {self.budget.usd:.2f} left (--max-usd)")
        self.reserved_usd += usd

    def settle(self, reserved: float, usd: float) -> None:
        """Give back what was set aside and take what was spent."""
        self.reserved_usd = max(0.0, self.reserved_usd - reserved)
        self.usd += usd

    def _check_telemetry(self, usd: float) -> None:
        dear = self.telemetry_usd + usd > TELEMETRY_USD + ROUNDING
        if dear or self.telemetry_calls >= TELEMETRY_CALLS or self.telemetry_bytes >= TELEMETRY_BYTES:
            raise Empty(f"logs and metrics are limited to {TELEMETRY_CALLS} calls, {TELEMETRY_BYTES // 1_000_000} MB, {TELEMETRY_USD} USD")
