"""The command as shells run it: signals, terminals, broken streams."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

DRIVER = str(Path(__file__).with_name("driver.py"))
WORDS = [sys.executable, DRIVER, "investigate", "x"]


def environment(behaviour: str = "", **more: str) -> dict[str, str]:
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "XDG_CONFIG_HOME", "NEPHOSCOPE_HOME") if name in os.environ}
    return {**keep, "BEHAVIOUR": behaviour, "LC_ALL": "C.UTF-8", "TERM": "xterm", **more}


def run(*words: str, behaviour: str = "", variables: dict[str, str] | None = None, **options: Any) -> subprocess.CompletedProcess[bytes]:
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, "timeout": 60, **options}
    return subprocess.run([*WORDS, *words], env=environment(behaviour, **(variables or {})), check=False, **given)


def wait_for(stream: Any, word: bytes) -> bytes:
    seen = b""
    while word not in seen:
        more = stream.readline()
        assert more, seen
        seen += more
    return seen


@pytest.fixture
def running(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """A run that has begun."""
    process = subprocess.Popen(WORDS, env=environment(request.param), stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    wait_for(process.stderr, b"r-7k2")
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("running", ["drain"], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_interrupt_drains(running: subprocess.Popen[bytes], number: signal.Signals) -> None:
    running.send_signal(number)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert b"nothing is lost" in err
    assert b"nephoscope resume r-7k2" in b" ".join(out.split())


@pytest.mark.parametrize("running", ["hang"], indirect=True)
def test_two_interrupts_end_now(running: subprocess.Popen[bytes]) -> None:
    running.send_signal(signal.SIGINT)
    assert running.stderr is not None
    wait_for(running.stderr, b"Ctrl-C again")
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert b"nephoscope resume r-7k2" in err
    assert b"Traceback" not in err


def test_a_reader_that_goes_away_is_no_error() -> None:
    process = subprocess.Popen([*WORDS, "--json"], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    assert process.wait(timeout=30) == 0
    assert b"Error" not in err


@pytest.mark.parametrize("words", [["--json"], []])
def test_closed_streams_change_nothing_but_the_output(words: list[str], tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    command = " ".join([*WORDS, *words, "--out", str(out), "<&- >&- 2>&-"])
    assert subprocess.run(["sh", "-c", command], env=environment(), check=False, timeout=60).returncode == 0
    assert json.loads(out.read_text())["id"] == "r-7k2"


@pytest.mark.parametrize("words", [["--json"], []])
def test_a_full_disk_is_said_and_the_run_is_kept(words: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        result = run(*words, stdout=full)
    assert result.returncode == 2
    assert b"nephoscope runs show r-7k2" in result.stderr
    assert b"Traceback" not in result.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_terminals_without_unicode_get_every_line(encoding: str) -> None:
    result = run(variables={"PYTHONIOENCODING": encoding})
    assert result.returncode == 0
    assert b"CONFIRMED" in result.stdout


def on_a_terminal(words: list[str], replies: list[tuple[bytes, bytes]], behaviour: str, **variables: str) -> tuple[int, bytes]:
    """Run with a terminal on all three streams; when a word appears, type the reply."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [*WORDS, *words], environment(behaviour, **variables))
    seen = b""
    waiting = list(replies)
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        try:
            more = os.read(terminal, 65536)
        except OSError:
            break
        if not more:
            break
        seen += more
        if waiting and waiting[0][0] in seen:
            os.write(terminal, waiting.pop(0)[1])
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), seen


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        (b"2\n", b"answer=second"),
        (b"\n", b"answer=first"),
        (b"sec\n", b"answer=second"),
        (b"another\n", b"answer=another"),
        (b"\x04", b"answer=None"),
    ],
)
def test_a_person_is_asked(typed: bytes, answer: bytes) -> None:
    code, seen = on_a_terminal([], [(b"answer [first]> ", typed)], "ask")
    assert code == 0
    assert answer in seen
    assert b"Which one?" in seen


def test_an_interrupt_ends_the_question() -> None:
    code, seen = on_a_terminal([], [(b"answer [first]> ", b"\x03")], "ask")
    assert code == 0
    assert b"answer=None" in seen


@pytest.mark.parametrize("words", [["--json"], ["--ask", "never"]])
def test_a_person_who_wants_no_questions_gets_none(words: list[str]) -> None:
    code, seen = on_a_terminal(words, [], "ask")
    assert code == 0
    assert b"answer=None" in seen


@pytest.mark.parametrize(("typed", "answer"), [(b"y\n", b"answer=True"), (b"\n", b"answer=False"), (b"yes please\n", b"answer=False")])
def test_a_script_runs_only_after_a_clear_yes(typed: bytes, answer: bytes) -> None:
    _, seen = on_a_terminal([], [(b"[w]hole script> ", typed)], "approve")
    assert answer in seen
    assert b"| print(1)" in seen
    assert b"line 1: prints" in seen


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, {"NO_COLOR": "1"}, {"CI": "true"}])
def test_plain_surroundings_get_no_cursor_movement(variables: dict[str, str]) -> None:
    _, seen = on_a_terminal([], [], "", **variables)
    assert b"-- nephoscope r-7k2" in seen
    assert b"\x1b[2K" not in seen
    assert b"\x1b[1A" not in seen


def test_the_live_view_leaves_only_what_is_final() -> None:
    _, seen = on_a_terminal([], [], "")
    assert b"\x1b[?25h" in seen  # the cursor is shown again
    assert b"\x1b[2J" not in seen  # the scrollback is never cleared


def test_help_is_light() -> None:
    program = (
        "import sys, time\n"
        "import typer, typer.rich_utils\n"
        "from nephoscope.cli import main\n"
        "sys.argv = ['nephoscope', '--help']\n"
        "before = time.process_time()\n"
        "try:\n    main.main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'langgraph', 'langchain_core', 'boto3', 'botocore', 'pluggy', 'nephoscope.app', 'nephoscope.plugin', 'sqlite3', 'asyncio'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
        "print(time.process_time() - before < 0.3, file=sys.stderr)\n"
    )
    result = subprocess.run([sys.executable, "-c", program], env=environment(), capture_output=True, check=True, timeout=60)
    assert result.stderr.decode().splitlines() == ["[]", "True"]
