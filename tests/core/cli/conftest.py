"""An application that records what the command line asks of it."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from nephoscope.cli.main import app
from nephoscope.models import Event, Question
from nephoscope.models.execution import Execution, Order
from nephoscope.models.record import Ailment, Explanation, Leaving, RunSummary, Verification
from nephoscope.models.report import Report


class RecordingApplication:
    """Implements ``nephoscope.cli.application.Application`` without doing anything."""

    def __init__(self, samples: ModuleType) -> None:
        self.samples = samples
        self.session: Any = None
        self.asked: list[tuple[str, Any]] = []
        self.answers: list[str | None] = []
        self.result: Report | Exception | KeyboardInterrupt = samples.confirmed()
        self.question: Question | None = None
        self.summaries: list[RunSummary] = []
        self.stops = 0
        self.kept = ""
        self.wishes: dict[str, Any] = {}
        self.policies: dict[str, Any] = {}
        self.orders: list[Order] = []
        self.execution: Execution | BaseException = Execution(id="r-7k2", name="it", status="failed", exit_code=7, output="said\n")

    def _run(self, name: str, arguments: Any, on_event: Callable[[Event], None], ask: Callable[[Question], str | None]) -> Report:
        self.asked.append((name, arguments))
        on_event(Event(kind="run_started", at="2026-11-22T10:05:00+00:00", data={"id": "r-7k2", "isolation": "bubblewrap"}))
        if self.question is not None:
            self.answers.append(ask(self.question))
        if isinstance(self.result, BaseException):
            raise self.result
        if self.kept and name == "demo":
            on_event(Event(kind="kept", at="2026-11-22T10:05:00+00:00", data={"endpoint": self.kept}))
        return self.result

    def investigate(self, text: str, *, on_event: Any, ask: Any, approve: Any) -> Report:
        return self._run("investigate", text, on_event, ask)

    def resume(self, run_id: str, *, on_event: Any, ask: Any, approve: Any) -> Report:
        return self._run("resume", run_id, on_event, ask)

    def demo(self, scenario_id: str | None, text: str | None, keep: bool, *, on_event: Any, ask: Any, approve: Any) -> Report:
        return self._run("demo", (scenario_id, text, keep), on_event, ask)

    def scenarios(self) -> Sequence[Any]:
        return [
            SimpleNamespace(id="b-two", family="delivery", text="[red]nothing[/red] happens"),
            SimpleNamespace(id="a-one", family="access", text="no"),
        ]

    def runs(self) -> Sequence[RunSummary]:
        return self.summaries

    def report(self, run_id: str) -> Report:
        return self._run("report", run_id, lambda event: None, lambda question: None)

    def leavings(self, run_id: str) -> Sequence[Leaving]:
        self.asked.append(("leavings", run_id))
        at = "2026-11-22T10:05:00Z"
        return [Leaving(to="cloud", place="ponds in r-1", account="a-1", what="ponds:ListPonds", kind="config", count=3, first=at, last=at)]

    def purge(self, run_ids: Sequence[str]) -> Sequence[str]:
        self.asked.append(("purge", list(run_ids)))
        return run_ids

    def why(self, run_id: str, number: int) -> Explanation:
        self.asked.append(("why", (run_id, number)))
        explanation: Explanation = self.samples.explanation()
        return explanation

    def verify(self, run_id: str) -> Verification:
        self.asked.append(("verify", run_id))
        return Verification(id=run_id, verdict="confirmed", remaining=("aws.lambda.permission-missing",))

    def execute(self, order: Order) -> Execution:
        self.orders.append(order)
        self.asked.append(("execute", list(order.argv)))
        if isinstance(self.execution, BaseException):
            raise self.execution
        return self.execution

    def doctor(self, *, connect: bool = False) -> Sequence[Ailment]:
        self.asked.append(("doctor", connect))
        return [Ailment(name="isolation", state="broken", detail="no user namespaces", remedy="apt install bubblewrap")]

    def permits(self) -> Any:
        from nephoscope.permitting import Permits
        from nephoscope.settings import Settings

        return Permits(Settings(**self.wishes), self.policies)

    def request_stop(self) -> None:
        self.stops += 1


class CommandLine:
    """Runs commands in this process, against the recording application."""

    def __init__(self, application: RecordingApplication) -> None:
        self.application = application

    def __call__(self, *words: str, stdin: str | bytes = "") -> Any:
        return CliRunner().invoke(app, list(words), input=stdin, catch_exceptions=False)

    def document(self, *words: str, stdin: str | bytes = "") -> Any:
        return json.loads(self(*words, "--json", stdin=stdin).stdout)


@pytest.fixture(scope="session")
def samples() -> ModuleType:
    path = Path(__file__).parents[1] / "reporting" / "samples.py"
    spec = importlib.util.spec_from_file_location("report_samples_for_cli", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of the machine, no variables of the caller."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("NEPHOSCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NEPHOSCOPE_DEBUG", raising=False)


@pytest.fixture
def application(samples: ModuleType, monkeypatch: pytest.MonkeyPatch) -> RecordingApplication:
    made = RecordingApplication(samples)

    def build(session: Any) -> RecordingApplication:
        made.session = session
        return made

    monkeypatch.setattr("nephoscope.cli.session.build", build)
    return made


@pytest.fixture
def nephoscope(application: RecordingApplication) -> CommandLine:
    return CommandLine(application)
