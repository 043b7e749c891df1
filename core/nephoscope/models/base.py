"""What every value object shares: immutable, closed, JSON-shaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, JsonValue

# pydantic's JsonValue is invariant, so a plain {"a": ["b"]} would not type-check in a plugin author's hands:
# arguments and results use the covariant Json, fields of models use JsonValue.
Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"

__all__ = ["Frozen", "Json", "JsonValue", "texts"]


class Frozen(BaseModel):
    """Base of all data: immutable, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def texts(value: object) -> Iterator[str]:
    """Every string of a document, however deep; keys are none."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from texts(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from texts(member)
