"""The generic backend keeps the contract, whichever of LangChain's classes is behind it."""

from __future__ import annotations

from nephoscope.models import Connection
from nephoscope.testing.conformance import BackendSuite
from nephoscope_llm_langchain.backend import LangChainBackend

ENDINGS = {
    "stop": {"finish_reason": "STOP"},
    "length": {"finish_reason": "FinishReason.MAX_TOKENS"},
    "tool": {"stop_reason": "tool_use"},
    "blocked": {"finish_reason": "SAFETY"},
}


class TestThroughOllama(BackendSuite):
    subject = LangChainBackend()
    connection = Connection(model="ollama:m")
    dialect = "ollama"
    endings = ENDINGS


class TestThroughAnthropic(BackendSuite):
    subject = LangChainBackend()
    connection = Connection(model="anthropic:claude-haiku-4-5")
    dialect = "anthropic"
    environment = ("ANTHROPIC_API_KEY",)
    endings = ENDINGS


class TestThroughOpenAI(BackendSuite):
    subject = LangChainBackend()
    connection = Connection(model="openai:m")
    dialect = "openai-chat"
    methods = ("function_calling",)
    environment = ("OPENAI_API_KEY",)
    endings = ENDINGS
