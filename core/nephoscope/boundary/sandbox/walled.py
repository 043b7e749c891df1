"""What executors share whose walls are namespaces: the job, the identity, the layout, and whether scripts are forks of a warm interpreter.

They differ in who makes the walls. Where namespaces inside namespaces are refused, each script gets a cold interpreter of its own.
"""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from nephoscope.boundary.sandbox import seccomp
from nephoscope.boundary.sandbox.job import HOME, PORT, ROOT, Job, environment, home_files, rlimits
from nephoscope.boundary.sandbox.layout import NOBODY, Layout, layout
from nephoscope.boundary.sandbox.process import Child, Started, Told
from nephoscope.boundary.sandbox.run import Descriptors, Lost, Run, Start
from nephoscope.boundary.sandbox.uids import as_root, identity
from nephoscope.boundary.sandbox.warm import Opened, Order, Warm, Zygote
from nephoscope.interfaces import IsolationError, ListenerReady
from nephoscope.models import ExecutionResult, Limits, Surroundings

Launch = tuple[Callable[[Descriptors], Sequence[str]], Sequence[int]]
"""The launcher's command, made once the inherited descriptors are known, and further descriptors it inherits."""


class WalledExecutor(ABC):
    """Runs each script in namespaces of its own with nothing in them but the interpreter, its packages and a private home."""

    name: str
    level: str

    def __init__(self, *, warm: bool = True) -> None:
        self._layout: Layout | None = None
        self._preloads: tuple[str, ...] = ()
        self._tried = False
        self._why_not: str | None = None
        self._wish = warm
        self._warm: Warm | None = None
        self.note = "one cold interpreter per script"
        """How scripts start: ``warm``, or why not."""

    def available(self) -> str | None:
        if not self._tried:
            self._why_not = _unreadable() or self._try()
            self._tried = True
        return self._why_not

    async def open(self, preloads: Sequence[str]) -> None:
        """Look once at what to bind, and start the warm interpreter. Opened again with the same preloads nothing happens."""
        if self._layout is not None and self._preloads == tuple(preloads):
            return
        await self.close()
        self._preloads = tuple(preloads)
        self._layout = layout(preloads)
        if self._wish:
            await self._open_warm(self._layout)

    async def execute(
        self, source: str, surroundings: Surroundings, params: Mapping[str, object], limits: Limits, listener: ListenerReady
    ) -> ExecutionResult:
        place = self._layout or layout()
        job = Job(
            source=source,
            env=environment(surroundings, params),
            files=home_files(surroundings),
            rlimits=rlimits(limits),
            path=(f"{ROOT}/lib", *place.path),
            landlock={"read": ["/"], "write": [HOME, "/dev/null"]},
            seccomp=seccomp.program().hex(),
        )
        with ExitStack() as stack:
            uid = stack.enter_context(identity())
            if self._warm is None:
                return await Run(job, limits, self._cold(stack, place, uid, limits)).result(listener)
            try:
                return await Run(job, limits, await self._forking(self._warm, uid, limits)).result(listener)
            except Lost:  # before the script began, so it may begin again
                return await Run(job, limits, await self._forking(self._warm, uid, limits)).result(listener)

    async def close(self) -> None:
        """End the warm interpreter and whatever it runs."""
        warm, self._warm, self._layout = self._warm, None, None
        if warm is not None:
            await warm.close()

    async def _open_warm(self, place: Layout) -> None:
        with identity() as uid:
            order = Order(preloads=self._preloads, path=(f"{ROOT}/lib", *place.path), home=HOME, port=PORT, uid=uid, nobody=NOBODY)
            warm = Warm(lambda: Zygote(order, lambda stack, control: self._zygote(stack, place, control, root=uid is not None)))
            try:
                zygote = await warm.take()
            except IsolationError as error:
                await warm.close()
                self.note = f"one cold interpreter per script: {error.message}"
                return
        self._warm = warm
        failed = (zygote.answer or {}).get("failed") or ()
        self.note = "; ".join(["warm", *(f"not preloaded: {text}" for text in failed)])

    async def _forking(self, warm: Warm, uid: int | None, limits: Limits) -> Start:
        zygote = await warm.take()

        def start(inside: Descriptors, told: Told) -> Started:
            return zygote.fork(inside, told, uid=uid, disk=limits.disk_mb << 20, files=limits.files)

        return start

    def _cold(self, stack: ExitStack, place: Layout, uid: int | None, limits: Limits) -> Start:
        command, extra = self._launch(stack, place, uid, limits)

        def start(inside: Descriptors, _: Told) -> Started:
            return Child(command(inside), descriptors=(*inside.all(), *extra), output=inside.output)

        return start

    @abstractmethod
    def _try(self) -> str | None:
        """What :meth:`available` answers, found by really making the walls once."""

    @abstractmethod
    def _launch(self, stack: ExitStack, place: Layout, uid: int | None, limits: Limits) -> Launch:
        """How to start ``bootstrap.py`` behind the walls as ``uid``. What the launch needs is kept open by ``stack`` until the run is over."""

    @abstractmethod
    def _zygote(self, stack: ExitStack, place: Layout, control: int, *, root: bool) -> Opened:
        """How to start ``zygote.py`` behind the walls with the rights it needs. What is on ``stack`` is let go once it is ready."""


def _unreadable() -> str | None:
    """Root may read everything, the uid that a script gets may not."""
    closed = layout().closed_to_others() if as_root() else None
    return closed and f"scripts do not run as root, and {closed} is readable for its owner only: `chmod -R a+rX {closed}`"


def attempt(command: Sequence[str], descriptors: Sequence[int] = ()) -> str | None:
    """Run a launcher that should do nothing; ``None`` if it did, else the last thing it said."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={}, pass_fds=descriptors, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)[:300]
    if done.returncode == 0:
        return None
    return (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1][:300]


def bootstrap(place: Layout, inside: Descriptors) -> list[str]:
    """The command that runs inside for one script."""
    return [place.python, "-I", "-B", f"{ROOT}/bootstrap.py", *inside.arguments()]


def zygote(place: Layout, control: int) -> list[str]:
    """The command that runs inside for many."""
    return [place.python, "-I", "-B", f"{ROOT}/zygote.py", str(control)]
