"""Suite for executors. Core's own probes decide whether one is believed; this says whether it behaves."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

import pytest

from nephoscope.interfaces import Executor
from nephoscope.models import ExecutionResult, Limits, Surroundings
from nephoscope.testing.conformance.base import Suite

LEVELS = ("bubblewrap", "userns", "docker", "none")


class ExecutorSuite(Suite):
    """Tests that run scripts are skipped, with the executor's own reason, where it cannot run."""

    interface = Executor
    subject: Executor

    def run(
        self, source: str, params: Mapping[str, object] | None = None, surroundings: Surroundings | None = None, limits: Limits | None = None
    ) -> ExecutionResult:
        """Run a script to its end, in an executor opened for it."""
        reason = self.subject.available()
        if reason is not None:
            pytest.skip(f"{self.subject.name} cannot run here: {reason}")
        return asyncio.run(self._run(source, params or {}, surroundings or Surroundings(), limits or Limits(seconds=20)))

    async def _run(self, source: str, params: Mapping[str, object], surroundings: Surroundings, limits: Limits) -> ExecutionResult:
        async def listener(descriptor: int) -> None:
            os.close(descriptor)

        await self.subject.open(())
        try:
            return await self.subject.execute(source, surroundings, params, limits, listener)
        finally:
            await self.subject.close()

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
