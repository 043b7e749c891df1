"""The container executor keeps the contract of executors, through a real engine."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from nephoscope.boundary.sandbox import LISTENER_URL
from nephoscope.models import ExecutionResult, Limits, Surroundings
from nephoscope.testing.conformance import ExecutorSuite
from nephoscope_executor_docker import engine
from nephoscope_executor_docker.executor import DockerExecutor

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]


class TestDocker(ExecutorSuite):
    subject = DockerExecutor()


@pytest.fixture(scope="module")
def executor() -> Iterator[DockerExecutor]:
    made = DockerExecutor()
    reason = made.available()
    if reason:
        pytest.skip(reason)
    yield made


def run(executor: DockerExecutor, source: str, listener=None, **limits: float) -> ExecutionResult:
    async def closing(descriptor: int) -> None:
        os.close(descriptor)

    async def scenario() -> ExecutionResult:
        await executor.open(())
        try:
            return await executor.execute(source, Surroundings(), {}, Limits(**{"seconds": 40, **limits}), listener or closing)
        finally:
            await executor.close()

    return asyncio.run(scenario())


def test_the_listener_inside_is_accepted_from_outside(executor):
    async def listener(descriptor: int) -> None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")
            await writer.drain()
            writer.close()

        await asyncio.start_server(answer, sock=socket.socket(fileno=descriptor))

    source = f"import urllib.request\nprint(urllib.request.urlopen({LISTENER_URL!r} + '/x', timeout=5).read().decode())"
    assert run(executor, source, listener).output == "hello\n"


def test_the_door_is_gone_before_the_script_begins(executor):
    source = f"import socket\nprint('begun', flush=True)\nsocket.socket(socket.AF_UNIX).connect({engine.DOOR + '/socket'!r})"
    result = run(executor, source)
    assert result.output.startswith("begun") and "No such file" in result.failure.message


def test_the_memory_of_all_processes_is_one_limit_and_it_is_named(executor):
    source = "import os, time\nfor _ in range(6):\n    if not os.fork():\n        held = b'x' * 100_000_000\n        time.sleep(20)\ntime.sleep(20)"
    assert run(executor, source, memory_mb=256).limit_hit == "memory"


def test_no_container_is_left(executor):
    run(executor, "print(1)")
    run(executor, "while True: pass", seconds=1)
    client = engine.connect()
    try:
        assert client.containers.list(all=True, filters={"label": engine.LABEL}) == []
    finally:
        client.close()


def test_an_engine_elsewhere_is_refused(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    assert "not on this machine" in str(DockerExecutor().available())


def test_without_an_engine_it_says_what_to_start(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    assert "no container engine listens" in str(DockerExecutor().available())
    assert not list(Path(tmp_path).iterdir())
