"""What is asked and what is answered, in no provider's words; and what a dialect, one provider's wire format, must do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import Field

from nephoscope.models import Usage
from nephoscope.models.base import Frozen, JsonValue

TroubleKind = Literal[
    "auth", "forbidden", "not_found", "invalid", "context", "rate", "quota", "server", "overloaded", "timeout", "broken", "empty", "cut", "in_stream"
]
Stop = Literal["stop", "length", "tool", "blocked"]


class Trouble(Frozen):
    """A failure instead of a reply. ``cut`` and ``in_stream`` happen half-way through a reply, where the request streams.

    ``retry_after``: seconds; ``as_date`` sends it as a date. ``seconds``: how long ``timeout`` says nothing before it hangs up.
    """

    kind: TroubleKind
    message: str = ""
    retry_after: float | None = None
    as_date: bool = False
    seconds: float = 30.0


class ToolCall(Frozen):
    """A call of a tool that the request offers."""

    name: str
    arguments: Mapping[str, JsonValue] = Field(default_factory=dict)


class Reply(Frozen):
    """What the model says. ``value`` goes out by whatever way the request asks for JSON: as text, or as the call of a tool that must be called.

    It is cut where the request's token limit is reached (four characters a token, reasoning first), or after ``cut`` characters of text.
    ``resume``: how the rest begins when the next request asks for it: as that request says (a mark in double brackets, then the words it
    ends with), exactly there, with a repeated end, all over again, or after a phrase.
    """

    text: str = ""
    value: JsonValue = None
    tools: tuple[ToolCall, ...] = ()
    reasoning: str = ""
    blocked: bool = False
    cut: int | None = None
    resume: Literal["told", "exact", "overlap", "restart", "phrase"] = "told"
    delay: float = 0.0
    trouble: Trouble | None = None


class Said(Frozen):
    """One message of a conversation. ``role``: system, user, assistant or tool."""

    role: str
    text: str


class Asked(Frozen):
    """A request as its dialect reads it. ``forced``: the tool that must be called, ``*`` for any. ``prefix``: what may be cached of the prompt."""

    dialect: str
    model: str
    said: tuple[Said, ...] = ()
    tools: Mapping[str, JsonValue] = Field(default_factory=dict)
    forced: str = ""
    wanted: JsonValue = None
    """JSON schema of the text asked for; ``True`` where any JSON will do."""
    max_tokens: int | None = None
    stream: bool = False
    prefix: str = ""
    prefix_marked: bool = False
    number: int = 0
    """Which request to this server it is, from 1."""
    body: Mapping[str, JsonValue] = Field(default_factory=dict)

    @property
    def text(self) -> str:
        """Everything said so far."""
        return "\n".join(one.text for one in self.said)

    @property
    def last(self) -> str:
        """What the user said last."""
        return next((one.text for one in reversed(self.said) if one.role == "user"), "")

    @property
    def partial(self) -> tuple[str, ...]:
        """What the assistant has said, in order."""
        return tuple(one.text for one in self.said if one.role == "assistant")


@dataclass(frozen=True)
class Called:
    """A tool call as it goes out. ``arguments`` is JSON text, and may be cut off."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Spoken:
    """A reply as it goes out."""

    text: str
    reasoning: str = ""
    calls: tuple[Called, ...] = ()
    stop: Stop = "stop"
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True)
class Refusal:
    """An HTTP reply that is no answer."""

    status: int
    document: Any
    headers: Mapping[str, str]


class Dialect(Protocol):
    """One provider's wire format. A pack brings its own by an entry point in the group ``nephoscope.llm_dialects``."""

    @property
    def name(self) -> str: ...

    @property
    def prefix(self) -> str:
        """What a client's base URL ends with."""

    @property
    def media_type(self) -> str:
        """Of a streamed reply."""

    def speaks(self, path: str) -> bool:
        """Whether requests to this path are in this format."""

    def key(self, headers: Mapping[str, str]) -> str:
        """The key a request carries; header names in lower case."""

    def read(self, path: str, body: Mapping[str, Any]) -> Asked:
        """The request. Raises ``ValueError``, ``KeyError`` or ``TypeError`` when it is none."""

    def document(self, asked: Asked, spoken: Spoken) -> Any:
        """The reply in one piece."""

    def frames(self, asked: Asked, spoken: Spoken) -> Iterator[bytes]:
        """The reply as it streams."""

    def refuse(self, trouble: Trouble) -> Refusal: ...

    def interrupt(self, trouble: Trouble) -> bytes:
        """The frame that breaks off a stream with an error."""
