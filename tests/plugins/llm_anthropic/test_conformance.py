"""The backend for Anthropic keeps the contract."""

from __future__ import annotations

from nephoscope.models import Connection
from nephoscope.testing.conformance import BackendSuite
from nephoscope_llm_anthropic.backend import AnthropicBackend


class TestAnthropic(BackendSuite):
    subject = AnthropicBackend()
    connection = Connection(model="claude-haiku-4-5")
    dialect = "anthropic"
    methods = ("json_schema", "function_calling")
    environment = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS")
    endings = {
        "stop": {"stop_reason": "end_turn"},
        "length": {"stop_reason": "max_tokens"},
        "tool": {"stop_reason": "tool_use"},
        "blocked": {"stop_reason": "refusal"},
    }
