"""The dialects there are: core's own, and those that packs bring."""

from __future__ import annotations

from importlib.metadata import entry_points

from nephoscope.testing.llm_server.anthropic import Anthropic
from nephoscope.testing.llm_server.exchange import Dialect
from nephoscope.testing.llm_server.ollama import Ollama
from nephoscope.testing.llm_server.openai_chat import OpenAIChat
from nephoscope.testing.llm_server.openai_responses import OpenAIResponses

GROUP = "nephoscope.llm_dialects"


def installed() -> tuple[Dialect, ...]:
    """One of each."""
    brought: list[Dialect] = [point.load()() for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)]
    return (OpenAIChat(), OpenAIResponses(), Anthropic(), Ollama(), *brought)
