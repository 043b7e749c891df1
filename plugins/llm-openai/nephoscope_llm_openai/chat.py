"""LangChain's chat model for OpenAI, mended where it loses a reply."""

from __future__ import annotations

from typing import Any

import openai
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_openai import ChatOpenAI


class Chat(ChatOpenAI):
    """A reply held to a schema that is cut off or blocked is a reply, no exception: how it ended is told like any other's.

    ``old_limit``: the server may know the token limit by its older name only, and would ignore the newer.
    """

    old_limit: bool = False

    @property
    def _llm_type(self) -> str:
        return "openai-chat"

    def _get_request_payload(self, input_: LanguageModelInput, *, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        payload: dict[str, Any] = super()._get_request_payload(input_, stop=stop, **kwargs)
        if self.old_limit and "max_completion_tokens" in payload:
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
        except openai.ContentFilterFinishReasonError:
            blocked = AIMessage(content="", response_metadata={"finish_reason": "content_filter", "model_name": self.model_name})
            return ChatResult(generations=[ChatGeneration(message=blocked)])
