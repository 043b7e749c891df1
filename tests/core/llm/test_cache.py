"""Replies of models kept from run to run: only whole ones, only for the very same question, at no cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from nephoscope.interfaces import ModelError
from nephoscope.llm.cache import FILE, ResponseCache
from nephoscope.llm.calling import Caller
from nephoscope.llm.gateway import ANY, Gateway
from nephoscope.llm.limiter import Limiter
from nephoscope.llm.request import Reply, Request, Turn
from nephoscope.models import Usage
from nephoscope.prompting import load_prompts
from nephoscope.store.run import RESPONSE_CACHE, RunStore

REQUEST = Request(model="a:b", turns=(Turn(role="user", text="what?"),), parameters={"temperature": 0})
REPLY = Reply(text="that", finish="stop", usage=Usage(input=3, output=1))
PRICES = {"prices": {"input": 1, "output": 2, "source": "test", "dated": "2026-11"}}


class Said(BaseModel):
    """A shape."""

    word: str


def test_only_the_very_same_request_gets_it(tmp_path: Path) -> None:
    cache = ResponseCache(tmp_path / "home", 1, str)
    assert cache.get(REQUEST) is None
    cache.keep(REQUEST, REPLY)
    assert cache.get(REQUEST) == REPLY
    others: list[dict[str, Any]] = [
        {"model": "a:c"}, {"base_url": "http://127.0.0.1"}, {"turns": (Turn(role="system", text="what?"),)}, {"parameters": {"temperature": 1}},
        {"parameters": {}}, {"way": "tool"}, {"schema_": {"type": "object"}}, {"repeat": 1},
    ]  # fmt: skip
    assert [cache.get(REQUEST.model_copy(update=one)) for one in others] == [None] * len(others)
    assert (tmp_path / "home" / FILE).stat().st_mode & 0o77 == 0
    assert b"what?" not in (tmp_path / "home" / FILE).read_bytes()


@pytest.mark.parametrize("reply", [{"finish": "length"}, {"finish": "blocked"}, {"finish": "other"}, {"text": ""}, {"text": "the key is hunter2"}])
def test_what_is_not_whole_or_holds_a_secret_is_not_kept(tmp_path: Path, reply: dict[str, str]) -> None:
    cache = ResponseCache(tmp_path, 1, lambda text: text.replace("hunter2", "‹redacted›"))
    cache.keep(REQUEST, REPLY.model_copy(update=reply))
    assert cache.get(REQUEST) is None


def test_old_ones_are_forgotten_and_a_broken_file_is_no_trouble(tmp_path: Path) -> None:
    moment = [1000.0]
    cache = ResponseCache(tmp_path, 1, str, clock=lambda: moment[0])
    cache.keep(REQUEST, REPLY)
    moment[0] += 3601
    assert cache.get(REQUEST) is None
    (tmp_path / FILE).write_bytes(b"no database at all, but long enough to be looked at as one" * 20)
    for suffix in ("-wal", "-shm"):
        (tmp_path / f"{FILE}{suffix}").unlink(missing_ok=True)
    cache.keep(REQUEST, REPLY)
    assert cache.get(REQUEST) is None


def run(bench: Any, tmp_path: Path, name: str, seat: Any) -> tuple[Gateway, RunStore]:
    """A gateway of another run over the same cache."""
    (tmp_path / name).mkdir()
    store = RunStore(tmp_path / name)
    caller = Caller(store, bench.wallet, bench.budget, Limiter(), seconds_left=lambda: 300.0, cache=ResponseCache(tmp_path / "home", 1, str))
    return Gateway({ANY: [seat]}, load_prompts([bench.folder / "prompts"]), caller, bench.mask, scrub=str), store


def test_another_run_pays_nothing_and_says_so(bench: Any, tmp_path: Path) -> None:
    seat = bench.seat({"text": "hello", "times": 1}, {"trouble": {"kind": "invalid"}}, **PRICES)
    bench.gateway(seat)
    first, _ = run(bench, tmp_path, "r-1", seat)
    answer = first.ask("planner", "test.say", {"words": "now?"})
    paid = bench.wallet.spent_usd
    assert paid > 0
    second, store = run(bench, tmp_path, "r-2", seat)
    again = second.ask("planner", "test.say", {"words": "now?"})
    assert (again.text, again.usd, again.usage, again.cached, bench.wallet.spent_usd) == (answer.text, 0.0, Usage(), True, paid)
    (call,) = store.model_calls()
    assert (call.usd, call.price, call.usage, call.error) == (0.0, RESPONSE_CACHE, Usage(), "")
    with pytest.raises(ModelError):
        second.ask("planner", "test.say", {"words": "something else?"})
    third, _ = run(bench, tmp_path, "r-3", seat)
    with pytest.raises(ModelError):
        third.ask("planner", "test.say", {"words": "something else?"})


def test_a_reply_that_could_not_be_used_is_asked_for_again(bench: Any, tmp_path: Path) -> None:
    seat = bench.seat({"text": "no JSON", "times": 1}, {"json": {"word": "yes"}, "times": 1}, {"json": {"word": "fresh"}})
    bench.gateway(seat)
    first, _ = run(bench, tmp_path, "r-1", seat)
    assert first.ask("planner", "test.say", {"words": "now?"}, Said).value == {"word": "yes"}
    second, store = run(bench, tmp_path, "r-2", seat)
    assert second.ask("planner", "test.say", {"words": "now?"}, Said).value == {"word": "fresh"}
    assert [call.price == RESPONSE_CACHE for call in store.model_calls()] == [False]
