"""Bedrock's Converse for the scripted model's server: JSON replies, and streams of event-stream frames."""

from __future__ import annotations

import json
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

from nephoscope.models import Usage
from nephoscope.testing.llm_server import Asked, Refusal, Said, Spoken, Trouble
from nephoscope.testing.llm_server.frames import pieces, text_of

_PATH = re.compile(r"/model/(?P<model>[^/]+)/converse(?P<stream>-stream)?")
_ENDS = {"stop": "end_turn", "length": "max_tokens", "tool": "tool_use", "blocked": "content_filtered"}
# kind: status, error type, message
_WORDS: Final = {
    "auth": (403, "UnrecognizedClientException", "The security token included in the request is invalid."),
    "forbidden": (403, "AccessDeniedException", "You don't have access to the model with the specified model ID."),
    "not_found": (404, "ResourceNotFoundException", "The model was not found."),
    "invalid": (400, "ValidationException", "The value of inferenceConfig.temperature is not supported by this model."),
    "context": (400, "ValidationException", "Input is too long for requested model."),
    "rate": (429, "ThrottlingException", "Too many requests, please wait before trying again."),
    "quota": (400, "ServiceQuotaExceededException", "Your request exceeds the service quota for your account."),
    "server": (500, "InternalServerException", "The system encountered an unexpected error during processing."),
    "overloaded": (503, "ServiceUnavailableException", "Bedrock is unable to process your request."),
}


class Converse:
    """``POST /model/ID/converse`` and ``converse-stream``."""

    name = "bedrock"
    prefix = ""
    media_type = "application/vnd.amazon.eventstream"

    def speaks(self, path: str) -> bool:
        return _PATH.fullmatch(path) is not None

    def key(self, headers: Mapping[str, str]) -> str:
        """The access key id that signed, or the bearer's key."""
        told = headers.get("authorization", "")
        signed = re.search(r"Credential=([^/]+)/", told)
        return signed[1] if signed else told.removeprefix("Bearer ").strip()

    def read(self, path: str, body: Mapping[str, Any]) -> Asked:
        match = _PATH.fullmatch(path)
        assert match is not None  # noqa: S101 - the server asks `speaks` first
        system = [Said(role="system", text=_text(body["system"]))] if body.get("system") else []
        said = (*system, *(Said(role=_role(message), text=_text(message["content"])) for message in body["messages"]))
        tools = body.get("toolConfig") or {}
        choice = tools.get("toolChoice") or {}
        shape = ((body.get("outputConfig") or {}).get("textFormat") or {}).get("structure") or {}
        prefix = _marked(body)
        return Asked(
            dialect=self.name,
            model=unquote(match["model"]),
            said=said,
            tools={tool["toolSpec"]["name"]: tool["toolSpec"]["inputSchema"]["json"] for tool in tools.get("tools") or () if "toolSpec" in tool},
            forced=choice["tool"]["name"] if "tool" in choice else "*" if "any" in choice else "",
            wanted=json.loads(shape["jsonSchema"]["schema"]) if shape else None,
            max_tokens=(body.get("inferenceConfig") or {}).get("maxTokens"),
            stream=match["stream"] is not None,
            prefix=prefix,
            prefix_marked=bool(prefix),
            body=body,
        )

    def document(self, asked: Asked, spoken: Spoken) -> Any:
        message = {"role": "assistant", "content": _blocks(spoken)}
        return {"output": {"message": message}, "stopReason": _ENDS[spoken.stop], "usage": _usage(spoken.usage), "metrics": {"latencyMs": 9}}

    def frames(self, asked: Asked, spoken: Spoken) -> Iterator[bytes]:
        yield _event("messageStart", {"role": "assistant"})
        arguments = iter(call.arguments for call in spoken.calls)
        for place, block in enumerate(_blocks(spoken)):
            where = {"contentBlockIndex": place}
            if "toolUse" in block:
                use = block["toolUse"]
                yield _event("contentBlockStart", {**where, "start": {"toolUse": {"toolUseId": use["toolUseId"], "name": use["name"]}}})
            for delta in _deltas(block, arguments):
                yield _event("contentBlockDelta", {**where, "delta": delta})
            yield _event("contentBlockStop", where)
        yield _event("messageStop", {"stopReason": _ENDS[spoken.stop]})
        yield _event("metadata", {"usage": _usage(spoken.usage), "metrics": {"latencyMs": 9}})

    def refuse(self, trouble: Trouble) -> Refusal:
        status, kind, message = _WORDS.get(trouble.kind, _WORDS["server"])
        return Refusal(status, {"message": trouble.message or message}, {"x-amzn-ErrorType": kind, "x-amzn-RequestId": "scripted"})

    def interrupt(self, trouble: Trouble) -> bytes:
        headers = {":exception-type": "throttlingException", ":content-type": "application/json", ":message-type": "exception"}
        return _frame(headers, {"message": trouble.message or "Too many tokens, please wait before trying again."})


def _text(content: Any) -> str:
    """Blocks without a type: the key of each is what it is."""
    return text_of(content, ("text", "content", "json", "toolResult", "toolUse", "input"))


def _role(message: Mapping[str, Any]) -> str:
    return "tool" if any("toolResult" in block for block in message["content"]) else str(message["role"])


def _marked(body: Mapping[str, Any]) -> str:
    """The prompt up to its last cache point, in the order the provider caches in."""
    parts = [*(body.get("toolConfig") or {}).get("tools", ()), *(body.get("system") or ())]
    parts += [block for message in body["messages"] for block in message["content"]]
    marks = [place for place, part in enumerate(parts) if "cachePoint" in part]
    return json.dumps(parts[: marks[-1]]) if marks else ""


def _blocks(spoken: Spoken) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if spoken.reasoning:
        blocks.append({"reasoningContent": {"reasoningText": {"text": spoken.reasoning, "signature": "c2lnbmVk"}}})
    if spoken.text:
        blocks.append({"text": spoken.text})
    return blocks + [{"toolUse": {"toolUseId": call.id, "name": call.name, "input": _parsed(call.arguments)}} for call in spoken.calls]


def _parsed(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return {}


def _deltas(block: Mapping[str, Any], arguments: Iterator[str]) -> Iterator[dict[str, Any]]:
    if "text" in block:
        yield from ({"text": piece} for piece in pieces(block["text"]))
    elif "toolUse" in block:
        yield from ({"toolUse": {"input": piece}} for piece in pieces(next(arguments)))
    else:
        told = block["reasoningContent"]["reasoningText"]
        yield from ({"reasoningContent": {"text": piece}} for piece in pieces(told["text"]))
        yield {"reasoningContent": {"signature": told["signature"]}}


def _event(kind: str, payload: Mapping[str, Any]) -> bytes:
    return _frame({":event-type": kind, ":content-type": "application/json", ":message-type": "event"}, payload)


def _frame(headers: Mapping[str, str], payload: Mapping[str, Any]) -> bytes:
    """Lengths, checksum, headers (name, type 7 for text, value), payload, checksum."""
    body = json.dumps(payload).encode()
    head = b"".join(
        struct.pack("!B", len(name)) + name.encode() + b"\x07" + struct.pack("!H", len(text)) + text.encode() for name, text in headers.items()
    )
    prelude = struct.pack("!II", 16 + len(head) + len(body), len(head))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + head + body
    return message + struct.pack("!I", zlib.crc32(message))


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "inputTokens": usage.input - usage.cache_read - usage.cache_write,
        "outputTokens": usage.output,
        "totalTokens": usage.input + usage.output,
        "cacheReadInputTokens": usage.cache_read,
        "cacheWriteInputTokens": usage.cache_write,
    }
