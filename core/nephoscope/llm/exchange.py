"""One request, one reply, through a backend's chat model. LangChain is imported here only."""

from __future__ import annotations

import contextvars
import json
import queue
import re
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from nephoscope.interfaces import LLMBackend
from nephoscope.llm.card import CacheMark
from nephoscope.llm.request import Reply, Request, Turn
from nephoscope.models import Connection, JsonValue, Usage

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, BaseMessage

CHARACTERS_PER_TOKEN = 3.5
"""For estimates, on the dear side."""
_METHODS = {"json_schema": "json_schema", "tool": "function_calling", "json_mode": "json_mode"}
_THOUGHT = "(?:think|thinking|thought|reasoning)"
_THOUGHTS = re.compile(rf"\A\s*<{_THOUGHT}>.*?</{_THOUGHT}>\s*|\A(?:(?!<{_THOUGHT}>).)*</{_THOUGHT}>\s*", re.DOTALL)
"""Thoughts before the answer; some servers keep back the mark that opens them."""
_THINKING = re.compile(rf"\A\s*<{_THOUGHT}>.*\Z", re.DOTALL)
"""Nothing but thoughts, not at their end."""


class Exchange:
    """Makes a backend's chat models and speaks to them. Holds one model per set of parameters."""

    def __init__(self, backend: LLMBackend, base_url: str = "", key: SecretStr | None = None, cache: CacheMark | None = None) -> None:
        self._backend = backend
        self._base_url = base_url
        self._key = key
        self._cache = cache
        self._models: dict[str, BaseChatModel] = {}

    def prepare(self, name: str, parameters: Mapping[str, JsonValue], seconds: float) -> BaseChatModel:
        """The chat model of that name. Raises what the backend raises, such as for a missing key."""
        key = json.dumps([name, dict(parameters), round(seconds)], sort_keys=True)
        if key not in self._models:
            connection = Connection(model=name, base_url=self._base_url, key=self._key, parameters=parameters, timeout=seconds)
            self._models[key] = self._backend.chat_model(connection)
        return self._models[key]

    def send(self, request: Request, cap: int, seconds: float) -> Reply:
        """Ask for at most ``cap`` tokens, and wait at most that long whatever dribbles in. Raises what the SDK raises, and ``TimeoutError``."""
        model = self.prepare(request.model.partition(":")[2], {**request.parameters, "max_tokens": cap}, seconds)
        messages = _messages(request.turns, self._cache)
        runnable = _shaped(model, request)
        answers: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()

        def ask() -> None:
            from langsmith import tracing_context

            try:
                with tracing_context(enabled=False):  # whatever variables of the shell say: nothing is sent anywhere else
                    answers.put((runnable.invoke(messages), None))
            except BaseException as error:
                answers.put((None, error))

        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(ask,), name="model-request", daemon=True).start()
        try:
            answer, error = answers.get(timeout=seconds + 5)
        except queue.Empty:
            raise TimeoutError(f"no reply within {seconds:.0f} s") from None
        if error is not None:
            raise error
        return self._read(answer["raw"] if isinstance(answer, dict) else answer, request)

    def _read(self, message: AIMessage, request: Request) -> Reply:
        text = _text(message)
        finish = self._backend.finish(message.response_metadata)
        if finish == "stop" and message.tool_calls:
            finish = "tool"
        if finish == "stop" and not text and message.additional_kwargs.get("refusal"):
            finish = "blocked"
        usage = _usage(message)
        counted = usage if usage.input or usage.output else estimate(request, text)
        return Reply(text=text, finish=finish, usage=counted, estimated=counted is not usage)


def estimate(request: Request, text: str = "") -> Usage:
    """Tokens by the number of characters, where nobody counted."""
    return Usage(input=tokens(request.characters), output=tokens(len(text)))


def tokens(characters: int) -> int:
    """About as many tokens as so many characters are."""
    return int(characters / CHARACTERS_PER_TOKEN) + 1


def _shaped(model: BaseChatModel, request: Request) -> Any:
    if request.way == "text" or request.schema_ is None:
        return model
    return model.with_structured_output(dict(request.schema_), method=_METHODS[request.way], include_raw=True)


def _messages(turns: Sequence[Turn], cache: CacheMark | None) -> list[BaseMessage]:
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    kinds = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
    last_system = max((number for number, turn in enumerate(turns) if turn.role == "system"), default=None)
    return [kinds[turn.role](content=_content(turn, cache if number == last_system else None)) for number, turn in enumerate(turns)]


def _content(turn: Turn, cache: CacheMark | None) -> str | list[str | dict[Any, Any]]:
    """What comes first and stays the same is worth caching: the system message."""
    if cache is None:
        return turn.text
    block: dict[Any, Any] = {"type": "text", "text": turn.text, **cache.on}
    return [block, dict(cache.after)] if cache.after else [block]


def _text(message: AIMessage) -> str:
    """The answer's words, without a reasoning preamble; of a tool call its arguments, whole or cut off."""
    said = [call["args"] for call in message.tool_calls]
    if any(said):
        return json.dumps(next(filter(None, said)), ensure_ascii=False)
    for broken in message.invalid_tool_calls:
        return str(broken.get("args") or "")
    return _THINKING.sub("", _THOUGHTS.sub("", str(message.text), count=1))


def _usage(message: AIMessage) -> Usage:
    counted: Mapping[str, Any] = message.usage_metadata or {}
    read = counted.get("input_token_details") or {}
    written = counted.get("output_token_details") or {}
    return Usage(
        input=int(counted.get("input_tokens") or 0),
        output=int(counted.get("output_tokens") or 0),
        cache_read=int(read.get("cache_read") or 0),
        cache_write=int(read.get("cache_creation") or 0),
        reasoning=int(written.get("reasoning") or 0),
    )
