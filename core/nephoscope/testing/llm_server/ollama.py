"""Ollama's chat."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from nephoscope.testing.llm_server.exchange import Asked, Refusal, Said, Spoken, Trouble
from nephoscope.testing.llm_server.frames import bearer, pieces, text_of

_ENDS = {"stop": "stop", "length": "length", "tool": "stop", "blocked": "stop"}
_WORDS: Final = {
    "auth": (401, "unauthorized"),
    "forbidden": (403, "forbidden"),
    "not_found": (404, "model 'this one' not found"),
    "invalid": (400, "invalid option provided"),
    "context": (400, "the input length exceeds the context length"),
    "rate": (429, "too many requests"),
    "quota": (402, "you have reached your usage limit, please upgrade to continue"),
    "server": (500, "llama runner process has terminated: exit status 2"),
    "overloaded": (503, "server busy, please try again.  maximum pending requests exceeded"),
}


class Ollama:
    """``POST /api/chat``. Streams unless told otherwise."""

    name = "ollama"
    prefix = ""
    media_type = "application/x-ndjson"

    def speaks(self, path: str) -> bool:
        return path == "/api/chat"

    def key(self, headers: Mapping[str, str]) -> str:
        return bearer(headers)

    def read(self, path: str, body: Mapping[str, Any]) -> Asked:
        shape = body.get("format")
        limit = (body.get("options") or {}).get("num_predict")
        return Asked(
            dialect=self.name,
            model=body["model"],
            said=tuple(_said(message) for message in body["messages"]),
            tools={tool["function"]["name"]: tool["function"].get("parameters", {}) for tool in body.get("tools") or ()},
            wanted=dict(shape) if isinstance(shape, Mapping) else shape == "json" or None,
            max_tokens=limit if limit and limit > 0 else None,
            stream=body.get("stream", True),
            body=body,
        )

    def document(self, asked: Asked, spoken: Spoken) -> Any:
        message: dict[str, Any] = {"role": "assistant", "content": spoken.text}
        if spoken.reasoning:
            message["thinking"] = spoken.reasoning
        if spoken.calls:
            message["tool_calls"] = _calls(spoken)
        return {**_head(asked), "message": message, **_end(spoken)}

    def frames(self, asked: Asked, spoken: Spoken) -> Iterator[bytes]:
        def line(message: Mapping[str, Any], **more: Any) -> bytes:
            return json.dumps({**_head(asked), "message": {"role": "assistant", "content": "", **message}, "done": False, **more}).encode() + b"\n"

        for piece in pieces(spoken.reasoning):
            yield line({"thinking": piece})
        for piece in pieces(spoken.text):
            yield line({"content": piece})
        if spoken.calls:
            yield line({"tool_calls": _calls(spoken)})
        yield line({}, **_end(spoken))

    def refuse(self, trouble: Trouble) -> Refusal:
        status, message = _WORDS.get(trouble.kind, _WORDS["server"])
        return Refusal(status, {"error": trouble.message or message}, {})

    def interrupt(self, trouble: Trouble) -> bytes:
        return json.dumps({"error": trouble.message or _WORDS["server"][1]}).encode() + b"\n"


def _said(message: Mapping[str, Any]) -> Said:
    text = text_of(message.get("content"))
    calls = [json.dumps(call["function"]["arguments"]) for call in message.get("tool_calls") or ()]
    return Said(role=message["role"], text="\n".join([text, *calls] if text else calls))


def _head(asked: Asked) -> dict[str, Any]:
    return {"model": asked.model, "created_at": "2026-01-01T00:00:00Z"}


def _calls(spoken: Spoken) -> list[dict[str, Any]]:
    """Whole calls only: what was cut off inside one, this server does not show."""
    calls = []
    for call in spoken.calls:
        try:
            calls.append({"function": {"name": call.name, "arguments": json.loads(call.arguments)}})
        except ValueError:
            continue
    return calls


def _end(spoken: Spoken) -> dict[str, Any]:
    times = dict.fromkeys(("total_duration", "load_duration", "prompt_eval_duration", "eval_duration"), 1_000_000)
    counts = {"prompt_eval_count": spoken.usage.input, "eval_count": spoken.usage.output}
    return {"done": True, "done_reason": _ENDS[spoken.stop], **times, **counts}
