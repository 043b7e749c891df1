"""runs, why, verify, exec, doctor, plugins, settings."""

from __future__ import annotations

from typing import Any

import pytest

from nephoscope.models.record import RunSummary


def run(id: str, **fields: Any) -> RunSummary:
    start = "2026-11-22T10:00:00+00:00"
    return RunSummary.model_validate({"id": id, "problem": f"{id} hurts", "started_at": start, "status": "concluded", **fields})


@pytest.fixture(autouse=True)
def _two_runs(application: Any) -> None:
    application.summaries = [run("r-2", clouds=("sky",), status="waiting"), run("r-1", clouds=("sea",), phases={"plan": 1.0}, seconds=3)]


def test_what_a_run_sent_away_is_a_table_with_its_sum_or_a_document(nephoscope: Any) -> None:
    shown = nephoscope("runs", "show", "r-7k2", "--egress").stdout
    assert "ponds:ListPonds" in shown
    assert "everything" in shown
    assert nephoscope.document("runs", "show", "r-7k2", "--egress")["sent"][0]["count"] == 3
    assert nephoscope("runs", "show", "r-7k2", "--egress", "--md").exit_code == 2


def test_records_are_taken_away_after_a_yes_only(nephoscope: Any, application: Any) -> None:
    assert nephoscope("runs", "purge", "r-7k2").exit_code == 2
    assert nephoscope("runs", "purge").exit_code == 2
    assert [name for name, _ in application.asked] == []
    assert nephoscope.document("runs", "purge", "r-7k2", "--yes")["runs"] == ["r-7k2"]
    assert nephoscope.document("runs", "purge", "--before", "2000-01-01", "--yes")["runs"] == []
    assert application.asked == [("purge", ["r-7k2"])]


@pytest.mark.parametrize("words", [["runs"], ["runs", "list"]])
def test_runs_lists_newest_first(nephoscope: Any, words: list[str]) -> None:
    lines = nephoscope(*words).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["id", "r-2", "r-1"]


@pytest.mark.parametrize("wish", [["--status", "waiting"], ["--cloud", "sky"], ["--text", "R-2 HURTS"]])
def test_runs_are_filtered(nephoscope: Any, wish: list[str]) -> None:
    assert [each["id"] for each in nephoscope.document("runs", "list", *wish)["runs"]] == ["r-2"]
    assert nephoscope.document("runs", "list", "--since", "2026-11-23")["runs"] == []


def test_no_run_says_how_to_begin(nephoscope: Any) -> None:
    nephoscope.application.summaries = []
    result = nephoscope("runs")
    assert result.exit_code == 0
    assert "nephoscope investigate" in result.stderr


def test_an_unreadable_time_is_a_usage_error(nephoscope: Any) -> None:
    result = nephoscope("runs", "list", "--since", "yesterday")
    assert result.exit_code == 2
    assert "30d" in result.stderr


def test_show_renders_each_form(nephoscope: Any) -> None:
    assert "CONFIRMED" in nephoscope("runs", "show", "r-7k2").stdout
    assert nephoscope("runs", "show", "r-7k2", "--md").stdout.startswith("# Investigation r-7k2")
    assert len(nephoscope("runs", "show", "r-7k2", "--summary").stdout.splitlines()) == 5
    assert nephoscope.document("runs", "show", "r-7k2")["id"] == "r-7k2"
    assert nephoscope("runs", "show", "r-7k2", "--md", "--json").exit_code == 2


def test_show_succeeds_whatever_the_verdict(nephoscope: Any, samples: Any) -> None:
    nephoscope.application.result = samples.waiting()
    assert nephoscope("runs", "show", "r-7k2").exit_code == 0


def test_stats_name_the_slowest_phase(nephoscope: Any) -> None:
    assert "plan" in nephoscope("runs", "stats").stdout.splitlines()[1]
    (row,) = nephoscope.document("runs", "stats", "--by", "month")["periods"]
    assert (row["period"], row["runs"], row["slowest_phase"]) == ("2026-11", 2, "plan")


