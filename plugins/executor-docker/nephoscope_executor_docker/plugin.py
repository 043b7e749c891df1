"""What this pack registers. The engine's client is imported only where it is used."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.interfaces import Executor
from nephoscope.plugin import hookimpl


@hookimpl
def nephoscope_register_executors() -> Sequence[Executor]:
    from nephoscope_executor_docker.executor import DockerExecutor

    return [DockerExecutor()]
