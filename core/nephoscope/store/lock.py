"""Locks between processes. They end with the process that holds them, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import IO

PAUSE_SECONDS = 0.05


def hold(path: Path, seconds: float = 0.0) -> IO[bytes]:
    """The locked file; closing it lets go. Waits ``seconds`` for another holder.

    Raises ``BlockingIOError`` when it is still held then, another ``OSError`` when it cannot be made.
    """
    deadline = time.monotonic() + seconds
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b", buffering=0)
    try:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return file
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(PAUSE_SECONDS)
    except BaseException:
        file.close()
        raise
