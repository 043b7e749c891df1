"""Boundary processes that wait for the next run of this process: where many emulated accounts are looked at, loading is done once."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Sequence

from nephoscope.boundary.client import Boundary, EventListener
from nephoscope.interfaces.errors import NephoscopeError

MOST = 16
_lock = threading.Lock()
_parked: dict[tuple[int, tuple[str, ...]], list[Boundary]] = {}


@contextlib.contextmanager
def borrowed(on_event: EventListener, blocked: Sequence[str]) -> Iterator[Boundary]:
    """One for a single run. It is kept after a run that ended well, with its record closed; else it is ended."""
    key = (os.getpid(), tuple(blocked))
    boundary = _taken(key) or _started(blocked)
    boundary.listener = on_event
    kept = False
    try:
        yield boundary
        with contextlib.suppress(NephoscopeError):
            boundary.release()
            kept = _park(key, boundary)
    finally:
        boundary.listener = None
        if not kept:
            boundary.close()


def _started(blocked: Sequence[str]) -> Boundary:
    return Boundary.start(blocked=blocked)


def _taken(key: tuple[int, tuple[str, ...]]) -> Boundary | None:
    with _lock:
        waiting = _parked.get(key, [])
        while waiting:
            boundary = waiting.pop()
            if boundary.alive:
                return boundary
            boundary.kill()
    return None


def _park(key: tuple[int, tuple[str, ...]], boundary: Boundary) -> bool:
    with _lock:
        waiting = _parked.setdefault(key, [])
        if not boundary.alive or len(waiting) >= MOST:
            return False
        waiting.append(boundary)
        return True
