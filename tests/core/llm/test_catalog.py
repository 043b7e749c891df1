"""The catalog: files laid over one another, mistakes with file and line, patterns, near names, prices, fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from nephoscope.interfaces import UsageError
from nephoscope.llm.card import ModelCard
from nephoscope.llm.catalog import load_catalog
from nephoscope.llm.prices import cost, per_million
from nephoscope.llm.selection import ranked
from nephoscope.models import Usage

PACK = """
models:
  - id: acme:big
    capabilities: [json_schema, reasoning]
    context: 200000
    prices: {input: 5, output: 25, cache_read: 0.5, source: acme's page, dated: 2026-11}
  - id: acme:small-*
    capabilities: [json_mode]
  - id: acme:small-x-*
    capabilities: [tools, cheap]
"""


def written(folder: Path, text: str, name: str = "models.yaml") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_persons_file_extends_and_overrides_field_by_field(tmp_path: Path) -> None:
    written(tmp_path / "pack", PACK)
    own = written(tmp_path / "own", "models:\n  - {id: 'acme:big', context: 1000, free: true}\n  - {id: 'home:mine', base_url: 'http://x/v1'}\n")
    known = load_catalog([tmp_path / "pack"], [own])
    card = known.find("acme:big")
    assert card is not None
    assert (card.context, card.free, card.prices, card.capabilities) == (1000, True, None, ("json_schema", "reasoning"))
    assert card.source == f"{own}, line 2"
    assert known.find("home:mine") is not None


def test_patterns_stand_in_for_names_without_a_card_the_narrowest_first(tmp_path: Path) -> None:
    written(tmp_path / "pack", PACK)
    known = load_catalog([tmp_path / "pack"])
    card = known.find("acme:small-x-7")
    assert card is not None
    assert (card.id, card.name, card.capabilities) == ("acme:small-x-7", "small-x-7", ("tools", "cheap"))
    assert known.find("acme:huge") is None
    assert known.near("acme:bigg") == ["acme:big"]
    assert known.near("other:big") == ["acme:big"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("models:\n  - id: acme:big\n    contxt: 5\n", ["line 2", "acme:big", "contxt"]),
        ("models:\n  - context: 5\n", ["line 2", "no id"]),
        ("models:\n  - id: nothing\n", ["line 2", "id"]),
        ("models:\n  - id: a:b\n    roles: [boss]\n", ["line 2", "no role 'boss'"]),
        ("models:\n  - id: a:b\n    free: true\n    prices: {input: 1, output: 1, source: s, dated: 2026-11}\n", ["line 2", "free"]),
        ("models:\n  - id: a:b\n    prices: {input: 1, output: 1}\n", ["line 2", "prices.source"]),
        ("[]", ["line 1", "list called models"]),
        ("models: [", ["not YAML", "line 1"]),
    ],
)
def test_a_mistake_names_file_and_line(tmp_path: Path, text: str, words: list[str]) -> None:
    path = written(tmp_path / "own", text)
    with pytest.raises(UsageError) as caught:
        load_catalog([], [path])
    for word in (str(path), *words):
        assert word in caught.value.message


def test_a_packs_mistake_stops_nothing_and_is_told(tmp_path: Path) -> None:
    written(tmp_path / "pack", PACK)
    written(tmp_path / "pack", "models:\n  - id: x:y\n    contxt: 1\n", "broken.yaml")
    known = load_catalog([tmp_path / "pack"])
    assert "broken.yaml, line 2" in known.faults[0]
    assert known.find("acme:big") is not None


def test_prices_count_every_kind_of_token(tmp_path: Path) -> None:
    written(tmp_path / "pack", PACK)
    card = load_catalog([tmp_path / "pack"]).find("acme:big")
    assert card is not None
    paid = cost(card, Usage(input=1_000_000, cache_read=400_000, output=100_000))
    assert paid.usd == pytest.approx(0.6 * 5 + 0.4 * 0.5 + 0.1 * 25)
    assert paid.price == "acme's page, 2026-11"


def test_published_prices_have_a_source_and_what_nobody_publishes_is_unknown() -> None:
    published = cost(ModelCard(id="openai:gpt-4o-mini"), Usage(input=1000, output=1000))
    assert published.usd is not None
    assert published.usd > 0
    assert published.price.startswith("genai-prices ")
    assert cost(ModelCard(id="openai:no-such-thing"), Usage(input=1000)).usd is None
    assert cost(ModelCard(id="nobody:x", priced_as="openai:gpt-4o-mini"), Usage(input=1000, output=1000)).usd == published.usd
    assert cost(ModelCard(id="nobody:x", free=True), Usage(input=1000)).usd == 0.0
    assert per_million(ModelCard(id="nobody:x")) is None


def test_fits_are_ordered_by_ability_then_price_and_say_why() -> None:
    price = {"source": "s", "dated": "2026-11"}
    able = {"capabilities": ["reasoning", "tools"], "context": 100_000}
    raw: list[dict[str, object]] = [
        {"id": "a:unknown", **able},
        {"id": "a:dear", **able, "prices": {"input": 9, "output": 9, **price}},
        {"id": "a:cheap", **able, "prices": {"input": 1, "output": 1, **price}},
        {"id": "a:dull", "context": 100_000, "free": True},
        {"id": "a:named", **able, "capabilities": ["reasoning"], "roles": ["planner"], "free": True},
        {"id": "a:narrow", **able, "context": 1_000, "free": True},
    ]
    cards = [ModelCard.model_validate(one) for one in raw]
    fits = ranked(cards, "planner")
    assert [one.card.id for one in fits] == ["a:named", "a:cheap", "a:dear", "a:unknown", "a:dull", "a:narrow"]
    assert "price unknown" in fits[3].why
    assert any("less than the 32000 wished" in why for why in fits[-1].why)
