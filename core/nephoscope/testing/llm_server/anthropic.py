"""Anthropic's messages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from nephoscope.models import Usage
from nephoscope.testing.llm_server.exchange import Asked, Refusal, Said, Spoken, Trouble
from nephoscope.testing.llm_server.frames import bearer, event, pieces, text_of

_ENDS = {"stop": "end_turn", "length": "max_tokens", "tool": "tool_use", "blocked": "refusal"}
# kind: status, type, message
_WORDS: Final = {
    "auth": (401, "authentication_error", "invalid x-api-key"),
    "forbidden": (403, "permission_error", "Your API key does not have permission to use the specified resource."),
    "not_found": (404, "not_found_error", "model: this one"),
    "invalid": (400, "invalid_request_error", "temperature: not supported by this model"),
    "context": (400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum"),
    "rate": (429, "rate_limit_error", "This request would exceed your organization's rate limit of 50 requests per minute."),
    "quota": (400, "invalid_request_error", "Your credit balance is too low to access the API. Please go to Plans & Billing to upgrade."),
    "server": (500, "api_error", "Internal server error"),
    "overloaded": (529, "overloaded_error", "Overloaded"),
}


class Anthropic:
    """``POST …/v1/messages``."""

    name = "anthropic"
    prefix = ""
    media_type = "text/event-stream"

    def speaks(self, path: str) -> bool:
        return path.endswith("/v1/messages")

    def key(self, headers: Mapping[str, str]) -> str:
        return headers.get("x-api-key", "") or bearer(headers)

    def read(self, path: str, body: Mapping[str, Any]) -> Asked:
        system = body.get("system")
        said = tuple(Said(role=_role(message), text=text_of(message["content"])) for message in body["messages"])
        choice = body.get("tool_choice") or {}
        shape = (body.get("output_config") or {}).get("format") or body.get("output_format") or {}
        prefix = _marked(body)
        return Asked(
            dialect=self.name,
            model=body["model"],
            said=(Said(role="system", text=text_of(system)), *said) if system else said,
            tools={tool["name"]: tool.get("input_schema", {}) for tool in body.get("tools") or ()},
            forced={"tool": choice.get("name", ""), "any": "*"}.get(choice.get("type", ""), ""),
            wanted=shape.get("schema"),
            max_tokens=body["max_tokens"],
            stream=bool(body.get("stream")),
            prefix=prefix,
            prefix_marked=bool(prefix),
            body=body,
        )

    def document(self, asked: Asked, spoken: Spoken) -> Any:
        return {
            "id": f"msg_{asked.number}",
            "type": "message",
            "role": "assistant",
            "model": asked.model,
            "content": _blocks(spoken),
            "stop_reason": _ENDS[spoken.stop],
            "stop_sequence": None,
            "usage": _usage(spoken.usage),
        }

    def frames(self, asked: Asked, spoken: Spoken) -> Iterator[bytes]:
        def send(kind: str, **data: Any) -> bytes:
            return event({"type": kind, **data}, kind)

        whole = self.document(asked, spoken)
        yield send("message_start", message={**whole, "content": [], "stop_reason": None, "usage": {**whole["usage"], "output_tokens": 1}})
        yield send("ping")
        arguments = iter(call.arguments for call in spoken.calls)
        for place, block in enumerate(whole["content"]):
            yield send("content_block_start", index=place, content_block=_empty(block))
            for delta in _deltas(block, arguments):
                yield send("content_block_delta", index=place, delta=delta)
            yield send("content_block_stop", index=place)
        yield send("message_delta", delta={"stop_reason": whole["stop_reason"], "stop_sequence": None}, usage=whole["usage"])
        yield send("message_stop")

    def refuse(self, trouble: Trouble) -> Refusal:
        return Refusal(_WORDS.get(trouble.kind, _WORDS["server"])[0], _error(trouble), {"request-id": "req_scripted"})

    def interrupt(self, trouble: Trouble) -> bytes:
        return event(_error(Trouble(kind="overloaded", message=trouble.message)), "error")


def _role(message: Mapping[str, Any]) -> str:
    content = message["content"]
    results = isinstance(content, list) and any(isinstance(part, Mapping) and part.get("type") == "tool_result" for part in content)
    return "tool" if results else str(message["role"])


def _marked(body: Mapping[str, Any]) -> str:
    """The prompt up to its last ``cache_control``, in the order the provider caches in: tools, system, messages."""
    parts: list[Any] = [*(body.get("tools") or ())]
    system = body.get("system") or []
    parts += [{"text": system}] if isinstance(system, str) else system
    for message in body["messages"]:
        parts += [{"text": message["content"]}] if isinstance(message["content"], str) else message["content"]
    if body.get("cache_control"):
        return json.dumps(parts)
    marks = [place for place, part in enumerate(parts) if isinstance(part, Mapping) and part.get("cache_control")]
    return json.dumps(parts[: marks[-1] + 1]) if marks else ""


def _blocks(spoken: Spoken) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if spoken.reasoning:
        blocks.append({"type": "thinking", "thinking": spoken.reasoning, "signature": "c2lnbmVk"})
    if spoken.text:
        blocks.append({"type": "text", "text": spoken.text, "citations": None})
    return blocks + [{"type": "tool_use", "id": call.id, "name": call.name, "input": _parsed(call.arguments)} for call in spoken.calls]


def _parsed(arguments: str) -> Any:
    """What the provider makes of arguments that were cut off: nothing."""
    try:
        return json.loads(arguments)
    except ValueError:
        return {}


def _empty(block: Mapping[str, Any]) -> dict[str, Any]:
    nothing: dict[str, dict[str, Any]] = {"text": {"text": ""}, "thinking": {"thinking": "", "signature": ""}, "tool_use": {"input": {}}}
    return {**block, **nothing[block["type"]]}


def _deltas(block: Mapping[str, Any], arguments: Iterator[str]) -> Iterator[dict[str, Any]]:
    if block["type"] == "text":
        yield from ({"type": "text_delta", "text": piece} for piece in pieces(block["text"]))
    elif block["type"] == "thinking":
        yield from ({"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"]))
        yield {"type": "signature_delta", "signature": block["signature"]}
    else:
        yield from ({"type": "input_json_delta", "partial_json": piece} for piece in pieces(next(arguments)))


def _error(trouble: Trouble) -> dict[str, Any]:
    _, kind, message = _WORDS.get(trouble.kind, _WORDS["server"])
    return {"type": "error", "error": {"type": kind, "message": trouble.message or message}, "request_id": "req_scripted"}


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.input - usage.cache_read - usage.cache_write,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.output,
        "service_tier": "standard",
    }
