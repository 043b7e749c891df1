"""The backend for Bedrock keeps the contract."""

from __future__ import annotations

from nephoscope.models import Connection
from nephoscope.testing.conformance import BackendSuite
from nephoscope_llm_bedrock.backend import BedrockBackend


class TestBedrock(BackendSuite):
    subject = BedrockBackend()
    connection = Connection(model="anthropic.claude-haiku-4-5-20251001-v1:0", base_url="http://127.0.0.1:9")
    dialect = "bedrock"
    methods = ("json_schema", "function_calling")
    environment = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK")
    endings = {
        "stop": {"stopReason": "end_turn"},
        "length": {"stopReason": "max_tokens"},
        "tool": {"stopReason": "tool_use"},
        "blocked": {"stopReason": "guardrail_intervened"},
    }
