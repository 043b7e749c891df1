"""Processes watched by descriptor: no thread, no signal handler, no child watcher of the loop's."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

START_ENVIRONMENT = {"MALLOC_ARENA_MAX": "2", "LC_CTYPE": "C.UTF-8"}
"""All that an interpreter starts with: an arena for every thread would eat up the address space that a script may have."""


class Watched:
    """A process of which a descriptor becomes readable when it, and for a namespace's first process all its kin, are gone."""

    def __init__(self, pid: int, descriptor: int | None = None) -> None:
        self.pid = pid
        self._descriptor = os.pidfd_open(pid) if descriptor is None else descriptor

    @classmethod
    def of(cls, descriptor: int) -> Watched:
        """By a descriptor somebody in another process namespace opened; ``pid`` is its number in ours."""
        lines = Path(f"/proc/self/fdinfo/{descriptor}").read_text().splitlines()
        return cls(next(int(line.split()[1]) for line in lines if line.startswith("Pid:")), descriptor)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # another user's is ended by whoever carries it
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


class Started(Protocol):
    """What carries one run, as its caller sees it."""

    @property
    def lost(self) -> bool:
        """Whether it ended with what carries it, by no deed of the script's."""

    def kill(self) -> None:
        """End it and all it started, whatever state it is in."""

    async def gone_within(self, seconds: float) -> bool:
        """Wait no longer than that; whether it is gone."""

    async def status(self) -> int:
        """Wait for its end: exit code, or minus the signal."""

    def close(self) -> None: ...


class Child(Watched):
    """A process with no environment but ``env``. Start it from the loop's thread: parent-death signals follow the thread that forked."""

    lost = False

    def __init__(self, command: Sequence[str], *, descriptors: Sequence[int], output: int, env: dict[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=descriptors,
            env=env or {},
            cwd="/",
            start_new_session=True,
        )
        super().__init__(self._process.pid)

    async def status(self) -> int:
        await self.gone()
        return self._process.wait()

    def kill(self) -> None:
        """It and its whole session's process group: all there is of a child that has no namespace of its own yet."""
        super().kill()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


class Told:
    """What a launcher says on its status socket, one JSON object per line, descriptors beside it. Owns the socket."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._channel.setblocking(False)
        self._text = b""
        self._descriptors: list[int] = []
        self.ended = False

    async def wait_for(self, name: str) -> Any:
        """The value told under a name; ``None`` when the teller is gone without saying it."""
        while (value := self.get(name)) is None and not self.ended:
            await readable(self._channel.fileno())
        return value

    def get(self, name: str) -> Any:
        """The value if it has been told."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            data, descriptors, _, _ = socket.recv_fds(self._channel, 4096, 4)
            self.ended = not data
            self._text += data
            self._descriptors += descriptors
        lines = self._text.split(b"\n")[:-1]
        return next((document[name] for document in map(json.loads, lines) if name in document), None)

    def take(self) -> int | None:
        """A descriptor that came along. The caller owns it."""
        return self._descriptors.pop(0) if self._descriptors else None

    def close(self) -> None:
        self._channel.close()
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = []


async def readable(descriptor: int) -> None:
    """Wait until a descriptor has something to read."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
