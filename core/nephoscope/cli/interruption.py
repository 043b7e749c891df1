"""Ctrl-C: once finishes the step and keeps everything, twice ends now."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

_STOPPING = "stopping after this step; nothing is lost. Ctrl-C again ends now"


class Interruption:
    """Installed around a run. ``request_stop`` is the application's, ``note`` tells the person."""

    def __init__(self, request_stop: Callable[[], None], note: Callable[[str], None]) -> None:
        self._request_stop = request_stop
        self._note = note
        self._asked = False
        self._prompting = False
        self._before: dict[int, object] = {}

    def stop(self) -> None:
        """Ask the application to stop."""
        self._asked = True
        self._request_stop()

    @contextmanager
    def prompting(self) -> Iterator[None]:
        """While a person is asked, Ctrl-C ends the question at once."""
        self._prompting = True
        try:
            yield
        finally:
            self._prompting = False

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._received)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _received(self, number: int, frame: FrameType | None) -> None:
        if self._prompting or self._asked:
            raise KeyboardInterrupt
        self.stop()
        # A stream must not be written to while this thread may be writing to it: another thread waits its turn.
        threading.Thread(target=self._note, args=(_STOPPING,), daemon=True).start()
