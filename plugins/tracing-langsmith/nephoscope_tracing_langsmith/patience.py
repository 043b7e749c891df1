"""Waiting for an endpoint, but not for long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, work: Callable[[], T]) -> T | None:
    """What the work returns, if it does so in time; ``None`` when it does not, or fails. Then it goes on behind the scenes, and dies with us."""
    found: list[T] = []

    def run() -> None:
        try:
            found.append(work())
        except Exception:  # a tool for traces is no reason to fail
            return

    thread = threading.Thread(target=run, name="tracing", daemon=True)
    thread.start()
    thread.join(seconds)
    return found[0] if found else None
