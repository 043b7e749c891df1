"""``openai:NAME``, at OpenAI or at any server that speaks its format."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from nephoscope.interfaces import CredentialsError
from nephoscope.models import Connection, Fault, FaultKind, FinishReason, JsonValue

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

OWN_URL = "https://api.openai.com/v1"
_OWN_HOST = re.compile(r"(.+\.)?api\.openai\.com")
_KEY = "OPENAI_API_KEY"
_NO_KEY = "none"
"""Sent where no key is given: a client without one refuses to start, and the environment's is for OpenAI alone."""
_OWN_FAMILIES = re.compile(r"(o\d|gpt-[5-9])")
"""Models that know only the newer name of the token limit, wherever they are served."""
_ENDS: Mapping[str, FinishReason] = {
    "stop": "stop",
    "completed": "stop",
    "tool_calls": "tool",
    "function_call": "tool",
    "length": "length",
    "max_output_tokens": "length",
    "content_filter": "blocked",
}
_CODES: Mapping[str, FaultKind] = {
    "context_length_exceeded": "context",
    "insufficient_quota": "auth",
    "invalid_api_key": "auth",
    "rate_limit_exceeded": "rate",
    "server_error": "transient",
    "model_not_found": "not_found",
}


class OpenAIBackend:
    """Chat completions; responses where the model needs them, or the parameter ``api`` is ``responses``."""

    @property
    def name(self) -> str:
        return "openai"

    @property
    def needs_key(self) -> bool:
        return True

    @property
    def local(self) -> bool:
        return False

    def chat_model(self, connection: Connection) -> BaseChatModel:
        """Raises ``CredentialsError`` where OpenAI itself is asked without a key."""
        from nephoscope_llm_openai.chat import Chat

        own = _own(connection.base_url)
        model = Chat(
            model=connection.model,
            base_url=connection.base_url or OWN_URL,
            api_key=_key(connection, own),
            timeout=connection.timeout,
            max_retries=0,
            stream_usage=True,
            cache=False,
            default_headers={} if own else _blanked(),
            **_parameters(connection, own),
        )
        newer = own or connection.parameters.get("token_limit") or _OWN_FAMILIES.match(connection.model.rpartition("/")[2])
        model.old_limit = not newer
        return model

    def finish(self, metadata: Mapping[str, Any]) -> FinishReason:
        """Chat completions say ``finish_reason``, responses ``status`` and why they are incomplete."""
        unfinished = (metadata.get("incomplete_details") or {}).get("reason") if metadata.get("status") == "incomplete" else None
        return _ENDS.get(unfinished or metadata.get("finish_reason") or metadata.get("status") or "", "other")

    def fault(self, error: BaseException) -> Fault | None:
        """What the status alone does not tell: a used-up quota is no rate, and errors inside a stream have no status.

        Those inside a stream of responses LangChain raises as a ``ValueError`` that begins with their code.
        """
        import openai

        code, colon, _ = str(error).partition(":")
        if type(error) is ValueError and colon and code in _CODES:
            return Fault(kind=_CODES[code], message=_told(str(error)))
        if not isinstance(error, openai.APIError):
            return None
        kind = _CODES.get(str(error.code)) or _CODES.get(str(error.type))
        if kind is None and type(error) is openai.APIError:
            kind = "transient"
        return Fault(kind=kind, message=_told(error.message)) if kind else None


def _own(base_url: str) -> bool:
    return not base_url or _OWN_HOST.fullmatch(urlsplit(base_url).hostname or "") is not None


def _key(connection: Connection, own: bool) -> Any:
    from pydantic import SecretStr

    if connection.key:
        return connection.key
    if own and not os.environ.get(_KEY):
        raise CredentialsError("There is no key for OpenAI.", f"set {_KEY}, or say where it is with --model-key env:NAME, file:PATH or keyring:NAME")
    return SecretStr(os.environ[_KEY] if own else _NO_KEY)


def _blanked() -> dict[str, str]:
    """Headers that the SDK would add from the environment, and that are nobody else's business."""
    custom = [line.partition(":")[0].strip() for line in os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines() if ":" in line]
    given = {"OPENAI_ORG_ID": "OpenAI-Organization", "OPENAI_ORGANIZATION": "OpenAI-Organization", "OPENAI_PROJECT_ID": "OpenAI-Project"}
    return dict.fromkeys([*custom, *(header for variable, header in given.items() if os.environ.get(variable))], "")


def _parameters(connection: Connection, own: bool) -> dict[str, Any]:
    """The model's own parameters by name; what LangChain does not know goes into the body as it is."""
    from nephoscope_llm_openai.chat import Chat

    given: dict[str, JsonValue] = dict(connection.parameters)
    api = given.pop("api", "auto" if own else "chat")
    given.pop("token_limit", None)
    known = {field.alias or name for name, field in Chat.model_fields.items()} | set(Chat.model_fields)
    body = {name: value for name, value in given.items() if name not in known}
    parameters: dict[str, Any] = {name: value for name, value in given.items() if name in known}
    if api != "auto":
        parameters["use_responses_api"] = api == "responses"
    if own:
        parameters.setdefault("store", False)
    return {**parameters, **({"extra_body": body} if body else {})}


def _told(message: str) -> str:
    return " ".join(message.split())[:400]
