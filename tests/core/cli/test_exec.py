"""``exec``: which words mean what, and the result that is always there."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nephoscope.cli.result_file import ROOM, ResultFile
from nephoscope.interfaces.errors import CredentialsError, IsolationError
from nephoscope.models import Violation
from nephoscope.models.execution import Execution


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "read.py"
    path.write_text("print('é')\n")
    return path


def document(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


@pytest.mark.parametrize(
    "words",
    [
        "--script {script} --profile p --result {result} --region eu-1 --no-static-checks",
        "--profile p --no-static-checks --result {result} --script {script} --region eu-1",
        "--region=eu-1 --profile=p --script={script} --result={result} --no-static-checks",
    ],
)
def test_options_stand_in_any_order(nephoscope: Any, script: Path, tmp_path: Path, words: str) -> None:
    done = nephoscope("exec", *words.format(script=script, result=tmp_path / "out.json").split())
    assert (done.exit_code, done.stdout) == (7, "said\n"), done.stderr
    (order,) = nephoscope.application.orders
    assert (order.source, order.static_checks, order.argv) == ("print('é')\n", False, ())
    settings = nephoscope.application.session.loaded.settings
    assert (settings.region, settings.scope) == ("eu-1", {"profile": ["p"]})
    assert document(tmp_path / "out.json")["exit_code"] == 7


def test_options_before_a_command_are_ours_and_after_it_are_its_own(nephoscope: Any, tmp_path: Path) -> None:
    nephoscope("exec", "--profile", "p", "--result", str(tmp_path / "r"), "--", "aws", "--profile", "q", "--result", "--script")
    assert nephoscope.application.asked == [("execute", ["aws", "--profile", "q", "--result", "--script"])]
    assert nephoscope.application.session.loaded.settings.scope == {"profile": ["p"]}


def test_upstream_is_another_word_for_the_endpoint(nephoscope: Any, script: Path) -> None:
    nephoscope("exec", "--script", str(script), "--upstream", "http://127.0.0.1:9")
    assert nephoscope.application.session.loaded.settings.endpoint_url == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--script", "{script}", "--", "ls"], "which?"),
        (["--script", "missing.py"], "missing.py cannot be read"),
        (["--artefacts", "--script", "{script}"], "--result FILE"),
        (["--investigation", "r-1", "--region", "eu-1", "--script", "{script}"], "leave out: --region"),
        (["--investigation", "r-1", "--profile", "p", "--script", "{script}"], "leave out: --profile"),
        (["--result", "/nowhere/at/all", "--script", "{script}"], "/nowhere/at/all"),
    ],
)
def test_wrong_words_run_nothing(nephoscope: Any, script: Path, words: list[str], says: str) -> None:
    done = nephoscope("exec", *[word.format(script=script) for word in words])
    assert (done.exit_code, nephoscope.application.orders) == (2, [])
    assert says in done.stderr


def test_an_earlier_result_is_never_taken_for_this_one(nephoscope: Any, tmp_path: Path) -> None:
    result = tmp_path / "out.json"
    result.write_text('{"status": "ok"}')
    assert nephoscope("exec", "--result", str(result), "--script", "missing.py").exit_code == 2
    told = document(result)
    assert (told["status"], told["trouble"]["exit_code"]) == ("error", 2)


@pytest.mark.parametrize(
    ("ending", "status", "code"),
    [
        (IsolationError("nothing contains it"), "refused", 125),
        (CredentialsError("expired", "log in"), "error", 3),
        (KeyboardInterrupt(), "error", 130),
    ],
)
def test_there_is_a_result_however_it_ends(nephoscope: Any, script: Path, tmp_path: Path, ending: BaseException, status: str, code: int) -> None:
    nephoscope.application.execution = ending
    assert nephoscope("exec", "--script", str(script), "--result", str(tmp_path / "r")).exit_code == code
    assert (document(tmp_path / "r")["status"], document(tmp_path / "r")["trouble"]["exit_code"]) == (status, code)


def test_a_rejected_script_is_125_and_its_violations_are_told(nephoscope: Any, script: Path, tmp_path: Path) -> None:
    violation = Violation(rule="import", severity="error", line=3, message="no \x1b[31mos", hint="leave it out")
    nephoscope.application.execution = Execution(status="refused", violations=(violation,))
    done = nephoscope("exec", "--script", str(script), "--result", str(tmp_path / "r"))
    assert done.exit_code == 125
    assert "line 3: no os; leave it out" in done.stderr
    assert document(tmp_path / "r")["violations"][0]["rule"] == "import"


def test_what_is_printed_steers_no_terminal(nephoscope: Any, script: Path, tmp_path: Path) -> None:
    nephoscope.application.execution = Execution(status="ok", exit_code=0, output="\x1b[2Ja\tb\x07\u202e\n")
    done = nephoscope("exec", "--script", str(script), "--result", str(tmp_path / "r"), "--artefacts")
    assert done.stdout == "a\tb\ufffd\ufffd\n"
    for suffix in (".render", ".html", ".prompt"):
        assert "\x1b" not in (tmp_path / f"r{suffix}").read_text()
    assert document(tmp_path / "r")["output"] == "\x1b[2Ja\tb\x07\u202e\n"


def test_a_full_disk_shortens_the_result(tmp_path: Path) -> None:
    kept = ResultFile(tmp_path / "r")
    assert document(kept.path)["status"] == "error"
    with nothing_larger_than(ROOM):
        assert kept.write(Execution(status="killed", limit_hit="memory", output="head" + "x" * 100_000 + "tail", statements=({"a": "b"},))) is False
    told = document(kept.path)
    assert (told["status"], told["limit_hit"], told["truncated"]) == ("killed", "memory", True)
    assert told["output"].startswith("head")
    assert told["output"].endswith("tail")
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_however_long_everything_is_the_shortened_result_fits(tmp_path: Path) -> None:
    kept, long = ResultFile(tmp_path / "r"), "\u202e" * 90_000
    violation = Violation(rule=long, severity="error", message=long)
    with nothing_larger_than(ROOM):
        kept.write(Execution(status="failed", exit_code=1, name=long, output=long, violations=(violation,) * 30))
    assert document(kept.path)["exit_code"] == 1


@contextmanager
def nothing_larger_than(size: int) -> Iterator[None]:
    """Files of this process cannot grow further, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
