"""The engine's record: everything comes back as it was put, one process at a time."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from nephoscope.interfaces import UsageError
from nephoscope.models import Check, ExecutionResult, Fact, Failure, Identity, Problem, Question, ResourceRef, Script, Violation
from nephoscope.store import BlobError
from nephoscope.store.run import RunStore, find_run, locked, new_run

CHECK = Check(id="c", intent="depth of “deep” 🌊", cloud="brook")
WHO = Identity(cloud="brook", account="4711", principal="reader", regions=("north",))
REF = ResourceRef(cloud="brook", kind="k", native_type="t", native_id="x")


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path)


def script(source: str) -> Script:
    return Script(source=source, check=CHECK, cloud="brook", author="model:m")


def fact(number: int) -> Fact:
    return Fact(
        id=f"f:{number}",
        subject=REF,
        attribute="a",
        value=[number, "ü"],
        grounding="exact",
        calls=("s1.c1",),
        pointer="/a",
        identity=WHO,
        observed_at="t",
    )


def test_values_come_back_as_they_were_put(store: RunStore, tmp_path: Path) -> None:
    problem = Problem(text="Größe 🐟", symptom="slow", now="t")
    store.put("problem", problem)
    store.put("plain", {"a": [1, None, "\u202e"]})
    assert RunStore(tmp_path, readonly=True).load("problem", Problem) == problem
    assert (store.get("plain"), store.get("none"), store.get("none", 7), store.load("none", Problem)) == ({"a": [1, None, "\u202e"]}, None, 7, None)
    store.put("plain", None)
    assert store.get("plain", 7) is None


def test_steps_and_attempts_come_back_in_order(store: RunStore) -> None:
    for step in (2, 1):
        store.plan_step(step, CHECK)
    store.plan_step(1, CHECK.model_copy(update={"intent": "another"}))
    first, second = script("print(1)\n"), script("print(2)\n")
    assert store.intend(1, 1, first) == first.hash
    store.judge(1, 1, second, [Violation(rule="r", severity="error", line=3, message="m", hint="h")])
    store.approve(1, 1, approved=False)
    store.executed(1, 1, ExecutionResult(status="failed", failure=Failure(kind="crash", message="m"), statements=({"a": 1},), seconds=1.5))
    store.intend(1, 2, first)
    store.end_step(1, "failed")
    assert [(one.index, one.check.intent, one.status, one.seconds) for one in store.steps()] == [
        (1, CHECK.intent, "failed", 1.5),
        (2, CHECK.intent, "planned", 0),
    ]
    one, two = store.attempts(1)
    assert (one.script, one.approved, two.approved, two.violations, two.result) == (second.hash, False, None, None, None)
    assert one.violations == (Violation(rule="r", severity="error", line=3, message="m", hint="h"),)
    assert one.result is not None and one.result.statements == ({"a": 1},)
    assert store.script(one, CHECK) == second
    assert (store.attempts(2), len(store.attempts())) == ([], 2)
    assert store.step(9) is None


def test_the_bytes_of_a_script_are_checked(store: RunStore) -> None:
    name = store.intend(1, 1, script("print(1)\n"))
    (store.dir / "blobs" / name[:2] / name).write_text("print('something else')\n")
    with pytest.raises(BlobError, match="changed"):
        store.script(store.attempts(1)[0], CHECK)


def test_a_fact_is_kept_once(store: RunStore) -> None:
    store.put_facts([fact(2), fact(1)])
    store.put_facts([fact(1)])
    assert store.facts() == [fact(1), fact(2)]


def test_facts_are_written_all_or_none(store: RunStore) -> None:
    def failing() -> object:
        yield fact(1)
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        store.put_facts(failing())  # type: ignore[arg-type]
    assert store.facts() == []
    store.put_facts([fact(1)])


def test_a_question_is_one_row_with_its_answer(store: RunStore) -> None:
    question = Question(text="Which?", options=("a", "b"), assume="a")
    assert store.ask(question).answer is None
    store.answer(question, "b", assumed=False)
    asked = store.ask(question)
    assert (asked.question, asked.answer, asked.assumed, len(store.questions())) == (question, "b", False, 1)


def test_times_add_up(store: RunStore) -> None:
    for phase, seconds in (("plan", 0.5), ("plan", 0.25), ("execute", 1.0)):
        store.add_time(phase, seconds)
    assert store.timings() == {"plan": 0.75, "execute": 1.0}


def test_a_reader_cannot_write_and_needs_a_record(store: RunStore, tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        RunStore(tmp_path, readonly=True).put("a", 1)
    with pytest.raises(UsageError, match="does not exist"):
        RunStore(tmp_path / "nowhere", readonly=True)


@pytest.mark.parametrize("readonly", [True, False])
def test_a_newer_or_damaged_record_is_told(store: RunStore, tmp_path: Path, readonly: bool) -> None:
    store._write("PRAGMA user_version=99", ())
    store.close()
    with pytest.raises(UsageError, match="newer"):
        RunStore(tmp_path, readonly=readonly)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "run.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(UsageError, match="cannot be"):
        RunStore(tmp_path / "damaged", readonly=readonly)


def test_runs_are_for_their_owner_and_found_by_their_beginning(tmp_path: Path) -> None:
    first = new_run(tmp_path)
    assert first.stat().st_mode & 0o077 == 0
    assert find_run(tmp_path, first.name) == find_run(tmp_path, first.name.removeprefix("r-")) == first
    for name in ("r-aa1", "r-aa2"):
        (tmp_path / "runs" / name).mkdir()
    assert find_run(tmp_path, "aa1").name == "r-aa1"
    for wrong, why in (("aa", "2 investigations"), ("zz", "no investigation"), ("../etc", "no investigation"), ("*", "no investigation")):
        with pytest.raises(UsageError, match=why):
            find_run(tmp_path, wrong)


def test_a_whole_id_wins_over_ids_that_begin_with_it(tmp_path: Path) -> None:
    for name in ("r-aa", "r-aab"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    assert find_run(tmp_path, "r-aa").name == "r-aa"


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(UsageError, match="cannot write"):
        new_run(tmp_path)


def test_one_process_at_a_time(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from nephoscope.interfaces import UsageError; from nephoscope.store.run import locked\n"
        "try:\n    locked(Path(sys.argv[1])).__enter__(); print('got it')\n"
        "except UsageError as error: print(error.message)"
    )

    def other() -> str:
        return subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True, timeout=30).stdout

    with locked(tmp_path):
        assert "already running" in other()
    assert "got it" in other()
    with pytest.raises(ValueError, match="x"), locked(tmp_path):
        raise ValueError("x")
    with locked(tmp_path):
        pass
