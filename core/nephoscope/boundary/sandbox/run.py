"""One script's run, from the outside: start, hand the listener over, watch the clock, kill, wait until nothing is left, report."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from nephoscope.boundary.sandbox.cgroup import Group
from nephoscope.boundary.sandbox.channel import Capture, clip
from nephoscope.boundary.sandbox.job import Job, memory_file
from nephoscope.boundary.sandbox.outcome import Ending, Killed, outcome
from nephoscope.boundary.sandbox.process import Started, Told, Watched, readable
from nephoscope.boundary.sandbox.watch import SECONDS, Watch
from nephoscope.interfaces import IsolationError, ListenerReady, Overrun
from nephoscope.models import ExecutionResult, Failure, Limits

START_SECONDS = 60.0
"""How long a sandbox may take until its listener is out; generous, because a busy machine is not an error."""
REPORT_BYTES = 64_000


class Lost(IsolationError):
    """The sandbox was gone before the script began: nothing of it ran."""


@dataclass(frozen=True)
class Descriptors:
    """The numbers the sandboxed side inherits; the bootstrap gets the first four as arguments, ``status`` is for the launcher."""

    job: int
    control: int
    statements: int
    report: int
    status: int
    output: int

    def all(self) -> tuple[int, ...]:
        return self.job, self.control, self.statements, self.report, self.status

    def arguments(self) -> tuple[str, ...]:
        return tuple(str(number) for number in (self.job, self.control, self.statements, self.report))


Start = Callable[[Descriptors, Told], Started]
"""Starts what carries the run: a launcher of its own, or a fork of a warm interpreter."""


class Run:
    """One run. ``walled``: the listener is made inside, and the namespace's first process told, before anything runs; else there is neither.
    ``grouped``: in a control group of our making; else whoever carries it has one.
    """

    def __init__(self, job: Job, limits: Limits, start: Start, *, walled: bool = True, grouped: bool = True, overrun: Overrun | None = None) -> None:
        self._job = job
        self._limits = limits
        self._begin = start
        self._walled = walled
        self._grouped = grouped
        self._killed: Killed | None = None
        self._first: Watched | None = None
        self._watch: Watch | None = None
        self._group: Group | None = None
        self._grouping: asyncio.Future[None] | None = None
        self._overrun = overrun

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
        ending = Ending(self._exit_code, seconds, self._killed, felt=self._felt)
        return outcome(ending, self._limits, self._output, self._statements, self._report)

    def _start(self) -> None:
        room = self._limits.output_bytes
        output, self._output = self._pipe(room)
        stated, self._statements = self._pipe(2 * room)
        report, self._report = self._pipe(REPORT_BYTES)
        self._control, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        ours, status = socket.socketpair()
        self._told = Told(ours)
        try:
            with control, status, memory_file(self._job.document()) as job:
                inside = Descriptors(job, control.fileno(), stated, report, status.fileno(), output)
                self._carrier = self._begin(inside, self._told)
        except (OSError, IsolationError) as error:
            self._close()
            kind = Lost if isinstance(error, ConnectionError) else IsolationError  # who should have begun it has just died
            raise kind(f"the sandbox could not be started: {error}") from error
        finally:
            for descriptor in (output, stated, report):
                os.close(descriptor)

    @staticmethod
    def _pipe(room: int) -> tuple[int, Capture]:
        read, write = os.pipe()
        return write, Capture(read, room)

    async def _hand_over(self, listener: ListenerReady) -> None:
        if not self._walled:
            return
        pid = await self._told.wait_for("child-pid")
        if pid is None:
            await self._lost()
        given = self._told.take()
        self._first = Watched(int(pid)) if given is None else Watched.of(given)
        self._watch = Watch(self._first.pid, self._limits)
        if given is not None:  # it has no children yet: the kernel may take its time beside it
            self._grouping = asyncio.ensure_future(self._group_of(self._first.pid))
        await readable(self._control.fileno())
        _, descriptors, _, _ = socket.recv_fds(self._control, 64, 1)
        if not descriptors:
            await self._lost()
        self._grouping = self._grouping or asyncio.ensure_future(self._group_of(self._first.pid, *self._watch.family()))
        self._overrun = await listener(descriptors[0])
        await self._grouping
        with contextlib.suppress(ConnectionError):  # it ended meanwhile: the outcome says how
            self._control.send(b"go")

    async def _lost(self) -> NoReturn:
        await self._carrier.gone_within(START_SECONDS)
        raise Lost("the sandbox did not start", self._last_words())

    async def _group_of(self, *pids: int) -> None:
        if self._grouped:
            self._group = await asyncio.to_thread(Group.around, pids, self._limits)

    async def _until_gone(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                while not await self._carrier.gone_within(SECONDS):
                    self._killed = self._exceeded()
                    if self._killed:
                        return
        except TimeoutError:
            self._killed = Killed("seconds", Failure(kind="timeout", message=f"still running after {seconds:g} s"))
        self._killed = self._killed or self._outside()

    def _exceeded(self) -> Killed | None:
        if self._watch and (killed := self._watch.exceeded(memory=self._group is None or not self._group.bounds_memory)):
            return killed
        if self._group and self._group.felt() == "memory":
            return Killed("memory", Failure(kind="limit", message=f"its processes together took more than {self._limits.memory_mb} MB"))
        return self._outside()

    def _outside(self) -> Killed | None:
        """A limit that is counted elsewhere, such as calls to the cloud."""
        limit = self._overrun() if self._overrun else None
        return Killed(limit, Failure(kind="limit", message=f"went over its limit on {limit.replace('_', ' ')}")) if limit else None

    async def _end(self) -> None:
        """Leave nothing behind, however the run ended."""
        ending = asyncio.ensure_future(self._clear())
        try:
            await asyncio.shield(ending)
        except asyncio.CancelledError:
            await ending
            raise

    async def _clear(self) -> None:
        if self._first:
            self._first.kill()
        self._carrier.kill()
        self._exit_code = await self._carrier.status()
        if self._first:
            await self._first.gone()
            self._first.close()
        if self._grouping:
            await asyncio.wait({self._grouping})
        if self._carrier.lost and self._killed is None:
            self._killed = Killed(None, Failure(kind="crash", message="the interpreter that carried it ended: a fault here, not of the script"))
        self._felt = self._group.felt() if self._group else None
        if self._group:
            await self._group.remove()
        self._carrier.close()
        self._close()

    def _close(self) -> None:
        self._control.close()
        self._told.close()
        for capture in (self._output, self._statements, self._report):
            capture.close()

    def _last_words(self) -> str:
        return clip(self._output.data, 2000)[0].strip()
