"""Three-valued logic: true, false, and not known (``None``)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

Truth: TypeAlias = "bool | None"


def all_of(values: Iterable[Truth]) -> Truth:
    """False when any is false, else unknown when any is unknown; true for none at all."""
    seen = tuple(values)
    if False in seen:
        return False
    return None if None in seen else True


def any_of(values: Iterable[Truth]) -> Truth:
    """True when any is true, else unknown when any is unknown; false for none at all."""
    seen = tuple(values)
    if True in seen:
        return True
    return None if None in seen else False


def negated(value: Truth) -> Truth:
    """The opposite; unknown stays unknown."""
    return None if value is None else not value
