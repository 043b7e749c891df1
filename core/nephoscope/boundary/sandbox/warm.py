"""The outside of a warm interpreter: start it, ask it for forks, replace it after some runs, and start another when it is gone."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from nephoscope.boundary.sandbox.process import Child, Told, Watched, readable
from nephoscope.boundary.sandbox.run import Descriptors
from nephoscope.interfaces import IsolationError

MOST_RUNS = 250
"""Scripts after which a warm interpreter is replaced: all its forks share one address space layout and one hash seed."""
READY_SECONDS = 90.0
CLOSE_SECONDS = 3.0

Opened = tuple[Sequence[str], Sequence[int]]
"""A command, and the descriptors it inherits."""


@dataclass(frozen=True)
class Order:
    """What it is told first. ``uid``: one to try with, ``None`` where a user namespace decides."""

    preloads: Sequence[str]
    path: Sequence[str]
    home: str
    port: int
    uid: int | None
    nobody: int

    def encode(self) -> bytes:
        return json.dumps({**self.__dict__, "own_user": True}).encode()


class Zygote:
    """One warm interpreter. Start it from the main thread: the kernel ends it with the thread that started it."""

    def __init__(self, order: Order, command: Callable[[ExitStack, int], Opened]) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise IsolationError("a warm interpreter can only be started from the main thread")
        self.active = 0
        self.served = 0
        self.answer: dict[str, Any] | None = None
        self._words = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        self._needs = ExitStack()
        with theirs:
            words, descriptors = command(self._needs, theirs.fileno())
            self._child = Child(words, descriptors=(theirs.fileno(), *descriptors), output=self._words.fileno())
        self._control.send(order.encode())

    def ready(self) -> bool:
        """Whether it has answered, or never will."""
        if self.answer is None:
            with contextlib.suppress(BlockingIOError):
                data = self._control.recv(1 << 16)
                self.answer = json.loads(data) if data else {"ready": False, "refused": self._last_words(), "failed": []}
                self._needs.close()
        return self.answer is not None

    async def wait(self) -> None:
        """Until it is ready. Raises ``TimeoutError``."""
        async with asyncio.timeout(READY_SECONDS):
            while not self.ready():
                await readable(self._control.fileno())

    @property
    def refused(self) -> str | None:
        """Why it cannot make namespaces; known once it is ready."""
        answer = self.answer or {}
        return None if answer.get("ready") else str(answer.get("refused") or "it ended")

    @property
    def alive(self) -> bool:
        try:
            return self._control.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def fork(self, inside: Descriptors, told: Told, *, uid: int | None, disk: int, files: int) -> Forked:
        """Ask for a fork. Raises ``OSError`` when it is gone."""
        request = json.dumps({"uid": uid, "disk": disk, "files": files}).encode()
        socket.send_fds(self._control, [request], [*inside.all(), inside.output])
        self.served += 1
        self.active += 1
        return Forked(told, self)

    async def close(self) -> None:
        """Let it end, or end it; whatever it runs ends too."""
        self._needs.close()
        self._control.close()
        if not await self._child.gone_within(CLOSE_SECONDS):
            self._child.kill()
        await self._child.status()
        self._child.close()
        self._words.close()

    def _last_words(self) -> str:
        size = os.fstat(self._words.fileno()).st_size
        lines = os.pread(self._words.fileno(), 2000, max(0, size - 2000)).decode(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "it ended without a word"


class Forked:
    """One script's namespaces, carried by a zygote."""

    def __init__(self, told: Told, zygote: Zygote) -> None:
        self._told = told
        self._zygote = zygote
        self._unwanted = False

    @property
    def lost(self) -> bool:
        return self._told.ended and self._told.get("exit-code") is None

    def kill(self) -> None:
        """Its first process; where that is not known yet, as soon as it is."""
        self._unwanted = True
        self._end_first()

    async def gone_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._told.wait_for("exit-code")
            return True
        return False

    async def status(self) -> int:
        await self._told.wait_for("child-pid")
        if self._unwanted:
            self._end_first()
        code = await self._told.wait_for("exit-code")
        return -signal.SIGKILL if code is None else int(code)

    def close(self) -> None:
        self._zygote.active -= 1

    def _end_first(self) -> None:
        self._told.get("child-pid")
        descriptor = self._told.take()
        if descriptor is not None:
            first = Watched.of(descriptor)
            first.kill()
            first.close()


class Warm:
    """The zygote in use, and its predecessors while they still carry a script."""

    def __init__(self, start: Callable[[], Zygote]) -> None:
        self._start = start
        self._current: Zygote | None = None
        self._next: Zygote | None = None
        self._former: list[Zygote] = []

    async def take(self) -> Zygote:
        """One that is ready. Raises :class:`IsolationError` when none can be had."""
        if self._current is None or not self._current.alive:
            self._retire()
            self._current = self._next or self._start()
            self._next = None
        elif self._current.served >= MOST_RUNS:
            self._next = self._next or self._start()
            if self._next.ready() and self._next.refused is None:
                self._retire()
                self._current, self._next = self._next, None
        current = self._current
        await self._sweep()
        try:
            await current.wait()
        except TimeoutError:
            raise IsolationError(f"the warm interpreter was not ready within {READY_SECONDS:.0f} s") from None
        if current.refused is not None:
            raise IsolationError(f"the warm interpreter could not start: {current.refused}")
        return current

    async def close(self) -> None:
        self._retire()
        if self._next is not None:
            self._former.append(self._next)
            self._next = None
        for each in self._former:
            await each.close()
        self._former.clear()

    def _retire(self) -> None:
        if self._current is not None:
            self._former.append(self._current)
            self._current = None

    async def _sweep(self) -> None:
        for each in [former for former in self._former if not former.active]:
            self._former.remove(each)
            await each.close()
