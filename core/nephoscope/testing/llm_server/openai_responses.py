"""OpenAI's responses."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from nephoscope.models import Usage
from nephoscope.testing.llm_server.exchange import Asked, Refusal, Said, Spoken, Trouble
from nephoscope.testing.llm_server.frames import bearer, event, pieces, text_of
from nephoscope.testing.llm_server.openai_errors import error, refusal

_UNFINISHED = {"length": "max_output_tokens", "blocked": "content_filter"}


class OpenAIResponses:
    """``POST …/responses``."""

    name = "openai-responses"
    prefix = "/v1"
    media_type = "text/event-stream"

    def speaks(self, path: str) -> bool:
        return path.endswith("/responses")

    def key(self, headers: Mapping[str, str]) -> str:
        return bearer(headers)

    def read(self, path: str, body: Mapping[str, Any]) -> Asked:
        asked = body["input"]
        items = [{"role": "user", "content": asked}] if isinstance(asked, str) else asked
        said = tuple(_said(item) for item in items if item.get("type") != "reasoning")
        if body.get("instructions"):
            said = (Said(role="system", text=body["instructions"]), *said)
        choice = body.get("tool_choice")
        shape = (body.get("text") or {}).get("format") or {}
        return Asked(
            dialect=self.name,
            model=body["model"],
            said=said,
            tools={tool["name"]: tool.get("parameters", {}) for tool in body.get("tools") or () if tool["type"] == "function"},
            forced=choice["name"] if isinstance(choice, Mapping) else "*" if choice == "required" else "",
            wanted=shape["schema"] if shape.get("type") == "json_schema" else shape.get("type") == "json_object" or None,
            max_tokens=body.get("max_output_tokens"),
            stream=bool(body.get("stream")),
            prefix="\n".join(one.text for one in said[:-1]),
            body=body,
        )

    def document(self, asked: Asked, spoken: Spoken) -> Any:
        unfinished = _UNFINISHED.get(spoken.stop)
        return {
            "id": f"resp_{asked.number}",
            "object": "response",
            "created_at": 1767225600,
            "status": "incomplete" if unfinished else "completed",
            "incomplete_details": {"reason": unfinished} if unfinished else None,
            "error": None,
            "instructions": None,
            "max_output_tokens": asked.max_tokens,
            "model": asked.model,
            "output": _output(asked, spoken),
            "parallel_tool_calls": True,
            "temperature": 1.0,
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "metadata": {},
            "usage": _usage(spoken.usage),
        }

    def frames(self, asked: Asked, spoken: Spoken) -> Iterator[bytes]:
        numbers = itertools.count()

        def send(kind: str, **data: Any) -> bytes:
            return event({"type": kind, "sequence_number": next(numbers), **data}, kind)

        whole = self.document(asked, spoken)
        yield send("response.created", response={**whole, "status": "in_progress", "incomplete_details": None, "output": [], "usage": None})
        for place, item in enumerate(whole["output"]):
            where = {"item_id": item["id"], "output_index": place}
            yield send("response.output_item.added", output_index=place, item=_begun(item))
            for kind, data in _parts(item):
                yield send(kind, **where, **data)
            yield send("response.output_item.done", output_index=place, item=item)
        yield send("response.incomplete" if whole["incomplete_details"] else "response.completed", response=whole)

    def refuse(self, trouble: Trouble) -> Refusal:
        return refusal(trouble)

    def interrupt(self, trouble: Trouble) -> bytes:
        told = error(trouble)
        return event(
            {"type": "error", "code": told["code"] or told["type"], "message": told["message"], "param": None, "sequence_number": 99}, "error"
        )


def _said(item: Mapping[str, Any]) -> Said:
    if item.get("type") == "function_call":
        return Said(role="assistant", text=item["arguments"])
    if item.get("type") == "function_call_output":
        return Said(role="tool", text=text_of(item["output"]))
    role = item["role"]
    return Said(role="system" if role == "developer" else role, text=text_of(item["content"]))


def _output(asked: Asked, spoken: Spoken) -> list[dict[str, Any]]:
    status = "incomplete" if spoken.stop in _UNFINISHED else "completed"
    items: list[dict[str, Any]] = []
    if spoken.reasoning:
        summary = [{"type": "summary_text", "text": spoken.reasoning}]
        items.append({"type": "reasoning", "id": f"rs_{asked.number}", "summary": summary, "encrypted_content": "c2VhbGVk"})
    if spoken.text:
        content = [{"type": "output_text", "text": spoken.text, "annotations": []}]
        items.append({"type": "message", "id": f"msg_{asked.number}", "status": status, "role": "assistant", "content": content})
    for place, call in enumerate(spoken.calls):
        named = {"call_id": call.id, "name": call.name, "arguments": call.arguments, "status": status}
        items.append({"type": "function_call", "id": f"fc_{asked.number}_{place}", **named})
    return items


def _begun(item: Mapping[str, Any]) -> dict[str, Any]:
    nothing: dict[str, dict[str, Any]] = {"message": {"content": []}, "reasoning": {"summary": []}, "function_call": {"arguments": ""}}
    return {**item, **nothing[item["type"]], "status": "in_progress"}


def _parts(item: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    if item["type"] == "message":
        text, place = item["content"][0]["text"], {"content_index": 0}
        yield "response.content_part.added", {**place, "part": {"type": "output_text", "text": "", "annotations": []}}
        for piece in pieces(text):
            yield "response.output_text.delta", {**place, "delta": piece, "logprobs": []}
        yield "response.output_text.done", {**place, "text": text, "logprobs": []}
        yield "response.content_part.done", {**place, "part": item["content"][0]}
    elif item["type"] == "reasoning":
        text, place = item["summary"][0]["text"], {"summary_index": 0}
        yield "response.reasoning_summary_part.added", {**place, "part": {"type": "summary_text", "text": ""}}
        for piece in pieces(text):
            yield "response.reasoning_summary_text.delta", {**place, "delta": piece}
        yield "response.reasoning_summary_text.done", {**place, "text": text}
        yield "response.reasoning_summary_part.done", {**place, "part": item["summary"][0]}
    else:
        for piece in pieces(item["arguments"]):
            yield "response.function_call_arguments.delta", {"delta": piece}
        yield "response.function_call_arguments.done", {"arguments": item["arguments"], "name": item["name"]}


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.input,
        "input_tokens_details": {"cached_tokens": usage.cache_read},
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input + usage.output,
    }
