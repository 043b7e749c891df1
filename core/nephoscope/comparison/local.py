"""The engine ``local``: cells run in threads of this process."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from nephoscope.interfaces import Crew, Do, Ended

JOBS = 2


class LocalEngine:
    """A few threads; what they share is the object itself."""

    name = "local"
    here = True

    def opened(self, shared: object, *, jobs: int, address: str) -> AbstractContextManager[Crew]:
        """``address`` is not used: there is nowhere to go."""
        return nullcontext(_Threads(shared, jobs or JOBS))


class _Threads:
    def __init__(self, shared: Any, jobs: int) -> None:
        self.shared = shared
        self._jobs = jobs

    def run(self, do: Do, work: Mapping[str, Any]) -> Iterator[Ended]:
        """See :class:`nephoscope.interfaces.Crew`. Whoever stops listening stops the work: what has not begun is not begun."""
        ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        stop = threading.Event()

        def safely(name: str, piece: Any) -> None:
            if stop.is_set():
                return
            try:
                ended.put(Ended(name, do(piece, self.shared)))
            except BaseException as error:
                ended.put(Ended(name, error=error))

        with ThreadPoolExecutor(self._jobs) as pool:
            try:
                for name, piece in work.items():
                    pool.submit(safely, name, piece)
                for _ in work:
                    yield ended.get()
            finally:
                stop.set()