def test_why_shows_the_recorded_reply(nephoscope: Any) -> None:
    assert "/LambdaFunctionConfigurations" in nephoscope("why", "r-7k2", "1").stdout
    assert nephoscope.application.asked == [("why", ("r-7k2", 1))]
    assert nephoscope.document("why", "r-7k2", "1")["call"] == "s1.c1"
    assert nephoscope("why", "r-7k2", "0").exit_code == 2


def test_verify_fails_while_a_cause_holds(nephoscope: Any) -> None:
    result = nephoscope("verify", "r-7k2")
    assert result.exit_code == 1
    assert "aws.lambda.permission-missing" in result.stdout


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["--", "python", "x.py", "--flag", "-v"], ["python", "x.py", "--flag", "-v"]),
        (["python", "x.py", "--json"], ["python", "x.py", "--json"]),
        (["--region", "eu-1", "--", "ls", "--", "-l"], ["ls", "--", "-l"]),
    ],
)
def test_exec_leaves_the_command_alone(nephoscope: Any, words: list[str], command: list[str]) -> None:
    assert nephoscope("exec", *words).exit_code == 7
    assert nephoscope.application.asked == [("execute", command)]


@pytest.mark.parametrize("words", [[], ["--"], ["--regoin", "x", "--", "ls"]])
def test_exec_without_a_command_or_with_a_misspelt_option_runs_nothing(nephoscope: Any, words: list[str]) -> None:
    assert nephoscope("exec", *words).exit_code == 2
    assert nephoscope.application.asked == []


def test_doctor_names_the_remedy(nephoscope: Any) -> None:
    result = nephoscope("doctor")
    assert result.exit_code == 2
    assert "apt install bubblewrap" in result.stdout
    assert nephoscope.document("doctor")["checks"][0]["state"] == "broken"


@pytest.mark.parametrize(("words", "connects"), [([], False), (["--region", "eu"], True), (["--endpoint-url", "http://127.0.0.1:1"], True)])
def test_doctor_tries_the_credentials_when_asked_where(nephoscope: Any, words: list[str], connects: bool) -> None:
    nephoscope("doctor", *words)
    assert nephoscope.application.asked == [("doctor", connects)]


def test_doctor_takes_no_words(nephoscope: Any) -> None:
    assert nephoscope("doctor", "please").exit_code == 2
    assert nephoscope.application.asked == []


def test_a_command_is_no_investigation_to_count(nephoscope: Any) -> None:
    nephoscope.application.summaries = [run("r-3", kind="command"), run("r-2", status="running"), run("r-1")]
    assert "a command" in nephoscope("runs").stdout
    assert nephoscope.document("runs", "stats")["periods"][0]["runs"] == 1


def test_plugins_lists_the_packs(nephoscope: Any) -> None:
    assert "nephoscope-core" in nephoscope("plugins").stdout
    packs = nephoscope.document("plugins")["packs"]
    assert packs[0]["name"] == "core"
    assert packs[0]["error"] == ""


def test_settings_show_value_origin_and_what_was_ignored(nephoscope: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("NEPHOSCOPE_BUDGET__STEPS", "7")
    (tmp_path / "nephoscope.toml").write_text('planner = "evil"\nregion = "eu-1"\n')
    document = nephoscope.document("settings")
    rows = {row["key"]: (row["value"], row["origin"]) for row in document["settings"]}
    assert rows["budget.steps"] == (7, "environment variable NEPHOSCOPE_BUDGET__STEPS")
    assert rows["region"][0] == "eu-1"
    assert [item["key"] for item in document["ignored"]] == ["planner"]
    assert "planner" in nephoscope("settings").stdout.split("ignored")[1]
    assert "ignored: planner" in nephoscope("investigate", "x").stderr


def test_malformed_settings_are_one_message(nephoscope: Any, tmp_path: Any) -> None:
    (tmp_path / "nephoscope.toml").write_text("budget = [")
    result = nephoscope("investigate", "x")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) <= 4
    assert "nephoscope.toml" in result.stderr
