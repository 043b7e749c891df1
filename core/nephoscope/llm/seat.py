"""A model in its place: how it is reached, what is known of it, whether it is sent real names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from nephoscope.interfaces import LLMBackend
from nephoscope.llm.card import ModelCard
from nephoscope.llm.exchange import Exchange
from nephoscope.llm.request import Way
from nephoscope.llm.structure import ways
from nephoscope.models import JsonValue

TEMPERATURE = 0
TOKEN_LIMIT, NEWER_LIMIT = "token_limit", "max_completion_tokens"
"""A parameter for backends whose servers disagree about the name of the limit, and the name that newer models want."""


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
    token_limit: str = ""
    """How it wants the limit of a reply to be called, where it turned the usual name down."""

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
        if self.token_limit:
            wished[TOKEN_LIMIT] = self.token_limit
        return {name: value for name, value in wished.items() if name not in self.card.rejects and name not in self.dropped}

    def mended(self, complaint: str, parameters: Mapping[str, JsonValue]) -> bool:
        """Whether what an ``invalid`` request is complained of can be done otherwise; from then on it is."""
        if NEWER_LIMIT in complaint and TOKEN_LIMIT not in parameters:
            self.token_limit = NEWER_LIMIT
            return True
        named = {name for name in parameters if name in complaint}
        self.dropped |= named
        return bool(named)

    @property
    def ways(self) -> tuple[Way, ...]:
        """How it may be asked for a shape, the strictest first."""
        return tuple(way for way in ways(self.card) if way not in self.refused)
