"""``anthropic:NAME``, at Anthropic or at any server that speaks its messages."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nephoscope.interfaces import CredentialsError
from nephoscope.models import Connection, Fault, FaultKind, FinishReason

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

OWN_URL = "https://api.anthropic.com"
_OWN_HOST = re.compile(r"(.+\.)?api\.anthropic\.com")
_KEY = "ANTHROPIC_API_KEY"
_NO_KEY = "none"
"""Sent where no key is given: without one the SDK looks for others, and the environment's is for Anthropic alone."""
_ENDS: Mapping[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool",
    "refusal": "blocked",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
}
_TYPES: Mapping[str, FaultKind] = {
    "authentication_error": "auth",
    "permission_error": "auth",
    "billing_error": "auth",
    "not_found_error": "not_found",
    "rate_limit_error": "rate",
    "request_too_large": "context",
    "overloaded_error": "transient",
    "api_error": "transient",
    "timeout_error": "transient",
}


class AnthropicBackend:
    """Messages."""

    @property
    def name(self) -> str:
        return "anthropic"

    @property
    def needs_key(self) -> bool:
        return True

    @property
    def local(self) -> bool:
        return False

    def chat_model(self, connection: Connection) -> BaseChatModel:
        """Raises ``CredentialsError`` where Anthropic itself is asked without a key."""
        from langchain_anthropic import ChatAnthropic

        own = not connection.base_url or _OWN_HOST.fullmatch(urlsplit(connection.base_url).hostname or "") is not None
        return ChatAnthropic(
            model_name=connection.model,
            base_url=re.sub(r"/v1/?$", "", connection.base_url) or OWN_URL,
            api_key=_key(connection, own),
            timeout=connection.timeout,
            max_retries=0,
            stream_usage=True,
            cache=False,
            default_headers=None if own else _blanked(),
            **_parameters(connection),
        )

    def finish(self, metadata: Mapping[str, Any]) -> FinishReason:
        return _ENDS.get(metadata.get("stop_reason") or "", "other")

    def fault(self, error: BaseException) -> Fault | None:
        """By the error's own type: inside a stream it comes with status 200, and an empty purse comes as a bad request."""
        import anthropic

        if not isinstance(error, anthropic.APIStatusError):
            return None
        told = error.body.get("error") if isinstance(error.body, dict) else None
        told = told if isinstance(told, dict) else {}
        message = " ".join(str(told.get("message") or error.message).split())[:400]
        kind = _TYPES.get(str(told.get("type")))
        if "credit balance" in message.lower():
            kind = "auth"
        return Fault(kind=kind, message=message) if kind else None


def _key(connection: Connection, own: bool) -> Any:
    from pydantic import SecretStr

    if connection.key:
        return connection.key
    if own and not os.environ.get(_KEY):
        raise CredentialsError(
            "There is no key for Anthropic.", f"set {_KEY}, or say where it is with --model-key env:NAME, file:PATH or keyring:NAME"
        )
    return SecretStr(os.environ[_KEY] if own else _NO_KEY)


def _blanked() -> dict[str, str]:
    """Headers that the SDK would add from the environment, and that are nobody else's business."""
    lines = os.environ.get("ANTHROPIC_CUSTOM_HEADERS", "").splitlines()
    return {line.partition(":")[0].strip(): "" for line in lines if ":" in line}


def _parameters(connection: Connection) -> dict[str, Any]:
    """The model's own parameters by name; what LangChain does not know goes into the body as it is."""
    from langchain_anthropic import ChatAnthropic

    known = {field.alias or name for name, field in ChatAnthropic.model_fields.items()} | set(ChatAnthropic.model_fields)
    other = {name: value for name, value in connection.parameters.items() if name not in known}
    parameters = {name: value for name, value in connection.parameters.items() if name in known}
    return {**parameters, **({"model_kwargs": other} if other else {})}
