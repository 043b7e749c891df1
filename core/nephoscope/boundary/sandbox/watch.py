"""Limits that the kernel counts per process only: the memory of all of a sandbox's processes together, and the number of its files.

Looked at from outside a few times a second, so a script can go over for a moment, not stay there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from nephoscope.boundary.sandbox.job import HOME
from nephoscope.boundary.sandbox.outcome import Killed
from nephoscope.models import Failure, Limits

SECONDS = 0.1
"""How often to look."""
PAGE = os.sysconf("SC_PAGE_SIZE")
MOST_CHANNELS = 2048
"""Sockets and pipes of all processes together: what they hold is the kernel's memory, which no process is charged for."""


class Watch:
    """Over the namespace whose first process is ``pid``. What cannot be seen here is not limited here."""

    def __init__(self, pid: int, limits: Limits) -> None:
        self._pid = pid
        self._memory = limits.memory_mb << 20
        self._most_files = limits.files

    def exceeded(self, *, memory: bool = True) -> Killed | None:
        """The limit that is exceeded now, and how to say it. ``memory``: whether nobody else watches that."""
        if self._files() > self._most_files:
            return Killed("files", Failure(kind="limit", message=f"made more than {self._most_files} files"))
        if not memory:
            return None
        family = list(self.family())
        if sum(map(_resident, family)) > self._memory and sum(map(_proportional, family)) > self._memory:
            return Killed("memory", Failure(kind="limit", message=f"its processes together took more than {self._memory >> 20} MB"))
        if sum(map(_channels, family)) > MOST_CHANNELS:
            return Killed("descriptors", Failure(kind="limit", message=f"its processes together hold more than {MOST_CHANNELS} sockets and pipes"))
        return None

    def _files(self) -> int:
        try:
            room = os.statvfs(f"/proc/{self._pid}/root{HOME}")
        except OSError:
            return 0
        return room.f_files - room.f_ffree

    def family(self) -> Iterator[int]:
        """All of the namespace's processes but the first: orphans become its children."""
        known = [self._pid]
        while known:
            pid = known.pop()
            try:
                children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
            except OSError:
                continue
            yield from children
            known += children


def _resident(pid: int) -> int:
    """Bytes in memory, pages shared by several processes counted for each: cheap, never too little."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def _channels(pid: int) -> int:
    """Open sockets and pipes, those that several processes share counted for each."""
    folder, found = f"/proc/{pid}/fd", 0
    try:
        for name in os.listdir(folder):  # noqa: PTH208 - names are enough, ten times a second
            with suppress(OSError):
                found += os.readlink(f"{folder}/{name}").startswith(("socket:", "pipe:"))  # noqa: PTH115
    except OSError:
        return 0
    return found


def _proportional(pid: int) -> int:
    """Bytes in memory, shared pages divided among their users; where that is hidden, all of them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return _resident(pid)
