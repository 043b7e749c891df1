"""Suite for backends of language models. Speaks to a scripted model over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import SecretStr

from nephoscope.interfaces import LLMBackend
from nephoscope.models import Connection, FinishReason, JsonValue
from nephoscope.testing.conformance.base import Suite
from nephoscope.testing.llm_server import LLMServer, Reply, Trouble

KEY = "sk-conformance-7d3f1c9a5b"
CANARY = "canary-of-the-environment-5e8a"
SCHEMA = {
    "title": "Finding",
    "description": "What is wrong.",
    "type": "object",
    "properties": {"cause": {"type": "string"}, "count": {"type": "integer"}},
    "required": ["cause", "count"],
    "additionalProperties": False,
}
VALUE: dict[str, JsonValue] = {"cause": "the gate is shut, ‘fast’ 🚪", "count": 2}


class BackendSuite(Suite):
    """``connection``: one that a model can be made of, without network. ``endings``: ``response_metadata`` of replies by how they ended.

    ``dialect``: the wire format by its name in :mod:`nephoscope.testing.llm_server`; ``methods``: how LangChain can ask this backend for JSON.
    ``environment``: variables that its SDK reads keys and headers from.
    """

    interface = LLMBackend
    subject: LLMBackend
    connection: Connection | None = None
    endings: Mapping[FinishReason, Mapping[str, Any]] | None = None
    dialect: str = ""
    methods: tuple[str, ...] = ("json_schema",)
    environment: tuple[str, ...] = ()

    def model(self, key: str = KEY) -> Any:
        """A chat model of the subject that holds a key."""
        return self.subject.chat_model(self.samples("connection").model_copy(update={"key": SecretStr(key)}))

    def at(self, server: LLMServer, seconds: float = 20.0, **parameters: Any) -> Any:
        """A chat model, without a key, that asks the server."""
        connection: Connection = self.samples("connection")
        changes = {"base_url": server.base_url(self.samples("dialect")), "key": None, "timeout": seconds}
        return self.subject.chat_model(connection.model_copy(update={**changes, "parameters": {**connection.parameters, **parameters}}))

    def test_makes_chat_models(self) -> None:
        """What core's gateway can speak to."""
        from langchain_core.language_models import BaseChatModel

        assert isinstance(self.model(), BaseChatModel)

    def test_models_neither_retry_nor_cache(self) -> None:
        """Core counts, waits and pays for every try; one that it does not see is one too many."""
        model = self.model()
        assert getattr(model, "max_retries", 0) in (0, None)
        assert model.cache in (None, False)

    def test_keys_show_nowhere(self) -> None:
        """Neither in the repr nor in what LangChain would trace."""
        from langchain_core.load import dumps

        model = self.model()
        assert KEY not in repr(model)
        assert KEY not in dumps(model)
        assert KEY not in str(model._get_invocation_params())
        assert KEY not in repr(self.samples("connection").model_copy(update={"key": SecretStr(KEY)}))

    def test_knows_how_replies_end(self) -> None:
        """A reply that was cut off must be told from one that was finished."""
        endings = self.samples("endings")
        assert {"stop", "length"} <= set(endings)
        for ending, metadata in endings.items():
            assert self.subject.finish(metadata) == ending
        assert self.subject.finish({}) == "other"

    def test_what_is_not_its_own_it_does_not_judge(self) -> None:
        """An error of somebody else's is left to core."""
        assert self.subject.fault(ZeroDivisionError("division by zero")) is None

    def test_asks_and_is_answered(self) -> None:
        """The words, how it ended and what it took, in one piece and streamed; no key is needed at an address of one's own."""
        with LLMServer(lambda asked: Reply(text="It is the gate: ‘shut’ 🚪.")) as server:
            model = self.at(server)
            streamed: Any = None
            for chunk in model.stream("what is wrong?"):
                streamed = chunk if streamed is None else streamed + chunk
            for message in (model.invoke("what is wrong?"), streamed):
                assert message.text == "It is the gate: ‘shut’ 🚪."
                assert self.subject.finish(message.response_metadata) == "stop"
                assert message.usage_metadata["input_tokens"] > 0
                assert message.usage_metadata["output_tokens"] > 0

    def test_a_reply_that_is_cut_off_says_so(self) -> None:
        """Also where it is held to a schema."""
        with LLMServer(lambda asked: Reply(text='{"cause": "' + "long " * 200)) as server:
            cut = self.at(server, max_tokens=20).invoke("tell")
            assert cut.text == ('{"cause": "' + "long " * 200)[:80]
            assert self.subject.finish(cut.response_metadata) == "length"
            assert server.requests[-1].asked is not None
            assert server.requests[-1].asked.max_tokens == 20
            for method in self.samples("methods"):
                held = self.at(server, max_tokens=20).with_structured_output(SCHEMA, method=method, include_raw=True).invoke("tell")
                assert self.subject.finish(held["raw"].response_metadata) == "length"

    def test_json_comes_back_as_it_was_meant(self) -> None:
        """By each of its ways."""
        with LLMServer(lambda asked: Reply(value=VALUE)) as server:
            model = self.at(server)
            for method in self.samples("methods"):
                assert model.with_structured_output(SCHEMA, method=method, include_raw=True).invoke("tell")["parsed"] == VALUE

    @pytest.mark.parametrize("kind", ["auth", "not_found", "context", "invalid", "rate", "server", "overloaded", "broken", "empty", "cut"])
    def test_a_failure_is_raised_at_once_and_sent_once(self, kind: Any) -> None:
        """Whoever pays for tries must see each."""
        with LLMServer(lambda asked: Reply(text="one two three", trouble=Trouble(kind=kind, retry_after=30))) as server:
            begun = time.monotonic()
            with pytest.raises(Exception) as failure:
                self.at(server).invoke("hello")
            assert len(server.requests) == 1
            assert time.monotonic() - begun < 20
        assert KEY not in str(failure.value)

    def test_it_waits_no_longer_than_it_was_told(self) -> None:
        """A server that says nothing."""
        with LLMServer(lambda asked: Reply(trouble=Trouble(kind="timeout", seconds=60))) as server:
            model = self.at(server, seconds=1.0)
            begun = time.monotonic()
            with pytest.raises(Exception):  # noqa: B017 - each SDK has its own
                model.invoke("hello")
            assert time.monotonic() - begun < 15
            assert len(server.requests) == 1

    def test_what_the_environment_holds_goes_to_its_provider_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Not to whatever server a person names."""
        for name in self.environment:
            monkeypatch.setenv(name, f"X-Custom: {CANARY}" if name.endswith("HEADERS") else CANARY)
        with LLMServer(lambda asked: Reply(text="yes")) as server:
            self.at(server).invoke("hello")
            assert CANARY not in str(server.requests[0].headers)
            assert CANARY.encode() not in server.sent()

    def test_a_given_key_is_sent(self) -> None:
        """And nowhere but in the headers."""
        with LLMServer(lambda asked: Reply(text="yes"), key=KEY) as server:
            connection = self.samples("connection").model_copy(update={"base_url": server.base_url(self.dialect), "key": SecretStr(KEY)})
            assert self.subject.chat_model(connection).invoke("hello").text == "yes"
            assert KEY.encode() not in server.sent()
