"""The backends for models of one's own keep the contract."""

from __future__ import annotations

from nephoscope.models import Connection
from nephoscope.testing.conformance import BackendSuite
from nephoscope_llm_local.ollama import OllamaBackend
from nephoscope_llm_local.server import LocalBackend


class TestOllama(BackendSuite):
    subject = OllamaBackend()
    connection = Connection(model="qwen3:8b")
    dialect = "ollama"
    methods = ("json_schema", "json_mode")
    environment = ("OLLAMA_API_KEY",)
    endings = {"stop": {"done_reason": "stop"}, "length": {"done_reason": "length"}}


class TestLocal(BackendSuite):
    subject = LocalBackend()
    connection = Connection(model="org/model")
    dialect = "openai-chat"
    methods = ("json_schema", "function_calling", "json_mode")
    environment = ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_CUSTOM_HEADERS")
    endings = {"stop": {"finish_reason": "stop"}, "length": {"finish_reason": "length"}, "tool": {"finish_reason": "tool_calls"}}
