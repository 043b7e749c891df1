"""Language models as data: how one is reached, what an answer was, what it cost, what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, SecretStr

from nephoscope.models.base import Frozen, JsonValue

FinishReason = Literal["stop", "length", "tool", "blocked", "other"]
FaultKind = Literal["auth", "rate", "transient", "context", "invalid", "not_found", "malformed", "unknown"]


class Connection(Frozen):
    """What a backend needs to reach one model. ``model`` is the name behind the prefix; ``parameters`` are already what the model accepts.

    ``temperature`` and ``max_tokens`` mean the same everywhere: the backend says them in its provider's words. Without a ``key`` the
    provider's usual places are looked in, but where ``base_url`` is given no key that was not given goes there. ``timeout`` in seconds
    per request. The key is resolved just before use and shows in no repr.
    """

    model: str
    base_url: str = ""
    key: SecretStr | None = None
    parameters: Mapping[str, JsonValue] = Field(default_factory=dict)
    timeout: float = 120.0


class Usage(Frozen):
    """Tokens of one or more requests. ``input`` counts cached ones too."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in Usage.model_fields})


class Answer(Frozen):
    """What a model said. ``value`` is the JSON of the schema asked for; ``usd`` is ``None`` where the price is unknown."""

    text: str
    value: JsonValue = None
    model: str
    usage: Usage = Usage()
    usd: float | None = None
    cached: bool = False


class Fault(Frozen):
    """A failed request, classified. ``retry_after`` in seconds, where the provider said so."""

    kind: FaultKind
    message: str
    retry_after: float | None = None


class IdentifierKind(Frozen):
    """Something that tells who somebody is, and what a model is shown in its place.

    ``pattern``: a regular expression without groups, matching the identifier alone (what must stand around it goes into lookarounds).
    ``stand_in``: a format with one ``{n}``; empty: what matches is nobody's own, and stays. ``everywhere``: whatever matched once is
    replaced wherever the same word stands.
    """

    kind: str
    pattern: str
    stand_in: str = ""
    everywhere: bool = False
