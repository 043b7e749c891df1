"""What core makes of each failure of each backend, over the providers' own wire formats."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from nephoscope.interfaces import LLMBackend
from nephoscope.llm.faults import fault_of
from nephoscope.models import Connection, Fault
from nephoscope.testing.llm_server import LLMServer, Reply, Trouble
from nephoscope_llm_anthropic.backend import AnthropicBackend
from nephoscope_llm_bedrock.backend import BedrockBackend
from nephoscope_llm_langchain.backend import LangChainBackend
from nephoscope_llm_local.ollama import OllamaBackend
from nephoscope_llm_local.server import LocalBackend
from nephoscope_llm_openai.backend import OpenAIBackend

BEDROCK = "anthropic.claude-haiku-4-5-20251001-v1:0"
CASES: dict[str, tuple[Callable[[], LLMBackend], str, Connection]] = {
    "chat": (OpenAIBackend, "openai-chat", Connection(model="m")),
    "responses": (OpenAIBackend, "openai-responses", Connection(model="m", parameters={"api": "responses"})),
    "anthropic": (AnthropicBackend, "anthropic", Connection(model="claude-haiku-4-5")),
    "bedrock": (BedrockBackend, "bedrock", Connection(model=BEDROCK)),
    "ollama": (OllamaBackend, "ollama", Connection(model="m")),
    "local": (LocalBackend, "openai-chat", Connection(model="m")),
    "langchain-openai": (LangChainBackend, "openai-chat", Connection(model="openai:m")),
    "langchain-ollama": (LangChainBackend, "ollama", Connection(model="ollama:m")),
    "langchain-anthropic": (LangChainBackend, "anthropic", Connection(model="anthropic:claude-haiku-4-5")),
}
KINDS = {
    "auth": "auth",
    "forbidden": "auth",
    "not_found": "not_found",
    "invalid": "invalid",
    "context": "context",
    "rate": "rate",
    "server": "transient",
    "overloaded": "transient",
    "cut": "transient",
    "broken": "malformed",
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Any:
    make, dialect, connection = CASES[request.param]
    return make(), dialect, connection


def failed(case: Any, trouble: Trouble, *, stream: bool = False, seconds: float = 20.0) -> Fault:
    """The classified failure of one request."""
    backend, dialect, connection = case
    with LLMServer(lambda asked: Reply(text="one two three four five six", trouble=trouble)) as server:
        model = backend.chat_model(connection.model_copy(update={"base_url": server.base_url(dialect), "timeout": seconds}))
        with pytest.raises(Exception) as failure:
            list(model.stream("hello")) if stream else model.invoke("hello")
        assert len(server.requests) == 1
    return fault_of(failure.value, backend)


@pytest.mark.parametrize("kind", KINDS)
def test_failures_are_told_apart(case: Any, kind: Any) -> None:
    fault = failed(case, Trouble(kind=kind))
    # botocore parses half a body without a word
    wanted = "malformed" if kind == "cut" and case[1] == "bedrock" else KINDS[kind]
    assert fault.kind == wanted, fault
    assert fault.message
    assert fault.retry_after is None


def test_an_empty_body_is_no_answer(case: Any) -> None:
    assert failed(case, Trouble(kind="empty")).kind == "malformed"


def test_a_used_up_purse_is_not_tried_again(case: Any) -> None:
    assert failed(case, Trouble(kind="quota")).kind in ("auth", "invalid", "rate")


@pytest.mark.parametrize("kind", ["chat", "responses", "anthropic", "bedrock", "ollama"])
def test_an_empty_purse_is_a_matter_of_the_account(kind: str) -> None:
    make, dialect, connection = CASES[kind]
    assert failed((make(), dialect, connection), Trouble(kind="quota")).kind == "auth"


@pytest.mark.parametrize("as_date", [False, True])
@pytest.mark.parametrize("kind", ["rate", "overloaded"])
def test_how_long_to_wait_is_heard(case: Any, kind: Any, as_date: bool) -> None:
    fault = failed(case, Trouble(kind=kind, retry_after=40, as_date=as_date))
    if fault.retry_after is None and isinstance(case[0], LangChainBackend) and case[1] == "ollama":
        pytest.skip("Ollama's client throws the headers of an error away")
    assert fault.retry_after is not None
    assert 20 < fault.retry_after <= 41


@pytest.mark.parametrize("kind", ["cut", "in_stream"])
def test_streams_that_break_off_can_be_tried_again(case: Any, kind: Any) -> None:
    assert failed(case, Trouble(kind=kind), stream=True).kind in ("transient", "rate")


def test_silence_is_worth_another_try(case: Any) -> None:
    begun = time.monotonic()
    assert failed(case, Trouble(kind="timeout", seconds=60), seconds=1.0).kind == "transient"
    assert time.monotonic() - begun < 15


def test_nobody_at_home_is_worth_another_try(case: Any) -> None:
    backend, dialect, connection = case
    with LLMServer(lambda asked: Reply()) as server:
        url = server.base_url(dialect)
    with pytest.raises(Exception) as failure:
        backend.chat_model(connection.model_copy(update={"base_url": url})).invoke("hello")
    assert fault_of(failure.value, backend).kind == "transient"


def test_a_reply_that_a_filter_stopped_says_so(case: Any) -> None:
    backend, dialect, connection = case
    with LLMServer(lambda asked: Reply(text="I", blocked=True)) as server:
        reply = backend.chat_model(connection.model_copy(update={"base_url": server.base_url(dialect)})).invoke("hello")
    assert backend.finish(reply.response_metadata) == ("stop" if dialect == "ollama" else "blocked")
