"""What leaves for tools that show traces: nothing unless it is switched on, nothing unscrubbed, and never at the run's expense."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.plugins.tracing_langsmith.collector import Collector

from nephoscope.interfaces import UsageError
from nephoscope.models import TracedRun, TraceTarget
from nephoscope.testing.llm_server import LLMServer, Reply
from nephoscope_tracing_langsmith.langsmith import LangSmithTracer

PROGRAM = Path(__file__).with_name("program.py")
SECRET = "hunter2-of-the-cloud"
SHELL = {"LANGSMITH_TRACING": "true", "LANGCHAIN_TRACING_V2": "true", "LANGSMITH_API_KEY": "lsv2-of-the-shell", "LANGSMITH_PROJECT": "theirs"}


@dataclass
class Ran:
    """How a program went: seconds to leave the traced part, then to its end, and the link it got."""

    leaving: float
    ending: float
    link: str
    errors: str


def run(tracing: str, endpoint: str, folder: Path, shell: dict[str, str] | None = None) -> Ran:
    with LLMServer(lambda asked: Reply(text=f"it is {SECRET}")) as models:
        command = [sys.executable, str(PROGRAM), tracing, endpoint, models.base_url("openai"), str(folder)]
        environment = {**os.environ, "LANGSMITH_ENDPOINT": endpoint, **(shell or {})}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=110, check=False)
        ended = time.time()
        assert done.returncode == 0, done.stderr
        assert len(models.requests) == 1
    begun, left, link = (done.stdout.strip().rpartition("\n")[2] + " ").split(" ", 2)
    return Ran(float(left) - float(begun), ended - float(left), link.strip(), done.stderr)


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


def test_a_shell_that_traces_traces_nothing_of_ours(collector: Collector, tmp_path: Path) -> None:
    run("", collector.url, tmp_path, SHELL)
    assert collector.received == []


def test_langsmith_gets_nodes_models_tags_and_errors_and_no_secret(collector: Collector, tmp_path: Path) -> None:
    ran = run("langsmith", collector.url, tmp_path, SHELL)
    runs = collector.runs()
    names = {one["name"] for one in runs.values()}
    assert {"investigation", "plan", "fail"} <= names
    assert {one["run_type"] for one in runs.values()} >= {"llm", "chain"}
    root = next(one for one in runs.values() if one["name"] == "investigation")
    assert {"nephoscope", "model:openai:m"} <= set(root["tags"])
    assert root["extra"]["metadata"]["run"] == "r-test"
    assert all(one["session_name"] == "nephoscope" for one in runs.values())
    assert any("failed at ***" in str(one.get("error")) for one in runs.values())
    assert "what about ***?" in str(runs)
    assert "it is ***" in str(runs)
    assert SECRET.encode() not in collector.everything()
    assert b"lsv2-of-the-shell" not in collector.everything()
    assert b"theirs" not in collector.everything()
    assert not any("runtime" in one.get("extra", {}) for one in runs.values())
    root_id = next(run_id for run_id, one in runs.items() if one["name"] == "investigation")
    assert root_id in ran.link


def test_opentelemetry_gets_spans_of_the_conventions_and_no_secret(collector: Collector, tmp_path: Path) -> None:
    ran = run("otel", collector.url, tmp_path, SHELL)
    spans = {span.name: span for span in collector.spans()}
    assert {"investigation", "plan", "fail", "chat m"} <= set(spans)
    chat = {one.key: one.value for one in spans["chat m"].attributes}
    assert chat["gen_ai.request.model"].string_value == "m"
    assert chat["gen_ai.usage.output_tokens"].int_value > 0
    assert chat["gen_ai.response.finish_reasons"].array_value.values[0].string_value == "stop"
    assert {event.name for event in spans["chat m"].events} == {"gen_ai.human.message", "gen_ai.choice"}
    assert "failed at ***" in spans["fail"].status.message
    assert len({span.trace_id for span in spans.values()}) == 1
    assert spans["investigation"].trace_id.hex() in ran.link
    assert SECRET.encode() not in collector.everything()
    assert not [path for path, _ in collector.received if "/v1/traces" not in path]


@pytest.mark.parametrize("tracing", ["langsmith", "otel"])
@pytest.mark.parametrize("trouble", ["down", "error", "hang"])
def test_an_endpoint_in_trouble_is_not_waited_for(tracing: str, trouble: str, tmp_path: Path) -> None:
    collector = Collector(trouble)
    if trouble == "down":
        collector.close()
    ran = run(tracing, collector.url, tmp_path)
    collector.close() if trouble != "down" else None
    assert "Traceback" not in ran.errors
    assert ran.link
    # two seconds by design, more on a busy machine; then an interpreter's usual end, and not the minute that the collector would hang
    assert ran.leaving < 5, ran
    assert ran.ending < 30, ran


def test_langsmith_itself_is_not_asked_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANGSMITH_API_KEY", "LANGCHAIN_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError, match="needs a key"), LangSmithTracer().trace(TracedRun(id="r"), TraceTarget(), str):
        pass
