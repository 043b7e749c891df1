"""What is listed of records: finished ones, running ones, those that were ended from outside, and commands."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from nephoscope import archive
from nephoscope.conducting import recorded
from nephoscope.interfaces import UsageError
from nephoscope.models import Check, ExecutionResult, Script
from nephoscope.store.run import RunStore, new_run


def begun(home: Path) -> Path:
    """The directory of an investigation that has no report yet."""
    run_dir = new_run(home)
    with closing(RunStore(run_dir)) as store:
        store.put_all({"words": "uploads stop", "started_at": "2026-11-22T10:00:00Z", "scopes": [{"cloud": "sky"}]})
    return run_dir


def command(home: Path) -> Path:
    run_dir = new_run(home)
    check = Check(id="exec", intent="python look.py", cloud="")
    with closing(RunStore(run_dir)) as store:
        store.put("scopes", [{"cloud": "sky"}])
        store.plan_step(1, check)
        store.intend(1, 1, Script(source="print(1)", check=check, cloud="", author="person"))
        store.executed(1, 1, ExecutionResult(status="ok", seconds=0.5))
        store.end_step(1, "done")
    return run_dir


def test_an_investigation_ended_from_outside_is_listed(tmp_path: Path) -> None:
    run_dir = begun(tmp_path)
    (line,) = archive.summaries(tmp_path)
    assert (line.id, line.kind, line.status, line.problem, line.clouds) == (run_dir.name, "investigation", "interrupted", "uploads stop", ("sky",))


def test_one_that_runs_is_told_from_one_that_ended(tmp_path: Path) -> None:
    with recorded(begun(tmp_path)):
        assert [line.status for line in archive.summaries(tmp_path)] == ["running"]
    assert [line.status for line in archive.summaries(tmp_path)] == ["interrupted"]


def test_a_command_is_listed_and_has_no_report(tmp_path: Path) -> None:
    run_dir = command(tmp_path)
    (line,) = archive.summaries(tmp_path)
    assert (line.kind, line.status, line.problem, line.seconds) == ("command", "concluded", "python look.py", 0.5)
    with pytest.raises(UsageError, match="record of a command") as refused:
        archive.read_report(tmp_path, run_dir.name)
    assert "resume" not in refused.value.hint


def test_what_nobody_can_read_is_left_out(tmp_path: Path) -> None:
    new_run(tmp_path)
    (new_run(tmp_path) / "run.db").write_bytes(b"no database" * 500)
    with closing(RunStore(new_run(tmp_path))):
        pass
    assert archive.summaries(tmp_path) == []
