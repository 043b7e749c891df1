"""Composer: accounts nobody has seen, made from a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from nephoscope.models import JsonValue


@runtime_checkable
class Composer(Protocol):
    """Makes scenarios, written as scenario files are. The same seed gives the same ones."""

    @property
    def name(self) -> str: ...

    def compose(self, seed: int, count: int) -> Sequence[Mapping[str, JsonValue]]:
        """Known faults in unseen accounts: other names, bystanders, sizes, wordings."""

    def mutate(self, seed: int, count: int) -> Sequence[Mapping[str, JsonValue]]:
        """Healthy accounts with one change that nobody wrote a cause for; each truth says what was changed under ``touches``."""
