"""No isolation at all: a plain child process with an empty environment. Who may run what here is the boundary's decision, not ours."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from nephoscope.boundary.sandbox.job import PORT, Job, environment, home_files, rlimits
from nephoscope.boundary.sandbox.layout import layout
from nephoscope.boundary.sandbox.process import START_ENVIRONMENT, Child, Started, Told
from nephoscope.boundary.sandbox.run import Descriptors, Run
from nephoscope.interfaces import ListenerReady
from nephoscope.models import ExecutionResult, Limits, Surroundings

HERE = Path(__file__).parent


class NoneExecutor:
    """Level ``none``. The listener is on this machine's loopback, on a port of its own: its address is put into the surroundings."""

    name = "unsafe-local"
    level = "none"

    def available(self) -> str | None:
        return None

    async def open(self, preloads: Sequence[str]) -> None:
        """Nothing to prepare."""

    async def execute(
        self, source: str, surroundings: Surroundings, params: Mapping[str, object], limits: Limits, listener: ListenerReady
    ) -> ExecutionResult:
        with tempfile.TemporaryDirectory(prefix="nephoscope-") as folder, socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            door.listen(128)
            here = _moved(surroundings, door.getsockname()[1])
            lib, home = Path(folder, "lib"), Path(folder, "home")
            lib.mkdir()
            home.mkdir()
            shutil.copy(HERE / "nephoscope_script.py", lib)
            job = Job(
                source=source,
                env=environment(here, params),
                files=home_files(here),
                # Processes are counted per user: a limit here would count everything else the user runs.
                rlimits={name: value for name, value in rlimits(limits).items() if name != "RLIMIT_NPROC"},
                path=(str(lib), *layout().path),
                home=str(home),
                port=0,
            )
            overrun = await listener(os.dup(door.fileno()))
            return await Run(job, limits, _start, walled=False, overrun=overrun).result(listener)

    async def close(self) -> None:
        """Nothing stays between scripts."""


def _start(inside: Descriptors, _: Told) -> Started:
    command = [sys.executable, "-I", "-B", str(HERE / "bootstrap.py"), *inside.arguments()]
    return Child(command, descriptors=inside.all(), output=inside.output, env=START_ENVIRONMENT)


def _moved(surroundings: Surroundings, port: int) -> Surroundings:
    """The same surroundings for a listener on another port than the one every real sandbox has."""
    return Surroundings.model_validate_json(surroundings.model_dump_json().replace(f"127.0.0.1:{PORT}", f"127.0.0.1:{port}"))
