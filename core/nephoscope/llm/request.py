"""One request to a model and its reply, as data: what is hashed, cached, recorded and replayed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from nephoscope.models import FinishReason, Frozen, JsonValue, Usage
from nephoscope.store import canonical

Way = Literal["json_schema", "tool", "json_mode", "text"]
"""How a reply of a given shape is asked for."""


class Turn(Frozen):
    """One message."""

    role: Literal["system", "user", "assistant"]
    text: str


class Request(Frozen):
    """Everything a reply depends on, after redaction and masking. The same request asked once more on purpose has another ``repeat``."""

    model: str
    base_url: str = ""
    turns: tuple[Turn, ...]
    parameters: Mapping[str, JsonValue] = Field(default_factory=dict)
    way: Way = "text"
    schema_: Mapping[str, JsonValue] | None = Field(default=None, alias="schema")
    repeat: int = 0

    @property
    def document(self) -> str:
        """Canonical text; what the record keeps."""
        return canonical(self.model_dump(mode="json", by_alias=True))

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical text."""
        return hashlib.sha256(self.document.encode()).hexdigest()

    @property
    def characters(self) -> int:
        """Size of everything that is sent."""
        return sum(len(turn.text) for turn in self.turns) + (len(canonical(self.schema_)) if self.schema_ else 0)


class Reply(Frozen):
    """What came back. ``text`` is the answer, or the JSON of a tool call. ``estimated``: the provider did not count, so we did."""

    text: str
    finish: FinishReason
    usage: Usage = Usage()
    estimated: bool = False
