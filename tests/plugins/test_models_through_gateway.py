"""Core's gateway over each backend and each wire format: as `--model PREFIX:NAME --model-base-url …` wires them, without any key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from nephoscope.interfaces import ModelError
from nephoscope.llm import naming
from nephoscope.llm.calling import Caller
from nephoscope.llm.gateway import Gateway
from nephoscope.llm.limiter import Limiter
from nephoscope.llm.masking import Mask
from nephoscope.models import Budget
from nephoscope.plugin.manager import load_plugins
from nephoscope.prompting import load_prompts
from nephoscope.settings import Settings
from nephoscope.store import Spent
from nephoscope.store.run import RunStore
from nephoscope.testing.llm_server import Asked, LLMServer, Reply, Trouble

MODELS = {
    "openai:m": "openai-chat",
    "openai:gpt-6-sol": "openai-chat",
    "anthropic:claude-sonnet-5-5": "anthropic",
    "bedrock:us.anthropic.claude-sonnet-5-5": "bedrock",
    "bedrock:amazon.nova-lite-v1:0": "bedrock",
    "ollama:qwen3:8b": "ollama",
    "local:org/model": "openai-chat",
    "langchain:openai:m": "openai-chat",
    "langchain:anthropic:claude-haiku-4-5": "anthropic",
    "langchain:ollama:m": "ollama",
}
PROMPT = {
    "id": "test.say",
    "version": 1,
    "description": "says what it is given",
    "tags": {"role": "planner"},
    "variables": [{"name": "words", "type": "text", "max_length": 100_000}],
    "messages": [{"role": "system", "parts": {"task": "You answer."}}, {"role": "user", "parts": {"words": "{{ words }}"}}],
}
CODE = (
    "```python\n"
    + "".join(f"def gate_{n}(open):\n    return [step for step in open if step > {n}]\n\n\n" for n in range(12))
    + "print(gate_3([1]))\n```"
)


class Finding(BaseModel):
    cause: str
    certain: bool


@dataclass
class Purse:
    """Counts."""

    usd: float = 0.0

    def reserve(self, usd: float) -> str | None:
        return None

    def settle(self, reserved: float, usd: float) -> None:
        self.usd += usd

    def spent(self) -> Spent:
        return Spent(model_usd=self.usd)


class Asker:
    """A gateway to one model at a server, wired from settings as a run does it."""

    def __init__(self, folder: Path, model: str, url: str) -> None:
        settings = Settings(models=(model,), model_base_url=url)
        plugins = load_plugins()
        seats = naming.seats(settings, plugins.backends, naming.catalog(settings, plugins.catalogs))
        (folder / "prompts").mkdir()
        (folder / "prompts" / "say.yaml").write_text(yaml.safe_dump(PROMPT))
        (folder / "r-test").mkdir()
        self.slept: list[float] = []
        self.store = RunStore(folder / "r-test")
        self.purse = Purse()
        caller = Caller(self.store, self.purse, Budget(usd=100, tokens=1_000_000), Limiter(), seconds_left=lambda: 300.0, sleep=self.slept.append)
        self.gateway = Gateway(seats, load_prompts([folder / "prompts"]), caller, Mask(), scrub=str)

    def ask(self, words: str, schema: type[BaseModel] | None = None) -> Any:
        return self.gateway.ask("planner", "test.say", {"words": words}, schema)


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def no_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    yield


@pytest.mark.usefixtures("no_keys")
def test_words_shapes_and_long_code_come_through(tmp_path: Path, model: str) -> None:
    def brain(asked: Asked) -> Reply:
        if "shape" in asked.text:
            return Reply(value={"cause": "the gate", "certain": True})
        return Reply(text=CODE, cut=None) if "code" in asked.text else Reply(text="hello there")

    with LLMServer(brain) as server:
        asker = Asker(tmp_path, model, server.base_url(MODELS[model]))
        words = asker.ask("words please")
        assert (words.text, words.model) == ("hello there", model)
        assert words.usage.input > 0
        assert asker.ask("a shape please", Finding).value == {"cause": "the gate", "certain": True}
        calls = asker.store.model_calls()
        assert len(calls) == len(server.requests) == 2
        assert sum(call.usage.output for call in calls) > 0


@pytest.mark.usefixtures("no_keys")
@pytest.mark.parametrize("at", [1, 5, 77, 333, 700])
def test_code_that_is_cut_off_is_put_together(tmp_path: Path, model: str, at: int) -> None:
    with LLMServer(lambda asked: Reply(text=CODE, cut=at)) as server:
        asker = Asker(tmp_path, model, server.base_url(MODELS[model]))
        assert asker.ask("code").text == CODE
        assert len(server.requests) >= 2


@pytest.mark.usefixtures("no_keys")
@pytest.mark.parametrize("resume", ["exact", "overlap", "restart", "phrase"])
@pytest.mark.parametrize("at", [5, 333, 700])
def test_a_model_that_goes_on_in_its_own_way_is_put_together_exactly_or_refused(tmp_path: Path, at: int, resume: Any) -> None:
    with LLMServer(lambda asked: Reply(text=CODE, cut=at, resume=resume)) as server:
        asker = Asker(tmp_path, "openai:m", server.base_url("openai-chat"))
        try:
            assert asker.ask("code").text == CODE
        except ModelError as refused:
            assert refused.kind == "malformed"


@pytest.mark.usefixtures("no_keys")
def test_a_busy_provider_is_asked_again_when_it_said(tmp_path: Path, model: str) -> None:
    troubles = iter([Trouble(kind="rate", retry_after=7), Trouble(kind="overloaded"), None])
    with LLMServer(lambda asked: Reply(text="yes", trouble=next(troubles))) as server:
        asker = Asker(tmp_path, model, server.base_url(MODELS[model]))
        assert asker.ask("hello").text == "yes"
        assert len(server.requests) == 3
        if model != "langchain:ollama:m":  # its class hides the headers
            assert any(slept > 0 for slept in asker.slept)


@pytest.mark.usefixtures("no_keys")
@pytest.mark.parametrize("kind", ["auth", "not_found", "context", "quota"])
def test_what_does_not_pass_is_not_tried_again(tmp_path: Path, model: str, kind: Any) -> None:
    with LLMServer(lambda asked: Reply(trouble=Trouble(kind=kind))) as server:
        asker = Asker(tmp_path, model, server.base_url(MODELS[model]))
        with pytest.raises(ModelError) as failure:
            asker.ask("hello")
        most = 4 if failure.value.kind == "rate" else 1
        assert len(server.requests) <= most
        assert model in failure.value.message


@pytest.mark.usefixtures("no_keys")
def test_a_parameter_that_is_turned_down_is_left_out(tmp_path: Path) -> None:
    def brain(asked: Asked) -> Reply:
        if "temperature" in asked.body:
            return Reply(trouble=Trouble(kind="invalid", message="Unsupported parameter: 'temperature' is not supported with this model."))
        return Reply(text="yes")

    with LLMServer(brain) as server:
        asker = Asker(tmp_path, "openai:m", server.base_url("openai-chat"))
        assert [asker.ask(words).text for words in ("one", "two")] == ["yes", "yes"]
        assert ["temperature" in one.body for one in server.requests] == [True, False, False]


def test_every_catalog_of_every_pack_is_read() -> None:
    plugins = load_plugins()
    known = naming.catalog(Settings(), plugins.catalogs)
    assert known.faults == ()
    assert {card.provider for card in known.cards.values()} >= {"openai", "anthropic", "bedrock", "ollama", "local"}
    for name in ("openai:gpt-6-sol", "anthropic:claude-opus-5-5", "bedrock:eu.anthropic.claude-opus-5-5"):
        card = known.find(name)
        assert card is not None
        assert "temperature" in card.rejects
        assert card.context >= 200_000


@pytest.mark.parametrize(("model", "priced"), [("openai:gpt-6-sol", True), ("anthropic:claude-opus-5-5", True), ("ollama:qwen3:8b", True)])
def test_prices_are_known_or_said_to_be_unknown(model: str, priced: bool) -> None:
    from nephoscope.llm.prices import cost
    from nephoscope.models import Usage

    card = naming.catalog(Settings(), load_plugins().catalogs).find(model)
    assert card is not None
    paid = cost(card, Usage(input=1000, output=1000))
    assert (paid.usd is not None) == priced
    assert (paid.usd == 0) == card.free


@pytest.mark.usefixtures("no_keys")
@pytest.mark.parametrize("model", ["anthropic:claude-sonnet-5-5", "bedrock:us.anthropic.claude-sonnet-5-5"])
def test_what_comes_first_and_stays_the_same_is_marked_to_be_cached(tmp_path: Path, model: str) -> None:
    with LLMServer(lambda asked: Reply(text="yes")) as server:
        asker = Asker(tmp_path, model, server.base_url(MODELS[model]))
        first, second = (asker.ask(words) for words in ("one", "two"))
        system = [request.body["system"] for request in server.requests]
    mark = {"cache_control": {"type": "ephemeral"}} if model.startswith("anthropic") else {"cachePoint": {"type": "default"}}
    assert system[0] == system[1]
    assert [block for block in system[0] if mark.items() <= block.items()], system[0]
    assert "one" not in str(system[0])
    assert (first.usage.cache_read, second.usage.cache_read > 0) == (0, True)
    assert first.usage.cache_write > 0


@pytest.mark.usefixtures("no_keys")
@pytest.mark.parametrize("model", ["openai:m", "local:org/model"])
def test_a_server_that_wants_the_limit_by_its_newer_name_gets_it(tmp_path: Path, model: str) -> None:
    def brain(asked: Asked) -> Reply:
        if "max_tokens" in asked.body:
            told = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
            return Reply(trouble=Trouble(kind="invalid", message=told))
        return Reply(text="yes")

    with LLMServer(brain) as server:
        asker = Asker(tmp_path, model, server.base_url(MODELS[model]))
        assert [asker.ask(words).text for words in ("one", "two")] == ["yes", "yes"]
        assert ["max_completion_tokens" in one.body for one in server.requests] == [False, True, True]
        assert len(asker.store.model_calls()) == 3
