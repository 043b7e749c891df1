"""Which of the known models fits a role, and why: by what it can do first, by price second."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nephoscope.llm.card import Capability, ModelCard
from nephoscope.llm.prices import cost
from nephoscope.models import Usage

TYPICAL = Usage(input=8_000, output=1_000)
"""What one question of a run takes, for comparing prices."""
_SHAPED: tuple[Capability, ...] = ("json_schema", "tools")


@dataclass(frozen=True)
class Demand:
    """What a role asks for. ``wants``: the more of them the better; ``room``: least tokens of context; ``shaped``: replies in a given shape."""

    wants: tuple[Capability, ...]
    room: int
    shaped: bool = False


DEMANDS: Mapping[str, Demand] = {
    "planner": Demand(("reasoning",), 32_000, shaped=True),
    "coder": Demand(("code",), 16_000),
    "repairer": Demand(("reasoning", "code"), 16_000),
    "classifier": Demand(("cheap",), 8_000, shaped=True),
    "explainer": Demand((), 16_000),
}


@dataclass(frozen=True)
class Fit:
    """How a model fits a role. ``usd``: of a typical question, ``None`` when unknown."""

    card: ModelCard
    score: int
    usd: float | None
    why: tuple[str, ...]


def ranked(cards: Iterable[ModelCard], role: str) -> list[Fit]:
    """Every model, the best fit first: made for the role, then able, then affordable; an unknown price stands after every known one."""
    fits = [fit(card, role) for card in cards]
    return sorted(fits, key=lambda one: (-one.score, one.usd is None, one.usd or 0.0, one.card.id))


def fit(card: ModelCard, role: str) -> Fit:
    """How one model fits."""
    demand = DEMANDS[role]
    why = []
    score = 0
    if role in card.roles:
        score += 4
        why.append("the catalog names it for this role")
    for capability in demand.wants:
        score += 2 if capability in card.capabilities else 0
        why.append(f"{'good at' if capability in card.capabilities else 'not known for'} {capability}")
    if demand.shaped:
        held = [capability for capability in _SHAPED if capability in card.capabilities]
        score += 1 if held else 0
        why.append(f"replies in shape by {held[0]}" if held else "replies in shape only when asked nicely")
    roomy = card.context >= demand.room
    score -= 0 if roomy else 3
    why.append(f"context of {card.context} tokens" + ("" if roomy else f", less than the {demand.room} wished"))
    paid = cost(card, TYPICAL)
    told = "price unknown" if paid.usd is None else f"about {paid.usd:.4f} USD a question ({paid.price})" if paid.usd else "free"
    why.append(told)
    return Fit(card, score, paid.usd, tuple(why))
