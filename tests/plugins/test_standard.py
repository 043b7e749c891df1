"""LangChain's own standard tests over our chat models, each at a server on loopback that speaks its wire format."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_tests.integration_tests import ChatModelIntegrationTests

from nephoscope.interfaces import LLMBackend
from nephoscope.models import Connection
from nephoscope.testing.llm_server import Asked, LLMServer, Reply
from nephoscope_llm_anthropic.backend import AnthropicBackend
from nephoscope_llm_bedrock.backend import BedrockBackend
from nephoscope_llm_local.ollama import OllamaBackend
from nephoscope_llm_local.server import LocalBackend
from nephoscope_llm_openai.backend import OpenAIBackend

WORDS = "Hello there, said the pond to the gate. 2 + 2 is 4."


def says(asked: Asked) -> Reply:
    return Reply(text=WORDS)


class Standard(ChatModelIntegrationTests):
    """Talk, streams, batches, conversations, counted tokens. Tools and shapes we ask for by the gateway, whose tests hold them; we never ask
    asynchronously, nor by a model that is made without its backend."""

    subject: LLMBackend
    dialect = "openai-chat"
    name = "m"

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return type(self.subject.chat_model(Connection(model=self.name, base_url="http://127.0.0.1:9/v1", timeout=20)))

    @property
    def has_tool_calling(self) -> bool:
        return False

    @property
    def has_structured_output(self) -> bool:
        return False

    @pytest.fixture
    def model(self, request: Any) -> Iterator[BaseChatModel]:
        with LLMServer(says) as server:
            yield self.subject.chat_model(Connection(model=self.name, base_url=server.base_url(self.dialect), timeout=20))


APPLIES = {
    *("test_invoke", "test_stream", "test_batch", "test_conversation", "test_double_messages_conversation"),
    *("test_usage_metadata", "test_usage_metadata_streaming", "test_message_with_name"),
}
for _name in [name for name in dir(Standard) if name.startswith("test_") and name not in APPLIES]:
    setattr(Standard, _name, None)


class TestOpenAI(Standard):
    subject = OpenAIBackend()


class TestLocal(Standard):
    subject = LocalBackend()


class TestOllama(Standard):
    subject = OllamaBackend()
    dialect = "ollama"


class TestAnthropic(Standard):
    subject = AnthropicBackend()
    dialect = "anthropic"
    name = "claude-haiku-4-5"


class TestBedrock(Standard):
    subject = BedrockBackend()
    dialect = "bedrock"
    name = "us.anthropic.claude-haiku-4-5-20251001-v1:0"


del Standard
