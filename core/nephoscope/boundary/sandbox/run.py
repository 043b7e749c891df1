"""One script's run, from the outside: start, hand the listener over, watch the clock, kill, wait until nothing is left, report."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nephoscope.boundary.sandbox.channel import Capture, clip
from nephoscope.boundary.sandbox.job import Job, memory_file
from nephoscope.boundary.sandbox.outcome import Ending, Killed, outcome
from nephoscope.boundary.sandbox.process import Child, Watched, readable
from nephoscope.boundary.sandbox.watch import SECONDS, Watch
from nephoscope.interfaces import IsolationError, ListenerReady
from nephoscope.models import ExecutionResult, Failure, Limits

START_SECONDS = 60.0
"""How long a sandbox may take until its listener is out; generous, because a busy machine is not an error."""
REPORT_BYTES = 64_000


@dataclass(frozen=True)
class Descriptors:
    """The numbers the sandboxed side inherits; the bootstrap gets the first four as arguments, ``status`` is for the launcher."""

    job: int
    control: int
    statements: int
    report: int
    status: int

    def all(self) -> tuple[int, ...]:
        return self.job, self.control, self.statements, self.report, self.status

    def arguments(self) -> tuple[str, ...]:
        return tuple(str(number) for number in (self.job, self.control, self.statements, self.report))


class Run:
    """One run. ``command`` makes the launcher's arguments from the inherited descriptors; ``extra`` are more of those."""

    def __init__(self, job: Job, limits: Limits, command: Callable[[Descriptors], Sequence[str]], extra: Sequence[int] = ()) -> None:
        self._job = job
        self._limits = limits
        self._command = command
        self._extra = extra
        self._killed: Killed | None = None
        self._watch: Watch | None = None

    async def result(self, listener: ListenerReady) -> ExecutionResult:
        """Run to the end or to a limit. Raises :class:`IsolationError` if the sandbox itself did not come up."""
        self._start()
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._hand_over(listener)
            begun = time.monotonic()
            await self._until_gone(self._limits.seconds)
            seconds = time.monotonic() - begun
        except TimeoutError:
            raise IsolationError(f"the sandbox did not start within {START_SECONDS:.0f} s", self._last_words()) from None
        finally:
            await self._end()
        return outcome(Ending(self._exit_code, seconds, self._killed), self._limits, self._output, self._statements, self._report)

    def _start(self) -> None:
        room = self._limits.output_bytes
        output, self._output = self._pipe(room)
        stated, self._statements = self._pipe(2 * room)
        report, self._report = self._pipe(REPORT_BYTES)
        status, self._status = self._pipe(REPORT_BYTES)
        self._control, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        self._namespace: Watched | None = None
        try:
            with control, memory_file(self._job.document()) as job:
                inside = Descriptors(job, control.fileno(), stated, report, status)
                self._child = Child(self._command(inside), descriptors=(*inside.all(), *self._extra), output=output)
        except OSError as error:
            self._close()
            raise IsolationError(f"the sandbox could not be started: {error}") from error
        finally:
            for descriptor in (output, stated, report, status):
                os.close(descriptor)

    @staticmethod
    def _pipe(room: int) -> tuple[int, Capture]:
        read, write = os.pipe()
        return write, Capture(read, room)

    async def _hand_over(self, listener: ListenerReady) -> None:
        if not self._job.port:
            return
        await readable(self._control.fileno())
        _, descriptors, _, _ = socket.recv_fds(self._control, 64, 1)
        if not descriptors:
            await self._child.gone()
            raise IsolationError("the sandbox did not start", self._last_words())
        first = self._first_process()
        self._namespace, self._watch = Watched(first), Watch(first, self._limits)
        await listener(descriptors[0])
        with contextlib.suppress(ConnectionError):  # it ended meanwhile: the outcome says how
            self._control.send(b"go")

    def _first_process(self) -> int:
        """The namespace's first process, as the launcher told before it let anything run."""
        return int(json.loads(self._status.peek().split(b"\n")[0])["child-pid"])

    async def _until_gone(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not await self._child.gone_within(SECONDS):
                    self._killed = self._watch.exceeded() if self._watch else None
                    if self._killed:
                        return
        except TimeoutError:
            self._killed = Killed("seconds", Failure(kind="timeout", message=f"still running after {seconds:g} s"))

    async def _end(self) -> None:
        """Leave nothing behind, however the run ended."""
        ending = asyncio.ensure_future(self._clear())
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:
            await ending
            raise

    async def _clear(self) -> None:
        if self._namespace:
            self._namespace.kill()
            self._child.kill()
        else:
            self._child.kill_group()
        self._exit_code = await self._child.status()
        if self._namespace:
            await self._namespace.gone()
            self._namespace.close()
        self._child.close()
        self._close()

    def _close(self) -> None:
        self._control.close()
        for capture in (self._output, self._statements, self._report, self._status):
            capture.close()

    def _last_words(self) -> str:
        return clip(self._output.data, 2000)[0].strip()
