"""The gateway over real HTTP: a server on loopback that speaks a provider's wire format, and what it was sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from nephoscope.boundary.broker.redaction import Redactor
from nephoscope.interfaces import ModelError
from nephoscope.llm.card import ModelCard
from nephoscope.llm.exchange import Exchange
from nephoscope.llm.masking import Mask
from nephoscope.llm.seat import Seat
from nephoscope.models import IdentifierKind
from nephoscope.plugin.manager import load_plugins
from nephoscope.testing.llm_server import LLMServer, Reply, Trouble

ACCOUNT = IdentifierKind(kind="account", pattern=r"(?<!\d)\d{12}(?!\d)", stand_in="9000000{n:05d}")
CODE = "```python\n" + "".join(f'print("line {number} of many")\n' for number in range(30)) + "```"


class Choice(BaseModel):
    """What the model is to answer."""

    decision: Literal["go", "stop"]


class Provider:
    """A scripted provider of one wire format, and a seat at it."""

    def __init__(self, bench: Any, prefix: str, path: str) -> None:
        self.bench, self.prefix, self.path = bench, prefix, path
        self.replies: list[Reply] = []
        self.server = LLMServer(lambda _: self.replies.pop(0) if len(self.replies) > 1 else self.replies[0])

    def seat(self, **card: Any) -> Seat:
        host, port = self.server._http.server_address[:2]
        backend = load_plugins().backends[self.prefix]
        base_url = f"http://{host}:{port}{self.path}"
        described = ModelCard.model_validate({"id": f"{self.prefix}:some-model", "free": True, "context": 100_000, **card})
        return Seat(described, backend, Exchange(backend, base_url), base_url, masked=True)

    def ask(self, *replies: Reply, words: str = "what now?", schema: type[BaseModel] | None = None, **card: Any) -> Any:
        self.replies = list(replies)
        return self.bench.gateway(self.seat(**card)).ask("planner", "test.say", {"words": words}, schema)


@pytest.fixture(params=[("openai", "/v1"), ("anthropic", ""), ("ollama", ""), ("bedrock", "")], ids=lambda param: param[0])
def provider(request: Any, bench: Any) -> Iterator[Provider]:
    bench.mask = Mask([ACCOUNT], key=b"k")
    bench.scrub = Redactor(b"k").scrub
    made = Provider(bench, *request.param)
    with made.server:
        yield made


def test_no_secret_and_no_identifier_is_in_any_request(provider: Provider) -> None:
    secrets = ["hunter2-hunter2", "AKIAQWERTYUIOPASDFGH", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"]
    real = ["123456789012", "10.20.30.40", "ann@corp.com", "db.corp.internal"]
    words = f"password={secrets[0]} key {secrets[1]} token {secrets[2]}; {' '.join(real)} arn:aws:iam::123456789012:role/x"
    answer = provider.ask(Reply(text='{"decision": "no"}'), Reply(text='{"decision": "go"}'), words=words, schema=Choice)
    assert answer.value == {"decision": "go"}
    assert len(provider.server.requests) == 2
    for request in provider.server.requests:
        body = request.raw.decode()
        assert [word for word in (*secrets, *real) if word in body] == []
        assert "role/x" in body


def test_what_the_model_says_of_stand_ins_comes_back_real(provider: Provider) -> None:
    assert provider.ask(Reply(text="look into 900000000001"), words="account 123456789012").text == "look into 123456789012"


@pytest.mark.parametrize("habit", ["exact", "overlap", "restart", "phrase"])
def test_code_that_is_cut_off_is_exact_or_refused(provider: Provider, habit: str) -> None:
    try:
        answer = provider.ask(Reply(text=CODE, cut=700, resume=habit))
    except ModelError as error:
        assert error.kind == "malformed"
        assert habit != "exact"
    else:
        assert answer.text.strip() == CODE


@pytest.mark.parametrize("way", ["json_schema", "tools", "json_mode"])
def test_shapes_come_by_the_way_the_catalog_says(provider: Provider, way: str) -> None:
    answer = provider.ask(Reply(value={"decision": "go"}), schema=Choice, capabilities=[way])
    assert answer.value == {"decision": "go"}


def test_rates_and_outages_are_waited_out_and_every_request_is_on_record(provider: Provider) -> None:
    trouble = [Reply(trouble=Trouble(kind="rate", retry_after=1)), Reply(trouble=Trouble(kind="server")), Reply(text="at last")]
    assert provider.ask(*trouble).text == "at last"
    calls = provider.bench.store.model_calls()
    assert [call.error for call in calls] == ["rate", "transient", ""]
    assert len(provider.server.requests) == len(calls)
    assert sum(provider.bench.slept) >= 1


@pytest.mark.parametrize(("kind", "told"), [("auth", "auth"), ("not_found", "not_found"), ("context", "context"), ("invalid", "invalid")])
def test_what_stays_is_sent_once(provider: Provider, kind: Any, told: str) -> None:
    with pytest.raises(ModelError) as caught:
        provider.ask(Reply(trouble=Trouble(kind=kind, message="prompt is too long" if kind == "context" else "no, never")))
    assert caught.value.kind == told
    assert len(provider.server.requests) == 1


def test_a_parameter_that_is_turned_down_is_left_out(provider: Provider) -> None:
    refused = Reply(trouble=Trouble(kind="invalid", message="temperature is not supported by this model"))
    assert provider.ask(refused, Reply(text="as you like")).text == "as you like"
    bodies = [request.raw.decode() for request in provider.server.requests]
    assert ["temperature" in body for body in bodies] == [True, False]


def test_nonsense_is_tried_twice(provider: Provider) -> None:
    with pytest.raises(ModelError) as caught:
        provider.ask(Reply(trouble=Trouble(kind="broken")))
    assert caught.value.kind == "malformed"
    assert len(provider.server.requests) == 2
