"""What executors share that start one cold interpreter per script: the job, the identity, the layout. They differ in who makes the walls."""

from __future__ import annotations

import contextlib
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

from nephoscope.boundary.sandbox import seccomp
from nephoscope.boundary.sandbox.job import HOME, ROOT, Job, environment, home_files, rlimits
from nephoscope.boundary.sandbox.layout import Layout, layout
from nephoscope.boundary.sandbox.run import Descriptors, Run
from nephoscope.boundary.sandbox.uids import as_root, identity
from nephoscope.interfaces import ListenerReady
from nephoscope.models import ExecutionResult, Limits, Surroundings

Launch = tuple[Callable[[Descriptors], Sequence[str]], Sequence[int]]
"""The launcher's command, made once the inherited descriptors are known, and further descriptors it inherits."""


class ColdExecutor(ABC):
    """Runs each script in namespaces of its own with nothing in them but the interpreter, its packages and a private home."""

    name: str
    level: str

    def __init__(self) -> None:
        self._layout: Layout | None = None
        self._tried = False
        self._why_not: str | None = None

    def available(self) -> str | None:
        if not self._tried:
            self._why_not = _unreadable() or self._try()
            self._tried = True
        return self._why_not

    async def open(self, preloads: Sequence[str]) -> None:
        """Look once at what to bind. Without a warm interpreter there is nothing to preload; only the modules' folders are bound."""
        self._layout = layout(preloads)

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
        with contextlib.ExitStack() as stack:
            uid = stack.enter_context(identity())
            command, extra = self._launch(stack, place, uid, limits)
            return await Run(job, limits, command, extra).result(listener)

    async def close(self) -> None:  # noqa: B027 - a role's method, nothing to override
        """Nothing stays between scripts."""

    @abstractmethod
    def _try(self) -> str | None:
        """What :meth:`available` answers, found by really making the walls once."""

    @abstractmethod
    def _launch(self, stack: contextlib.ExitStack, place: Layout, uid: int | None, limits: Limits) -> Launch:
        """How to start ``bootstrap.py`` behind the walls as ``uid``. What the launch needs is kept open by ``stack`` until the run is over."""


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
    """The command that runs inside."""
    return [place.python, "-I", "-B", f"{ROOT}/bootstrap.py", *inside.arguments()]
