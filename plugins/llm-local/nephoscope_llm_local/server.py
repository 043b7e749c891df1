"""``local:NAME``: vLLM, llama.cpp, LM Studio and every other server of one's own that speaks OpenAI's chat completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nephoscope.models import Connection, Fault, FinishReason

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

OWN_URL = "http://127.0.0.1:8000/v1"
"""Where vLLM listens; llama.cpp takes 8080, LM Studio 1234."""
_NO_KEY = "none"
_ENDS: Mapping[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "tool_calls": "tool",
    "function_call": "tool",
    "length": "length",
    "content_filter": "blocked",
}


class LocalBackend:
    """Chat completions with what such servers expect: the older token limit, no key, unknown parameters in the body."""

    @property
    def name(self) -> str:
        return "local"

    @property
    def needs_key(self) -> bool:
        return False

    @property
    def local(self) -> bool:
        return True

    def chat_model(self, connection: Connection) -> BaseChatModel:
        from pydantic import SecretStr

        from nephoscope_llm_local.chat import LocalChat

        known = {field.alias or name for name, field in LocalChat.model_fields.items()} | set(LocalChat.model_fields)
        body = {name: value for name, value in connection.parameters.items() if name not in known and name != "token_limit"}
        return LocalChat(
            model=connection.model,
            base_url=connection.base_url or OWN_URL,
            api_key=connection.key or SecretStr(_NO_KEY),
            timeout=connection.timeout,
            max_retries=0,
            stream_usage=True,
            cache=False,
            use_responses_api=False,
            extra_body=body or None,
            newer_limit="token_limit" in connection.parameters,
            **{name: value for name, value in connection.parameters.items() if name in known},
        )

    def finish(self, metadata: Mapping[str, Any]) -> FinishReason:
        return _ENDS.get(metadata.get("finish_reason") or "", "other")

    def fault(self, error: BaseException) -> Fault | None:
        """An error inside a stream has no status; all others are read by theirs."""
        import openai

        if type(error) is not openai.APIError:
            return None
        return Fault(kind="transient", message=" ".join(error.message.split())[:400])
