"""Suite for executors. Core's own probes decide whether one is believed; this says whether it behaves."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import pytest

from nephoscope.interfaces import Executor, ListenerReady
from nephoscope.models import ExecutionResult, Limits, Surroundings
from nephoscope.testing.conformance.base import Suite

T = TypeVar("T")
GREEDY: Mapping[str, tuple[str, str, dict[str, float]]] = {
    "memory": ("held = bytearray(1 << 33)", "memory", {"memory_mb": 256}),
    "memory together": (
        "import os, time\nfor _ in range(6):\n    if not os.fork():\n        held = b'x' * 100_000_000\n        time.sleep(30)\ntime.sleep(30)",
        "memory",
        {"memory_mb": 256},
    ),
    "processes": ("import os, time\nwhile True:\n    if not os.fork(): time.sleep(30)", "processes", {"processes": 16}),
    "disk": ("with open('f', 'wb') as file:\n    while True: file.write(bytes(1 << 20))", "disk", {"disk_mb": 8}),
    "files": ("for number in range(1_000_000): open(str(number), 'w').close()", "files|disk", {"files": 2000}),
    "time": ("while True: pass", "seconds", {"seconds": 1.5}),
}
"""What takes too much: the script, the limit that its result names, and that limit."""
LEVELS = ("bubblewrap", "userns", "docker", "none")


class ExecutorSuite(Suite):
    """Tests that run scripts are skipped, with the executor's own reason, where it cannot run."""

    interface = Executor
    subject: Executor

    def run(
        self, source: str, params: Mapping[str, object] | None = None, surroundings: Surroundings | None = None, limits: Limits | None = None
    ) -> ExecutionResult:
        """Run a script to its end, in an executor opened for it."""

        async def one() -> ExecutionResult:
            return await self.subject.execute(source, surroundings or Surroundings(), params or {}, limits or Limits(seconds=20), _closing)

        return self.opened(one)

    def opened(self, scenario: Callable[[], Awaitable[T]], *, walls: bool = False) -> T:
        """Something done with the executor open. Skipped where it cannot run, and with ``walls`` where it claims none."""
        reason = self.subject.available()
        if reason is not None:
            pytest.skip(f"{self.subject.name} cannot run here: {reason}")
        if walls and self.subject.level == "none":
            pytest.skip(f"{self.subject.name} claims no isolation")

        async def all_of_it() -> T:
            await self.subject.open(())
            try:
                return await scenario()
            finally:
                await self.subject.close()

        return asyncio.run(all_of_it())

    async def execute(self, source: str, listener: ListenerReady | None = None, **limits: float) -> ExecutionResult:
        """One script in the opened executor."""
        within = Limits.model_validate({"seconds": 20, **limits})
        return await self.subject.execute(source, Surroundings(), {}, within, listener or _closing)

    def test_its_level_is_one_we_know(self) -> None:
        """Reports name the level; an invented one would say nothing."""
        assert self.subject.level in LEVELS

    def test_contains_scripts(self) -> None:
        """Core's probes, run through it, come back contained; level ``none`` must not claim so."""
        from nephoscope.boundary.sandbox.self_test import contained, self_test

        async def probe() -> bool:
            await self.subject.open(())
            try:
                return contained(await self_test(self.subject))
            finally:
                await self.subject.close()

        if self.subject.available() is not None:
            pytest.skip(str(self.subject.available()))
        if self.subject.level != "none":
            assert asyncio.run(probe())

    def test_a_script_that_ends_well(self) -> None:
        """Status, output, exit code and time are reported."""
        result = self.run("print('hello')\n")
        assert (result.status, result.exit_code) == ("ok", 0), result
        assert "hello" in result.output
        assert 0 < result.seconds < 20

    def test_parameters_and_variables_arrive_and_nothing_of_ours_does(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The environment is the surroundings' alone."""
        monkeypatch.setenv("MY_PRIVATE_VARIABLE", "private-value")
        source = "import os\nfrom nephoscope_script import params\nprint(params()['name'], os.environ['GIVEN'], dict(os.environ))\n"
        result = self.run(source, {"name": "orders"}, Surroundings(env={"GIVEN": "given-value"}))
        assert result.status == "ok", result
        assert "orders given-value" in result.output
        assert "private-value" not in result.output

    def test_files_of_the_surroundings_are_in_the_home(self) -> None:
        """Small files appear under the script's home."""
        source = "from pathlib import Path\nprint((Path.home() / '.conf/x').read_text())\n"
        assert "text of it" in self.run(source, surroundings=Surroundings(files={".conf/x": "text of it"})).output

    def test_statements_come_back_apart_from_the_output(self) -> None:
        """What a script states is data, whatever it prints."""
        source = "from nephoscope_script import state\nprint('{}')\nstate('s', 'a', 1, 'x:Y', 'Z')\n"
        (statement,) = self.run(source).statements
        assert isinstance(statement, dict)
        assert (statement["subject"], statement["value"]) == ("s", 1)

    @pytest.mark.parametrize("source", ["raise SystemExit(3)\n", "1 / 0\n", "def broken(\n", "import no_such_module\n", "import os\nos.abort()\n"])
    def test_a_script_that_fails_is_a_result_and_no_exception(self, source: str) -> None:
        """Never raises for what a script did."""
        assert self.run(source).status in ("failed", "killed")

    def test_a_script_that_does_not_end_is_ended(self) -> None:
        """The deadline is the executor's, not the script's."""
        source = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True:\n    pass\n"
        result = self.run(source, limits=Limits(seconds=1.5))
        assert result.status == "killed"
        assert result.limit_hit
        assert result.seconds < 15

    def test_output_is_capped(self) -> None:
        """A flood is cut and said to be."""
        result = self.run("for _ in range(1000):\n    print('x' * 10_000)\n", limits=Limits(seconds=20, output_bytes=50_000))
        assert result.truncated
        assert len(result.output) <= 60_000

    @pytest.mark.parametrize("name", list(GREEDY))
    def test_the_limit_that_ended_a_script_is_named(self, name: str) -> None:
        """Whoever reads the result knows what to ask less of."""
        source, limit, given = GREEDY[name]
        result = self.opened(lambda: self.execute(source, None, **given), walls=True)
        assert result.status != "ok", result
        assert result.limit_hit in limit.split("|"), result

    def test_a_limit_counted_elsewhere_ends_the_script(self) -> None:
        """The listener's owner may say that enough was asked for."""

        async def listener(descriptor: int) -> Callable[[], str | None]:
            os.close(descriptor)
            return lambda: "calls"

        result = self.opened(lambda: self.execute("import time\ntime.sleep(60)", listener))
        assert (result.status, result.limit_hit) == ("killed", "calls"), result
        assert result.seconds < 10

    def test_what_connects_inside_is_accepted_outside(self) -> None:
        """The listening socket's descriptor is all that the broker needs."""
        heard: list[bytes] = []

        async def listener(descriptor: int) -> None:
            async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                heard.append(await reader.readline())
                writer.write(b"well\n")
                await writer.drain()
                writer.close()

            await asyncio.start_server(answer, sock=socket.socket(fileno=descriptor))

        source = (
            "import socket\nfrom nephoscope_script import params\nline = socket.create_connection(('127.0.0.1', 4566), 5)\n"
            "line.sendall(b'hello\\n')\nprint(line.recv(10).decode())"
        )
        result = self.opened(lambda: self.execute(source, listener), walls=True)
        assert (result.output.strip(), heard) == ("well", [b"hello\n"]), result

    def test_the_next_script_finds_nothing_of_the_one_before(self) -> None:
        """Each has a home of its own, and an interpreter as if freshly started."""

        async def scenario() -> ExecutionResult:
            await self.execute("import json, os\nopen('left', 'w').close()\njson.mark = 1\nos.environ['MARK'] = '1'")
            return await self.execute("import json, os\nprint(os.path.exists('left'), hasattr(json, 'mark'), 'MARK' in os.environ)")

        assert self.opened(scenario).output == "False False False\n"

    def test_several_run_at_once_and_are_not_confused(self) -> None:
        """Outputs, statements and ends stay with their script."""

        async def scenario() -> list[ExecutionResult]:
            return list(await asyncio.gather(*(self.execute(f"import time\ntime.sleep(0.5)\nprint({n})\nraise SystemExit({n})") for n in range(4))))

        results = self.opened(scenario)
        assert [(result.output, result.exit_code) for result in results] == [(f"{n}\n", n) for n in range(4)]

    def test_a_script_cannot_write_its_own_result(self) -> None:
        """Status, exit code and calls are what was seen from outside, whatever is written to every descriptor."""
        forged = json.dumps(
            {"status": "ok", "exit_code": 0, "calls": ["s1.c1"], "kind": "timeout", "message": "x", "operation": "", "limit": "seconds"}
        )
        source = f"import os\nfor number in range(3, 256):\n    try: os.write(number, {forged.encode()!r})\n    except OSError: pass\nos._exit(5)"
        result = self.run(source)
        assert (result.status, result.exit_code, result.limit_hit, result.calls) == ("failed", 5, None, ()), result

    def test_a_cancelled_script_is_ended(self) -> None:
        """Whoever waits may stop waiting; the script does not go on."""

        async def scenario() -> bool:
            task = asyncio.ensure_future(self.execute("import time\ntime.sleep(60)", seconds=60))
            await asyncio.sleep(3)
            task.cancel()
            done, _ = await asyncio.wait({task}, timeout=20)
            return bool(done) and task.cancelled()

        assert self.opened(scenario)


async def _closing(descriptor: int) -> None:
    os.close(descriptor)
