"""How OpenAI's interfaces say that something failed; both of them alike."""

from __future__ import annotations

from typing import Any, Final

from nephoscope.testing.llm_server.exchange import Refusal, Trouble

# kind: status, type, code, message
_WORDS: Final = {
    "auth": (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    "forbidden": (403, "invalid_request_error", "unsupported_country_region_territory", "Country, region, or territory not supported"),
    "not_found": (404, "invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."),
    "invalid": (400, "invalid_request_error", "invalid_value", "Unsupported value."),
    "context": (
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens. Please reduce their length.",
    ),
    "rate": (429, "tokens", "rate_limit_exceeded", "Rate limit reached for requests per minute. Please slow down."),
    "quota": (429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota, please check your plan and billing details."),
    "server": (500, "server_error", None, "The server had an error while processing your request. Sorry about that!"),
    "overloaded": (503, "server_error", None, "The engine is currently overloaded, please try again later."),
}


def error(trouble: Trouble) -> dict[str, Any]:
    """The error object; what has no words of its own is the server's fault."""
    _, kind, code, message = _WORDS.get(trouble.kind, _WORDS["server"])
    return {"message": trouble.message or message, "type": kind, "param": None, "code": code}


def refusal(trouble: Trouble) -> Refusal:
    """The error as an HTTP reply."""
    status = _WORDS.get(trouble.kind, _WORDS["server"])[0]
    return Refusal(status, {"error": error(trouble)}, {"x-request-id": "req_scripted"})
