"""What a model wrote and what a person made of it: kept for the next time, answered from what was said before, and gone through again offline."""

from __future__ import annotations

import os
import pty
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nephoscope.testing.llm_server import LLMServer, Reply

sys.path.insert(0, str(Path(__file__).parent))
from silent_service import GOOD_SCRIPT, THINK, WORDS, Model, conclusion, document_of, emulated

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(600)]
ASKS = {"id": "s", "intent": "what all services of shop-prod want", "script": True}
STEERED = "look at what the services of cluster shop-prod want"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with emulated(tmp_path_factory.mktemp("seed")) as address:
        yield address


def model() -> Model:
    """Wants a script, and concludes when it has read what the service wants."""

    def plans(asked: Any) -> Reply:
        fact = document_of(asked, "ecs:DescribeServices")
        return Reply(value={"decision": "checks", "hypotheses": THINK, "checks": [ASKS]} if fact == "f:none" else conclusion(fact))

    return Model([plans], [lambda asked: Reply(text=GOOD_SCRIPT)])


def words(endpoint: str, server: LLMServer) -> list[str]:
    asked = ["investigate", WORDS, "--planner", "llm", "--model", "openai:some-model", "--model-base-url", f"{server.url}/v1"]
    return [*asked, "--endpoint-url", endpoint, "--region", "eu-west-1"]


def with_keys(terminal: Any, **more: str) -> Any:
    terminal.env = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", **more}
    return terminal


def replays(terminal: Any, run: str) -> None:
    again = terminal.run("replay", run, "--json", seconds=200)
    assert again.document["differences"] == []
    assert (again.code, again.document["after"]["verdict"]) == (0, "confirmed"), again.err


def authors(report: dict[str, Any]) -> list[str]:
    return [step["author"] for step in report["steps"]]


def test_a_second_run_uses_the_kept_script_and_the_kept_replies_and_both_replay(terminal: Any, endpoint: str) -> None:
    with_keys(terminal, NEPHOSCOPE_MODEL_CACHE_HOURS="24")
    with LLMServer(model()) as server:
        first = terminal.run(*words(endpoint, server), "--json", "--ask", "never", seconds=200)
        asked = len(server.requests)
        second = terminal.run(*words(endpoint, server), "--json", "--ask", "never", seconds=200)
        more = len(server.requests) - asked
        terminal.env["NEPHOSCOPE_SKILLS"] = "off"
        third = terminal.run(*words(endpoint, server), "--json", "--ask", "never", seconds=200)
    assert [(one.code, one.document["verdict"]) for one in (first, second, third)] == [(0, "confirmed")] * 3, first.err + second.err
    assert "model:openai:some-model" in authors(first.document)
    assert any(author.startswith("skill:") for author in authors(second.document)), authors(second.document)
    assert more < asked
    assert sum(row["calls"] for row in second.document["llm"]["by_model"]) == more
    assert [row["from_cache"] for row in third.document["llm"]["by_model"] if row["role"] == "generator"] == [1], third.document["llm"]
    for done in (first, second):
        replays(terminal, done.document["id"])


def test_a_run_that_a_person_steered_replays(terminal: Any, endpoint: str) -> None:
    with_keys(terminal)
    with LLMServer(model()) as server:
        done = terminal.run(*words(endpoint, server), "--json", "--ask", "risky", "--answer", f"steer: {STEERED}", "--answer", "yes", seconds=200)
    assert (done.code, done.document["verdict"]) == (0, "confirmed"), done.err
    assert STEERED in [one["answer"] for one in done.document["questions"]]
    replays(terminal, done.document["id"])


def test_a_run_whose_script_a_person_edited_replays(terminal: Any, endpoint: str, tmp_path: Path) -> None:
    with_keys(terminal, VISUAL="sed -i s/print(error)/pass/", TERM="xterm")
    with LLMServer(model()) as server:
        code, seen = at_a_terminal(terminal, words(endpoint, server), "e\ny\n")
    assert code == 0, seen
    (run,) = terminal.runs
    report = terminal.run("runs", "show", run.name, "--json").document
    assert "person" in authors(report), seen
    assert report["verdict"] == "confirmed"
    replays(terminal, run.name)


def at_a_terminal(terminal: Any, argv: list[str], typed: str) -> tuple[int, str]:
    """The command as a person sees it: how it ended, and what was on the screen. Each line is typed when the next question stands there."""
    ours, theirs = pty.openpty()
    process = terminal.start(*argv, "--ask", "risky", stdin=theirs, stdout=theirs, stderr=theirs, text=False)
    os.close(theirs)
    clock = threading.Timer(200, process.kill)
    clock.start()
    seen, lines = "", typed.splitlines(keepends=True)
    try:
        while True:
            try:
                seen += os.read(ours, 65536).decode(errors="replace")
            except OSError:  # the other end is closed
                break
            if lines and seen.count("[y]es") > typed.count("\n") - len(lines):
                os.write(ours, lines.pop(0).encode())
    finally:
        clock.cancel()
        os.close(ours)
    return process.wait(), seen
