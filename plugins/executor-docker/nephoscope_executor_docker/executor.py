"""The executor: level ``docker``."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nephoscope.boundary.sandbox import seccomp
from nephoscope.boundary.sandbox.job import HOME, ROOT, Job, environment, home_files, rlimits
from nephoscope.boundary.sandbox.layout import Layout, layout
from nephoscope.boundary.sandbox.process import Started, Told
from nephoscope.boundary.sandbox.run import Descriptors, Run
from nephoscope.interfaces import IsolationError, ListenerReady
from nephoscope.models import ExecutionResult, Failure, Limits, Surroundings
from nephoscope_executor_docker import engine
from nephoscope_executor_docker.container import Container


class DockerExecutor:
    """One container per script, of an engine on this machine."""

    name = "docker"
    level = "docker"
    note = "one container per script"

    def __init__(self) -> None:
        self._client: Any = None
        self._layout: Layout | None = None
        self._image = ""
        self._why_not: str | None = None
        self._tried = False

    def available(self) -> str | None:
        """Found by really running an empty container once."""
        if not self._tried:
            self._tried = True
            try:
                self._why_not = self._try()
            except IsolationError as error:
                self._why_not = f"{error.message}: {error.hint}" if error.hint else error.message
            except Exception as error:
                self._why_not = f"the container engine cannot run a container: {str(error)[:300]}"
        return self._why_not

    async def open(self, preloads: Sequence[str]) -> None:
        """An image with the places that this interpreter and these modules are bound to."""
        self._layout = layout(preloads)
        client = await asyncio.to_thread(self._connected)
        self.note = f"one container per script, by the engine {await asyncio.to_thread(engine.describe, client)}"
        self._image = await asyncio.to_thread(engine.image, client, self._layout)
        await asyncio.to_thread(engine.sweep, client)

    async def execute(
        self, source: str, surroundings: Surroundings, params: Mapping[str, object], limits: Limits, listener: ListenerReady
    ) -> ExecutionResult:
        place, client = self._layout, self._client
        if place is None or client is None:
            raise IsolationError("the executor is not open")
        job = Job(
            source=source,
            env=environment(surroundings, params),
            files=home_files(surroundings),
            # Processes are counted by the container's own group: per user, those of other containers would count too.
            rlimits={name: value for name, value in rlimits(limits).items() if name != "RLIMIT_NPROC"},
            path=(f"{ROOT}/lib", *place.path),
            landlock={"read": ["/"], "write": [HOME, "/dev/null"]},
            seccomp=seccomp.program().hex(),
        )
        carriers: list[Container] = []

        def create(door: Path) -> Any:
            return client.containers.create(self._image, engine.command(place), **engine.settings(place, door, limits))

        def start(inside: Descriptors, _: Told) -> Started:
            carriers.append(Container(create, inside))
            return carriers[0]

        result = await Run(job, limits, start, grouped=False).result(listener)
        return _out_of_memory(result, limits) if carriers[0].out_of_memory else result

    async def close(self) -> None:
        """Let go of the engine; nothing stays between scripts."""
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(client.close)

    def _connected(self) -> Any:
        if self._client is None:
            self._client = engine.connect()
        return self._client

    def _try(self) -> str | None:
        if not seccomp.supported():
            return f"no system call table for {platform.machine()} processors"
        place, client = layout(), engine.connect()
        try:
            nothing = [place.python, "-I", "-S", "-c", ""]
            container = client.containers.create(engine.image(client, place), nothing, **engine.settings(place, None, Limits()))
            try:
                container.start()
                code = int(container.wait(timeout=engine.SECONDS)["StatusCode"])
            finally:
                container.remove(force=True)
        finally:
            client.close()
        return None if code == 0 else f"an empty container ended with status {code}"


def _out_of_memory(result: ExecutionResult, limits: Limits) -> ExecutionResult:
    failure = Failure(kind="limit", message=f"its processes together took more than {limits.memory_mb} MB")
    return result.model_copy(update={"status": "killed", "limit_hit": "memory", "failure": failure})
