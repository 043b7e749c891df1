"""A model in its place: how it is reached, what is known of it, whether it is sent real names."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from nephoscope.interfaces import LLMBackend
from nephoscope.llm.card import ModelCard
from nephoscope.llm.exchange import Exchange
from nephoscope.llm.request import Way
from nephoscope.llm.structure import ways
from nephoscope.models import JsonValue

TEMPERATURE = 0


@dataclass
class Seat:
    """One model that a person named. ``host``: where it answers, for people; empty: at its provider's.

    ``dropped`` and ``refused``: parameters and ways that it turned down in this run, and that are not tried again.
    """

    card: ModelCard
    backend: LLMBackend
    exchange: Exchange
    base_url: str = ""
    masked: bool = True
    dropped: set[str] = field(default_factory=set)
    refused: set[Way] = field(default_factory=set)

    @property
    def name(self) -> str:
        """``provider:model``."""
        return self.card.id

    @property
    def host(self) -> str:
        """Where it answers, for people."""
        parts = urlsplit(self.base_url)
        return parts.netloc.rpartition("@")[2] or ("this machine" if self.backend.local else self.card.provider)

    @property
    def address(self) -> str:
        """The address without user, password and query: what may be recorded."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if self.base_url else ""

    @property
    def parameters(self) -> dict[str, JsonValue]:
        """What is sent besides the words: the same answer to the same question, unless the model rejects being told so."""
        wished: dict[str, JsonValue] = {"temperature": TEMPERATURE, **self.card.parameters}
        return {name: value for name, value in wished.items() if name not in self.card.rejects and name not in self.dropped}

    @property
    def ways(self) -> tuple[Way, ...]:
        """How it may be asked for a shape, the strictest first."""
        return tuple(way for way in ways(self.card) if way not in self.refused)
