"""``ollama:NAME``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nephoscope.interfaces import UsageError
from nephoscope.models import Connection, Fault, FaultKind, FinishReason

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

OWN_URL = "http://127.0.0.1:11434"
"""Not what ``OLLAMA_HOST`` says: a run tells beforehand where its words go, and whether that is this machine."""
CONTEXT = 16_384
"""Ollama drops the beginning of longer prompts without a word, and its own default is shorter than a prompt of ours."""
_RENAMED = {"max_tokens": "num_predict"}
_ENDS: Mapping[str, FinishReason] = {"stop": "stop", "length": "length"}
_STATUS: Mapping[int, FaultKind] = {401: "auth", 402: "auth", 403: "auth", 404: "not_found", 429: "rate"}
_TOO_LONG = re.compile(r"context (length|size|window)|exceeds the (available )?context", re.IGNORECASE)


class OllamaBackend:
    """Ollama's own format."""

    @property
    def name(self) -> str:
        return "ollama"

    @property
    def needs_key(self) -> bool:
        return False

    @property
    def local(self) -> bool:
        return True

    def chat_model(self, connection: Connection) -> BaseChatModel:
        """Raises ``UsageError`` for a parameter that Ollama's client would silently leave out."""
        from langchain_ollama import ChatOllama

        parameters = {_RENAMED.get(name, name): value for name, value in connection.parameters.items()}
        unknown = sorted(set(parameters) - set(ChatOllama.model_fields))
        if unknown:
            raise UsageError(f"Ollama knows no parameter {', '.join(unknown)}.", "correct the model's parameters in models.yaml")
        # A header of its own keeps the client from sending the key in OLLAMA_API_KEY to whoever is asked.
        bearer = f"Bearer {connection.key.get_secret_value() if connection.key else 'none'}"
        model: BaseChatModel = _hushed()(
            model=connection.model,
            base_url=re.sub(r"/(v1|api)?/?$", "", connection.base_url) or OWN_URL,
            client_kwargs={"timeout": connection.timeout, "headers": {"authorization": bearer}},
            cache=False,
            **{"num_ctx": CONTEXT, **parameters},
        )
        return model

    def finish(self, metadata: Mapping[str, Any]) -> FinishReason:
        return _ENDS.get(metadata.get("done_reason") or "", "other")

    def fault(self, error: BaseException) -> Fault | None:
        """Ollama says most things in words and with status 500."""
        import ollama

        from nephoscope.llm.faults import retry_after

        if type(error) is ValueError and "No data received" in str(error):
            return Fault(kind="malformed", message=str(error))
        if not isinstance(error, ollama.ResponseError):
            return None
        message = " ".join(str(error.error).split())[:400]
        if _TOO_LONG.search(message):
            return Fault(kind="context", message=message)
        status = error.status_code
        kind = _STATUS.get(status) or ("transient" if status >= 500 or status < 400 else "invalid")
        hint = f"; fetch it with: ollama pull {name[1]}" if (name := re.search(r"model ['\"]?([^'\" ]+)['\"]? not found", message)) else ""
        # The client hides the HTTP error, whose headers say how long to wait, behind "from None".
        wait = retry_after(error.__context__) if error.__context__ else None
        return Fault(kind=kind, message=message + hint, retry_after=wait)


def _hushed() -> type[Any]:
    """The class with the client's headers, which hold the key, out of its repr."""
    from langchain_ollama import ChatOllama
    from pydantic import Field

    class Chat(ChatOllama):
        """As its parent."""

        client_kwargs: dict[str, Any] | None = Field(default_factory=dict, repr=False, exclude=True)

    return Chat
