"""How methods of the emulator are wrapped: once, however often it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def once(owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:
    """A method gives way to what ``wrap`` makes of it."""
    real = getattr(owner, name)
    if not hasattr(real, "amended"):
        made = wrap(real)
        made.amended = True
        setattr(owner, name, made)


def put(owner: Any, name: str, value: Any) -> None:
    """A method or property that the emulator lacks, or has otherwise."""
    setattr(owner, name, value)
