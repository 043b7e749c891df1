"""The backend for OpenAI keeps the contract, by both of its interfaces."""

from __future__ import annotations

from nephoscope.models import Connection
from nephoscope.testing.conformance import BackendSuite
from nephoscope_llm_openai.backend import OpenAIBackend

ENVIRONMENT = ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_ORGANIZATION", "OPENAI_PROJECT_ID", "OPENAI_CUSTOM_HEADERS")


class TestChat(BackendSuite):
    subject = OpenAIBackend()
    connection = Connection(model="m")
    dialect = "openai-chat"
    methods = ("json_schema", "function_calling", "json_mode")
    environment = ENVIRONMENT
    endings = {
        "stop": {"finish_reason": "stop"},
        "length": {"finish_reason": "length"},
        "tool": {"finish_reason": "tool_calls"},
        "blocked": {"finish_reason": "content_filter"},
    }


class TestResponses(BackendSuite):
    subject = OpenAIBackend()
    connection = Connection(model="m", parameters={"api": "responses"})
    dialect = "openai-responses"
    methods = ("json_schema", "function_calling")
    environment = ENVIRONMENT
    endings = {
        "stop": {"status": "completed"},
        "length": {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
        "blocked": {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
    }
