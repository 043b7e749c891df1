"""LangChain's chat model for OpenAI's format, as servers of one's own speak it."""

from __future__ import annotations

import os
from typing import Any

import openai
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult
from langchain_openai import ChatOpenAI


class LocalChat(ChatOpenAI):
    """Sends the token limit by the name all of them know; a reply held to a schema and cut off is a reply, no exception."""

    newer_limit: bool = False

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"default_headers": _blanked(), **given})

    def _get_request_payload(self, input_: LanguageModelInput, *, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        payload: dict[str, Any] = super()._get_request_payload(input_, stop=stop, **kwargs)
        if "max_completion_tokens" in payload and not self.newer_limit:
            payload["max_tokens"] = payload.pop("max_completion_tokens")
        return payload

    def with_structured_output(self, schema: Any = None, **given: Any) -> Any:
        """A reply that is held to a schema is held to it strictly."""
        if given.get("method") == "json_schema":
            given = {"strict": True, **given}
        return super().with_structured_output(schema, **given)

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:
        try:
            return super()._generate(messages, stop=stop, run_manager=run_manager, **kwargs)
        except openai.LengthFinishReasonError as error:
            return self._create_chat_result(error.completion)


def _blanked() -> dict[str, str]:
    """Headers that the SDK would take from the environment; they are for OpenAI alone."""
    custom = [line.partition(":")[0].strip() for line in os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines() if ":" in line]
    return dict.fromkeys([*custom, "OpenAI-Organization", "OpenAI-Project"], "")
