"""What every value object shares: immutable, closed, JSON-shaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, JsonValue

# pydantic's JsonValue is invariant, so a plain {"a": ["b"]} would not type-check in a plugin author's hands:
# arguments and results use the covariant Json, fields of models use JsonValue.
Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"

__all__ = ["Frozen", "Json", "JsonValue"]


class Frozen(BaseModel):
    """Base of all data: immutable, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
