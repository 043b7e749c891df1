"""A child process watched by descriptor: no thread, no signal handler, no child watcher of the loop's."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence

START_ENVIRONMENT = {"MALLOC_ARENA_MAX": "2", "LC_CTYPE": "C.UTF-8"}
"""All that launcher and interpreter start with: an arena for every thread would eat up the address space that a script may have."""


class Watched:
    """A process of which a descriptor becomes readable when it, and for a namespace's first process all its kin, are gone."""

    def __init__(self, pid: int) -> None:
        self._descriptor = os.pidfd_open(pid)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    async def gone(self) -> None:
        await readable(self._descriptor)

    async def gone_within(self, seconds: float) -> bool:
        """Wait no longer than that; whether it is gone."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.gone(), seconds)
            return True
        return False

    def close(self) -> None:
        os.close(self._descriptor)


class Child(Watched):
    """A process with nothing of our environment. Start it from the loop's thread: parent-death signals follow the thread that forked."""

    def __init__(self, command: Sequence[str], *, descriptors: Sequence[int], output: int) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=descriptors,
            env=START_ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
        super().__init__(self._process.pid)

    async def status(self) -> int:
        """Wait for its end: exit code, or minus the signal."""
        await self.gone()
        return self._process.wait()

    def kill_group(self) -> None:
        """Its whole session's process group; for a child that is in no namespace of its own."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


async def readable(descriptor: int) -> None:
    """Wait until a descriptor has something to read."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
