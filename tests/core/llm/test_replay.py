"""A recorded run instead of a model: the same replies at the same price, failures included, and nobody is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nephoscope.interfaces import ModelError
from nephoscope.llm.calling import NOT_RECORDED, Caller
from nephoscope.llm.gateway import ANY, Gateway
from nephoscope.llm.limiter import Limiter
from nephoscope.prompting import load_prompts
from nephoscope.store.run import RunStore

PRICES = {"prices": {"input": 1, "output": 2, "source": "test", "dated": "2026-11"}}
LINES = [{"trouble": {"kind": "transient"}, "times": 1}, {"text": "hello", "times": 1}]


@pytest.fixture
def replayed(tmp_path: Path) -> Iterator[RunStore]:
    (tmp_path / "r-again").mkdir()
    store = RunStore(tmp_path / "r-again")
    yield store
    store.close()


def ask(gateway: Any, words: str = "what now?") -> Any:
    return gateway.ask("planner", "test.say", {"words": words})


def test_replies_come_from_the_cassette_alone(bench: Any, replayed: RunStore) -> None:
    seat = bench.seat(*LINES, **PRICES)
    first = ask(bench.gateway(seat))
    paid = bench.wallet.spent_usd
    before = [(call.request, call.error, call.usage, call.usd) for call in bench.store.model_calls()]
    assert [error for _, error, _, _ in before] == ["transient", ""]

    caller = Caller(replayed, bench.wallet, bench.budget, Limiter(), seconds_left=lambda: 300.0, cassette=bench.store)
    gateway = Gateway({ANY: [seat]}, load_prompts([bench.folder / "prompts"]), caller, bench.mask, scrub=str)
    again = ask(gateway)
    assert (again.text, again.usd, again.usage) == (first.text, first.usd, first.usage)
    assert bench.wallet.spent_usd == pytest.approx(2 * paid)
    assert [(call.request, call.error, call.usage, call.usd) for call in replayed.model_calls()] == before
    with pytest.raises(ModelError, match="not asked when this was recorded"):
        ask(gateway, "something else")
    assert [call.error for call in replayed.model_calls()] == ["transient", "", NOT_RECORDED]
