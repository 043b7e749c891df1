"""OpenAI's chat completions, which most other servers speak too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nephoscope.models import Usage
from nephoscope.testing.llm_server.exchange import Asked, Refusal, Said, Spoken, Trouble
from nephoscope.testing.llm_server.frames import bearer, event, pieces, text_of
from nephoscope.testing.llm_server.openai_errors import error, refusal

_ENDS = {"stop": "stop", "length": "length", "tool": "tool_calls", "blocked": "content_filter"}
_ROLES = {"developer": "system", "function": "tool"}


class OpenAIChat:
    """``POST …/chat/completions``."""

    name = "openai-chat"
    prefix = "/v1"
    media_type = "text/event-stream"

    def speaks(self, path: str) -> bool:
        return path.endswith("/chat/completions")

    def key(self, headers: Mapping[str, str]) -> str:
        return bearer(headers)

    def read(self, path: str, body: Mapping[str, Any]) -> Asked:
        said = tuple(_said(message) for message in body["messages"])
        choice = body.get("tool_choice")
        forced = choice["function"]["name"] if isinstance(choice, Mapping) else "*" if choice in ("required", "any") else ""
        shape = body.get("response_format") or {}
        return Asked(
            dialect=self.name,
            model=body["model"],
            said=said,
            tools={tool["function"]["name"]: tool["function"].get("parameters", {}) for tool in body.get("tools") or ()},
            forced=forced,
            wanted=shape["json_schema"]["schema"] if shape.get("type") == "json_schema" else shape.get("type") == "json_object" or None,
            max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
            stream=bool(body.get("stream")),
            prefix="\n".join(one.text for one in said[:-1]),
            body=body,
        )

    def document(self, asked: Asked, spoken: Spoken) -> Any:
        message: dict[str, Any] = {"role": "assistant", "content": spoken.text or None, "refusal": None}
        if spoken.calls:
            message["tool_calls"] = _calls(spoken)
        if spoken.reasoning:
            message["reasoning_content"] = spoken.reasoning
        choice = {"index": 0, "message": message, "finish_reason": _ENDS[spoken.stop], "logprobs": None}
        return {**_head(asked), "object": "chat.completion", "choices": [choice], "usage": _usage(spoken.usage)}

    def frames(self, asked: Asked, spoken: Spoken) -> Iterator[bytes]:
        def chunk(choices: list[dict[str, Any]], **more: Any) -> bytes:
            return event({**_head(asked), "object": "chat.completion.chunk", "choices": choices, **more})

        def delta(part: Mapping[str, Any], end: str | None = None) -> bytes:
            return chunk([{"index": 0, "delta": part, "finish_reason": end, "logprobs": None}])

        yield delta({"role": "assistant", "content": ""})
        for piece in pieces(spoken.reasoning):
            yield delta({"reasoning_content": piece})
        for piece in pieces(spoken.text):
            yield delta({"content": piece})
        for place, call in enumerate(_calls(spoken)):
            yield delta({"tool_calls": [{"index": place, **call, "function": {**call["function"], "arguments": ""}}]})
            for piece in pieces(call["function"]["arguments"]):
                yield delta({"tool_calls": [{"index": place, "function": {"arguments": piece}}]})
        yield delta({}, _ENDS[spoken.stop])
        if (asked.body.get("stream_options") or {}).get("include_usage"):  # type: ignore[union-attr]
            yield chunk([], usage=_usage(spoken.usage))
        yield b"data: [DONE]\n\n"

    def refuse(self, trouble: Trouble) -> Refusal:
        return refusal(trouble)

    def interrupt(self, trouble: Trouble) -> bytes:
        return event({"error": error(trouble)})


def _said(message: Mapping[str, Any]) -> Said:
    text = text_of(message.get("content"))
    calls = [call["function"]["arguments"] for call in message.get("tool_calls") or ()]
    return Said(role=_ROLES.get(message["role"], message["role"]), text="\n".join([text, *calls] if text else calls))


def _head(asked: Asked) -> dict[str, Any]:
    return {"id": f"chatcmpl-{asked.number}", "created": 1767225600, "model": asked.model, "system_fingerprint": "fp_scripted"}


def _calls(spoken: Spoken) -> list[dict[str, Any]]:
    return [{"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}} for call in spoken.calls]


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning, "audio_tokens": 0},
    }
