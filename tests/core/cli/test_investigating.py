"""investigate, demo, resume: what reaches the application, what comes out, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nephoscope.cli.exits import exit_code
from nephoscope.cli.problem import MOST_BYTES
from nephoscope.interfaces import CredentialsError, EndpointError, IsolationError, NephoscopeError, UsageError
from nephoscope.models import Question
from nephoscope.models.record import RunSummary
from nephoscope.models.report import Trouble


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"verdict": "confirmed"}, 0),
        ({"verdict": "likely"}, 0),
        ({"verdict": "no_fault_found"}, 0),
        ({"verdict": "inconclusive"}, 1),
        ({"status": "budget_exhausted"}, 1),
        ({"status": "waiting"}, 5),
        ({"status": "interrupted"}, 130),
        ({"status": "failed"}, 4),
        ({"status": "failed", "trouble": Trouble(message="expired", exit_code=3)}, 3),
        ({"status": "waiting", "trouble": Trouble(message="expired", exit_code=3)}, 5),
    ],
)
def test_exit_codes(nephoscope: Any, samples: Any, changes: dict[str, Any], code: int) -> None:
    nephoscope.application.result = samples.confirmed().model_copy(update=changes)
    assert exit_code(nephoscope.application.result) == code
    assert nephoscope("investigate", "x").exit_code == code


def test_result_on_stdout_progress_on_stderr(nephoscope: Any) -> None:
    result = nephoscope("investigate", "uploads stop")
    assert nephoscope.application.asked == [("investigate", "uploads stop")]
    assert "CONFIRMED" in result.stdout
    assert result.stderr == "-- nephoscope r-7k2 · read-only · isolation bubblewrap · no model\n"


def test_json_is_the_only_thing_on_stdout(nephoscope: Any) -> None:
    result = nephoscope("investigate", "uploads stop", "--json")
    assert json.loads(result.stdout)["schema"] == "nephoscope.report/1"
    assert "r-7k2" in result.stderr


def test_quiet_says_the_result_only(nephoscope: Any) -> None:
    result = nephoscope("investigate", "x", "--quiet")
    assert result.stderr == ""
    assert "CONFIRMED" in result.stdout


def test_unquoted_words_are_one_problem(nephoscope: Any) -> None:
    nephoscope("investigate", "uploads", "no", "longer", "--max-steps", "3", "arrive")
    assert nephoscope.application.asked == [("investigate", "uploads no longer arrive")]


@pytest.mark.parametrize("words", [["investigate"], ["investigate", "-"]])
def test_the_problem_comes_from_a_pipe(nephoscope: Any, words: list[str]) -> None:
    nephoscope(*words, stdin="Traceback:\n  line 1\x1b[31m\n")
    assert nephoscope.application.asked == [("investigate", "Traceback:\n  line 1")]


@pytest.mark.parametrize(
    ("text", "read"),
    [("🔥👩\u200d💻🪣 broken", "🔥👩💻🪣 broken"), ("bad \udcff byte", "bad ? byte"), ("a\u202eb", "a\ufffdb"), ("nul\x00", "nul\ufffd")],
)
def test_odd_text_is_made_readable(nephoscope: Any, text: str, read: str) -> None:
    nephoscope("investigate", text)
    assert nephoscope.application.asked == [("investigate", read)]


@pytest.mark.parametrize("stdin", ["x" * 1_000_000, b"\xf0\x9f\x94\xa5" * 100_000, "\x1b" * 300_000 + "x"])
def test_a_pipe_without_end_is_read_in_part(nephoscope: Any, stdin: Any) -> None:
    result = nephoscope("investigate", stdin=stdin)
    assert result.exit_code == 0
    ((_, text),) = nephoscope.application.asked
    assert 0 < len(text) <= MOST_BYTES


@pytest.mark.parametrize("stdin", ["", " \n\t", "\u2003"])
def test_no_problem_is_a_usage_error(nephoscope: Any, stdin: str) -> None:
    result = nephoscope("investigate", stdin=stdin)
    assert result.exit_code == 2
    assert "There is no problem to investigate." in result.stderr


def test_options_reach_the_settings(nephoscope: Any) -> None:
    options = "--cloud sky --region eu-1 --endpoint-url http://127.0.0.1:1 --planner p --executor e --ask never --max-steps 2 --max-seconds 3"
    more = "--max-calls 4 --max-usd 0.5 --allow-resource a --allow-resource b --grant shape --no-telemetry --plain"
    nephoscope("investigate", "x", *options.split(), *more.split())
    settings = nephoscope.application.session.loaded.settings
    assert (settings.cloud, settings.region, settings.endpoint_url) == ("sky", "eu-1", "http://127.0.0.1:1")
    assert (settings.planner, settings.executor, settings.ask) == ("p", "e", "never")
    assert (settings.budget.steps, settings.budget.seconds, settings.budget.calls, settings.budget.usd) == (2, 3, 4, 0.5)
    assert (settings.allow_resource, [str(tier) for tier in settings.grants], settings.telemetry) == (("a", "b"), ["shape"], False)


def test_options_not_given_leave_the_settings_alone(nephoscope: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEPHOSCOPE_QUIET", "true")
    monkeypatch.setenv("NEPHOSCOPE_TELEMETRY", "false")
    result = nephoscope("investigate", "x")
    assert result.stderr == ""
    assert nephoscope.application.session.loaded.settings.telemetry is False


@pytest.mark.parametrize("name", ["report.json", "report.md", "report"])
def test_out_writes_a_copy(nephoscope: Any, tmp_path: Path, name: str) -> None:
    result = nephoscope("investigate", "x", "--out", str(tmp_path / name))
    text = (tmp_path / name).read_text()
    assert text.startswith("{" if name.endswith("json") else "# Investigation")
    assert "CONFIRMED" in result.stdout


def test_an_unwritable_copy_is_a_usage_error(nephoscope: Any, tmp_path: Path) -> None:
    result = nephoscope("investigate", "x", "--out", str(tmp_path / "no" / "report.md"))
    assert result.exit_code == 2
    assert "could not be written" in result.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CredentialsError("The session expired.", "log in again"), 3),
        (EndpointError("It answers HTML.", "point at a cloud"), 3),
        (IsolationError("Nothing contains a script.", "nephoscope doctor"), 2),
        (UsageError("No.", "x"), 2),
        (NephoscopeError("Ours."), 4),
    ],
)
def test_errors_say_what_happened_and_what_to_do(nephoscope: Any, error: NephoscopeError, code: int) -> None:
    nephoscope.application.result = error
    result = nephoscope("investigate", "x", "--quiet")
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr.splitlines() == [f"error: {error.message}", *([f"do: {error.hint}"] if error.hint else [])]


def test_errors_with_json_are_a_document_too(nephoscope: Any) -> None:
    nephoscope.application.result = CredentialsError("The session expired.", "log in again")
    assert nephoscope.document("investigate", "x") == {
        "schema": "nephoscope.error/1",
        "error": {"message": "The session expired.", "hint": "log in again", "exit_code": 3},
    }


def test_our_own_faults_are_one_line_unless_debugging(nephoscope: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    nephoscope.application.result = ValueError("\x1b[31mboom\n" * 3)
    result = nephoscope("investigate", "x", "--quiet")
    assert result.exit_code == 4
    assert result.stderr.splitlines()[0] == "error: ValueError: boom boom boom"
    monkeypatch.setenv("NEPHOSCOPE_DEBUG", "1")
    with pytest.raises(ValueError, match="boom"):
        nephoscope("investigate", "x", "--quiet")


def test_a_killed_run_says_how_to_go_on(nephoscope: Any) -> None:
    nephoscope.application.result = KeyboardInterrupt()
    result = nephoscope("investigate", "x")
    assert result.exit_code == 130
    assert "nephoscope resume r-7k2" in result.stderr


def test_nobody_there_answers_nothing(nephoscope: Any) -> None:
    nephoscope.application.question = Question(text="Which?", options=("a", "b"), assume="a")
    nephoscope("investigate", "x")
    assert nephoscope.application.answers == [None]


def test_answers_may_come_with_the_command(nephoscope: Any) -> None:
    nephoscope.application.question = Question(text="Which?")
    nephoscope("resume", "r-7k2", "--answer", "the second", "--json")
    assert nephoscope.application.answers == ["the second"]
    assert nephoscope.application.asked == [("resume", "r-7k2")]


def test_resume_takes_the_newest_that_did_not_conclude(nephoscope: Any) -> None:
    def run(id: str, status: str) -> RunSummary:
        return RunSummary.model_validate({"id": id, "problem": "p", "started_at": "2026-11-22", "status": status})

    nephoscope.application.summaries = [run("r-3", "concluded"), run("r-2", "waiting"), run("r-1", "interrupted")]
    nephoscope("resume")
    assert nephoscope.application.asked == [("resume", "r-2")]
    nephoscope.application.summaries = []
    assert nephoscope("resume").exit_code == 2


def test_demo_passes_its_choice(nephoscope: Any) -> None:
    nephoscope("demo")
    nephoscope("demo", "a-one", "--keep", "--ask-text", "my words", "--unsafe-local")
    assert nephoscope.application.asked == [("demo", (None, None, False)), ("demo", ("a-one", "my words", True))]
    assert nephoscope.application.session.loaded.settings.unsafe_local is True


def test_demo_lists_its_scenarios(nephoscope: Any) -> None:
    lines = nephoscope("demo", "--list").stdout.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["a-one", "b-two"]
    assert "[red]nothing[/red] happens" in lines[2]
    assert [each["id"] for each in nephoscope.document("demo", "--list")["scenarios"]] == ["b-two", "a-one"]


def test_demo_shows_the_report_before_it_keeps_the_emulator(nephoscope: Any) -> None:
    nephoscope.application.kept = "http://127.0.0.1:5"
    result = nephoscope("demo", "--keep")
    assert "--endpoint-url http://127.0.0.1:5" in result.stderr
    assert result.stdout.count("CONFIRMED") == 1
