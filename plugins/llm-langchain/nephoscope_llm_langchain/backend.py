"""``langchain:PROVIDER:NAME``: whatever LangChain's ``init_chat_model`` knows and its own package is installed for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nephoscope.interfaces import UsageError
from nephoscope.models import Connection, Fault, FaultKind, FinishReason

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_NO_KEY = "none"
_REASONS = ("finish_reason", "stop_reason", "done_reason", "stopReason", "status")
_ENDS: Mapping[str, FinishReason] = {
    **dict.fromkeys(("stop", "end_turn", "stop_sequence", "complete", "completed", "eos", "eos_token", "finished"), "stop"),
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens", "model_context_window_exceeded", "model_length", "token_limit"), "length"),
    **dict.fromkeys(("tool_calls", "function_call", "tool_use", "tool_call"), "tool"),
    **dict.fromkeys(("content_filter", "content_filtered", "refusal", "safety", "recitation", "blocklist", "prohibited_content", "spii"), "blocked"),
    **dict.fromkeys(("guardrail_intervened", "error_toxic", "image_safety"), "blocked"),
}
"""What providers call it, in lower case."""
_STATUS: Mapping[int, FaultKind] = {400: "invalid", 401: "auth", 403: "auth", 404: "not_found", 408: "transient", 422: "invalid", 429: "rate"}
_LIMITS = ("max_tokens", "max_output_tokens", "num_predict", "max_new_tokens", "max_completion_tokens")


class LangChainBackend:
    """The generic backend: knows no provider, and asks each class what it calls things."""

    @property
    def name(self) -> str:
        return "langchain"

    @property
    def needs_key(self) -> bool:
        return False

    @property
    def local(self) -> bool:
        return False

    def chat_model(self, connection: Connection) -> BaseChatModel:
        """Raises ``UsageError`` for a provider that LangChain does not know, whose package is missing, or that rejects what it was given."""
        from langchain.chat_models import init_chat_model
        from pydantic import ValidationError

        provider, _, name = connection.model.partition(":")
        if not name:
            raise UsageError(f"langchain:{connection.model} names no model.", "write langchain:PROVIDER:NAME, such as langchain:google_genai:NAME")
        fields = _fields(provider)
        try:
            model: BaseChatModel = init_chat_model(name, model_provider=provider, **_given(connection, fields))
        except (ValidationError, TypeError, ValueError) as error:
            raise UsageError(
                f"LangChain makes no model of langchain:{connection.model}: {_told(error)}.", "check its name, key and parameters"
            ) from None
        return model

    def finish(self, metadata: Mapping[str, Any]) -> FinishReason:
        """Length wins: a reply that was cut off may say other things besides."""
        details = metadata.get("incomplete_details")
        told = [*([details.get("reason")] if isinstance(details, Mapping) else []), *(metadata.get(key) for key in _REASONS)]
        ends = [_ENDS.get(str(one).rpartition(".")[2].lower()) for one in told if one]
        known = [end for end in ends if end]
        return "length" if "length" in known else "blocked" if "blocked" in known else known[0] if known else "other"

    def fault(self, error: BaseException) -> Fault | None:
        """Errors that call their HTTP status ``code``, and those that have none because they came inside a stream. Core reads all others."""
        status = getattr(error, "status_code", None)
        if (isinstance(status, int) and status < 400) or (status is None and type(error).__name__ == "APIError"):
            return Fault(kind="transient", message=_told(error))
        if type(error) is ValueError and "No data received" in str(error):
            return Fault(kind="malformed", message=_told(error))
        code = getattr(error, "code", None)
        code = getattr(code, "value", code)
        if status is not None or not isinstance(code, int) or not 400 <= code < 600:
            return None
        return Fault(kind=_STATUS.get(code, "transient" if code >= 500 else "invalid"), message=_told(error))


class _Hidden(str):
    """A header that the model's repr does not show."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def _fields(provider: str) -> Mapping[str, str]:
    """Every name that the provider's class knows a parameter by, and the one to give it. Raises ``UsageError``."""
    from langchain.chat_models import base

    try:
        made = base._get_chat_model_creator(provider).keywords["cls"]  # type: ignore[attr-defined]
    except ImportError as error:
        package = (error.name or str(error)).replace("_", "-").partition(".")[0]
        raise UsageError(f"LangChain's package for {provider} is not installed.", f"pip install {package}") from None
    except ValueError:
        known = ", ".join(sorted(base._BUILTIN_PROVIDERS))
        raise UsageError(f"LangChain knows no provider {provider!r}.", f"it knows {known}") from None
    fields: dict[str, str] = {}
    for name, field in made.model_fields.items():
        fields |= {name: name} | ({field.alias: field.alias} if field.alias else {})
    return fields


def _given(connection: Connection, fields: Mapping[str, str]) -> dict[str, Any]:
    """The connection in the provider's words. What its class does not know is left to the class, which says so or takes it."""
    given: dict[str, Any] = dict(connection.parameters)
    if "max_tokens" in given and (limit := _first(_LIMITS, fields)):
        given[limit] = given.pop("max_tokens")
    given |= {name: 0 for name in ("max_retries",) if name in fields}
    given |= {name: value for name, value in (("cache", False), ("stream_usage", True)) if name in fields}
    if clock := _first(("timeout", "request_timeout", "default_request_timeout"), fields):
        given[clock] = round(connection.timeout) or 1
    elif "client_kwargs" in fields:
        bearer = _Hidden(f"Bearer {connection.key.get_secret_value() if connection.key else _NO_KEY}")
        given["client_kwargs"] = {"timeout": connection.timeout, "headers": {"authorization": bearer}}
    if connection.base_url:
        given[_address(connection, fields)] = connection.base_url
    key = _first(("api_key", "google_api_key"), fields)
    if key and (connection.key or connection.base_url):
        given[key] = connection.key or _NO_KEY
    return given


def _address(connection: Connection, fields: Mapping[str, str]) -> str:
    """Where its class takes an address. One that takes none would ask its provider instead."""
    address = _first(("base_url", "endpoint_url", "api_base", "azure_endpoint", "inference_server_url"), fields)
    if address is None:
        raise UsageError(f"langchain:{connection.model} cannot be asked at another address.", "leave --model-base-url out")
    return address


def _first(names: Iterable[str], fields: Mapping[str, str]) -> str | None:
    return next((fields[name] for name in names if name in fields), None)


def _told(error: BaseException) -> str:
    """One line, without what was given: that may be a key."""
    if hasattr(error, "errors"):
        return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_url=False, include_input=False))[:400]
    return " ".join(str(error).split())[:400]
