"""What a request cost: by the catalog's own price, else by the maintained table of the package genai-prices. Unknown stays unknown."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from nephoscope.llm.card import ModelCard, Prices
from nephoscope.models import Usage

MILLION = 1_000_000


@dataclass(frozen=True)
class Cost:
    """Dollars, ``None`` when unknown, and where the price is from."""

    usd: float | None
    price: str


def cost(card: ModelCard, usage: Usage) -> Cost:
    """The price of some tokens of a model."""
    if card.free:
        return Cost(0.0, "free, says the catalog")
    if card.prices:
        return Cost(_own(card.prices, usage), f"{card.prices.source}, {card.prices.dated}")
    return _published(card.priced_as or card.id, usage)


def _own(prices: Prices, usage: Usage) -> float:
    plain = max(0, usage.input - usage.cache_read - usage.cache_write)
    read = prices.input if prices.cache_read is None else prices.cache_read
    written = prices.input if prices.cache_write is None else prices.cache_write
    return (plain * prices.input + usage.cache_read * read + usage.cache_write * written + usage.output * prices.output) / MILLION


def _published(model_id: str, usage: Usage) -> Cost:
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    known = _reference(model_id)
    if known is None:
        return Cost(None, "unknown")
    provider, name = known
    tokens = Tokens(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cache_read or None,
        cache_write_tokens=usage.cache_write or None,
    )
    return Cost(float(calc_price(tokens, name, provider_id=provider).total_price), source())


@lru_cache(maxsize=256)
def _reference(model_id: str) -> tuple[str, str] | None:
    """Provider and name under which the package has a price."""
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    provider, _, name = model_id.partition(":")
    try:
        calc_price(Tokens(input_tokens=1, output_tokens=1), name, provider_id=provider)
    except (LookupError, ValueError):
        return None
    return provider, name


@lru_cache(maxsize=1)
def source() -> str:
    """The package and its release, which dates its prices."""
    from importlib.metadata import version

    return f"genai-prices {version('genai-prices')}"


def per_million(card: ModelCard) -> tuple[float, float, str] | None:
    """Dollars per million tokens in and out, and their source; ``None`` where the price is unknown."""
    read, written = cost(card, Usage(input=MILLION // 100)), cost(card, Usage(output=MILLION // 100))
    return None if read.usd is None or written.usd is None else (round(read.usd * 100, 6), round(written.usd * 100, 6), read.price)
