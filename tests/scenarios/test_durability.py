"""Killed, cut off, corrupted, out of space: the run goes on to the same verdict, and nothing answered is asked again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

MORTAL = Path(__file__).with_name("mortal.py")
SEED = 20261124


@pytest.fixture(scope="session")
def undisturbed(shared_account: Any) -> dict[str, Any]:
    """Filled by the first investigation that nobody interrupts."""
    return {}


@pytest.fixture
def expected(undisturbed: dict[str, Any], terminal: Any, investigate: Sequence[str], tmp_path: Path) -> dict[str, Any]:
    """The essence of the investigation when nobody interrupts it, and how long it takes."""
    if not undisturbed:
        terminal.run(*investigate)
        begun = time.monotonic()
        whole = terminal.run(*investigate)
        undisturbed.update(essence=whole.essence, seconds=time.monotonic() - begun)
        assert whole.code == 0, whole.err
        assert whole.document["verdict"] == "confirmed"
        shutil.rmtree(terminal.home)
    return undisturbed


def children(pid: int) -> list[int]:
    return [int(one) for one in subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()]


def kill_boundary(engine: subprocess.Popen[str]) -> None:
    for child in children(engine.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def finish(terminal: Any, investigate: Sequence[str]) -> Any:
    """Go on with the run, or begin again where the kill came before there was one."""
    if not terminal.runs:
        return terminal.run(*investigate)
    before = terminal.answered()
    if not (terminal.run_dir / "run.db").exists():
        shutil.rmtree(terminal.run_dir)
        return terminal.run(*investigate)
    result = terminal.run("resume", terminal.run_dir.name, "--json")
    if result.code == 2 and "was not begun" in result.err:
        shutil.rmtree(terminal.run_dir)
        return terminal.run(*investigate)
    after = terminal.answered()
    assert {call: after.get(call) for call in before} == before, "an answered call was sent again"
    return result


def assert_same(result: Any, terminal: Any, expected: dict[str, Any]) -> None:
    assert result.code == 0, result.err
    assert result.essence == expected["essence"]
    assert terminal.asked_twice() == []


def killed_at(moment: float, who: str, terminal: Any, investigate: Sequence[str]) -> Any:
    """Start, wait, kill, and bring it to its end."""
    process = terminal.start(*investigate)
    time.sleep(moment)
    if who == "engine":
        process.kill()
        process.communicate()
        return finish(terminal, investigate)
    kill_boundary(process)
    out, err = process.communicate(timeout=60)
    if process.returncode == 0:
        return terminal.ended(process.returncode, out, err)
    assert process.returncode in (3, 4), err
    return finish(terminal, investigate)


def moment_of(number: int, seconds: float) -> float:
    return random.Random(SEED + number).uniform(0.1, seconds)


@pytest.mark.scenario
@pytest.mark.parametrize("who", ["engine", "boundary"])
@pytest.mark.parametrize("number", range(3))
def test_a_kill_at_any_moment_changes_nothing(number: int, who: str, terminal: Any, investigate: Sequence[str], expected: dict[str, Any]) -> None:
    assert_same(killed_at(moment_of(number, expected["seconds"]), who, terminal, investigate), terminal, expected)


# -- before and after each write ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def counted() -> dict[str, int]:
    """Writes of one investigation by store; filled by the first test that needs them."""
    return {}


def killed_at_write(place: str, number: int, when: str, terminal: Any, investigate: Sequence[str], tmp_path: Path) -> Any:
    mark = tmp_path / f"{place}-{number}-{when}"
    variables = {"MORTAL": f"{place}:{number}:{when}", "MORTAL_MARK": str(mark)}
    process = subprocess.run(
        [sys.executable, "-P", str(MORTAL), *investigate],
        env=terminal.environment(**variables), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    if process.returncode == -signal.SIGKILL:
        return finish(terminal, investigate)
    if process.returncode == 0:
        return terminal.ended(process.returncode, process.stdout, process.stderr)
    assert mark.exists(), process.stderr
    return finish(terminal, investigate)


def count(terminal: Any, investigate: Sequence[str], tmp_path: Path, counted: dict[str, int]) -> dict[str, int]:
    if not counted:
        folder = tmp_path / "counts"
        folder.mkdir()
        command = [sys.executable, "-P", str(MORTAL), *investigate]
        subprocess.run(command, env=terminal.environment(MORTAL_COUNT=str(folder)), capture_output=True, check=True, timeout=60)
        counted.update({path.name: int(path.read_text()) for path in folder.iterdir()})
        shutil.rmtree(terminal.home)
    return counted


PLACES = ("engine:run.db", "engine:checkpoint.db", "engine:blobs", "engine:report.json", "boundary:ledger.db", "boundary:blobs")
"""Whose writes into which store."""


@pytest.mark.scenario
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("place", PLACES)
def test_a_kill_around_a_write_changes_nothing(
    place: str, when: str, terminal: Any, investigate: Sequence[str], expected: dict[str, Any], counted: dict[str, int], tmp_path: Path
) -> None:
    writes = count(terminal, investigate, tmp_path, counted)[place]
    for number in {1, random.Random(SEED).randint(1, writes)}:
        assert_same(killed_at_write(place, number, when, terminal, investigate, tmp_path), terminal, expected)
        shutil.rmtree(terminal.home, ignore_errors=True)


# -- what happens to a stopped run -------------------------------------------------------------------------------------


@pytest.fixture
def stopped(terminal: Any, investigate: Sequence[str], tmp_path: Path) -> Path:
    """The directory of a run killed after its script ran."""
    variables = {"MORTAL": "engine:run.db:140:after", "MORTAL_MARK": str(tmp_path / "mark")}
    command = [sys.executable, "-P", str(MORTAL), *investigate]
    killed = subprocess.run(command, env=terminal.environment(**variables), capture_output=True, check=False, timeout=90)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    directory: Path = terminal.run_dir
    return directory


def damage(path: Path, how: str) -> None:
    if how == "missing":
        for file in path.parent.glob("checkpoint.db*"):
            file.unlink()
        return
    path.with_name("checkpoint.db-wal").unlink(missing_ok=True)
    if how == "truncated":
        os.truncate(path, path.stat().st_size // 3)
    else:
        path.write_bytes(b"this is no database" * 1000)


@pytest.mark.scenario
@pytest.mark.parametrize("how", ["missing", "truncated", "nonsense"])
def test_a_run_outlives_its_checkpoint(how: str, terminal: Any, investigate: Sequence[str], expected: dict[str, Any], stopped: Path) -> None:
    damage(stopped / "checkpoint.db", how)
    assert_same(finish(terminal, investigate), terminal, expected)


@pytest.mark.scenario
def test_two_resumes_at_once_are_one(terminal: Any, account: Any, expected: dict[str, Any], stopped: Path) -> None:
    both = [terminal.start("resume", stopped.name, "--json") for _ in range(2)]
    results = [terminal.ended(process.wait(60), *process.communicate()) for process in both]
    first, second = sorted(results, key=lambda one: one.code)
    assert_same(first, terminal, expected)
    assert second.code == 2, second.err
    assert "already running" in second.err


@pytest.mark.scenario
def test_a_run_goes_on_only_as_who_it_began(terminal: Any, account: Any, expected: dict[str, Any], stopped: Path) -> None:
    other = {"Account": "999999999999", "Arn": "arn:aws:iam::999999999999:user/eve", "UserId": "AIDA"}
    account.control("rules", {"answer": [{"operation": "sts:GetCallerIdentity", "document": other}]})
    refused = terminal.run("resume", stopped.name, "--json")
    assert refused.code == 2, refused.err
    assert "999999999999" in refused.err and "Traceback" not in refused.err
    assert set(account.upstream()) == {"sts:GetCallerIdentity"}
    account.control("rules", {})
    assert_same(terminal.run("resume", stopped.name, "--json"), terminal, expected)


@pytest.mark.scenario
def test_an_interrupted_run_says_how_to_go_on(terminal: Any, investigate: Sequence[str], expected: dict[str, Any]) -> None:
    process = terminal.start(*investigate)
    assert process.stderr is not None
    seen = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    stopped = terminal.ended(process.returncode, out, seen + err)
    assert stopped.code == 130, stopped.err
    assert stopped.document["status"] == "interrupted"
    assert_same(terminal.run("resume", terminal.run_dir.name, "--json"), terminal, expected)


@pytest.mark.scenario
def test_a_finished_run_resumed_says_the_same_and_asks_nothing(terminal: Any, account: Any, investigate: Sequence[str]) -> None:
    whole = terminal.run(*investigate)
    account.control("clear", {})
    again = terminal.run("resume", terminal.run_dir.name, "--json")
    assert again.essence == whole.essence
    assert set(account.upstream()) <= {"sts:GetCallerIdentity"}
    assert again.document["ledger"] == whole.document["ledger"]
    shown = terminal.run("runs", "list", "--json")
    assert [one["id"] for one in json.loads(shown.out)["runs"]] == [terminal.run_dir.name]
    why = terminal.run("why", terminal.run_dir.name, "1")
    assert why.code == 0, why.err
    assert whole.document["facts"][0]["calls"][0] in why.out


# -- space and rights --------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(terminal: Any) -> Iterator[Path]:
    """A home on a disk of its own."""
    terminal.home.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(terminal.home)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("only root may make a small disk")
    yield terminal.home
    subprocess.run(["umount", "-l", str(terminal.home)], check=True)


def fill(disk: Path, leave: int) -> Path:
    """Use the disk up, but for so many bytes."""
    filler = disk / "filler"
    free = shutil.disk_usage(disk).free - leave
    filler.write_bytes(b"x" * max(0, free))
    return filler


@pytest.mark.scenario
@pytest.mark.parametrize("left", [0, 60_000, 150_000, 260_000])
def test_a_full_disk_is_told_and_the_run_goes_on_later(
    left: int, terminal: Any, investigate: Sequence[str], expected: dict[str, Any], small_disk: Path
) -> None:
    filler = fill(small_disk, left)
    full = terminal.run(*investigate)
    assert full.code in (2, 4), full.err
    assert "Traceback" not in full.err
    assert any(word in full.err for word in ("No space", "disk is full", "full")), full.err
    filler.unlink()
    assert_same(finish(terminal, investigate), terminal, expected)


@pytest.mark.scenario
def test_a_run_directory_that_cannot_be_written(terminal: Any, investigate: Sequence[str], small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    refused = terminal.run(*investigate)
    assert refused.code == 2, refused.err
    assert "NEPHOSCOPE_HOME" in refused.err and "Traceback" not in refused.err
    assert len([line for line in refused.err.splitlines() if line.strip()]) <= 4


# -- after the fix -----------------------------------------------------------------------------------------------------


@pytest.mark.scenario
def test_verify_sees_whether_the_fix_helped(terminal: Any, emulate: Callable[..., Any]) -> None:
    account = emulate("ec2-ssh-port-closed")
    found = terminal.run("investigate", account.words, "--endpoint-url", account.endpoint, "--region", "eu-west-1", "--json")
    assert found.document["verdict"] == "confirmed"
    run_id, cause = terminal.run_dir.name, found.document["root_causes"][0]
    before = terminal.run("verify", run_id, "--json")
    assert before.code == 1, before.err
    assert json.loads(before.out)["remaining"] == [cause["id"]]
    (group,) = [one.rsplit("/", 1)[-1] for one in cause["resources"] if "sg-" in one][:1]
    opened = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "203.0.113.10/32"}]}
    account.client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[opened])
    after = terminal.run("verify", run_id, "--json")
    assert after.code == 0, after.err
    assert json.loads(after.out)["remaining"] == []
    assert "gone" in json.loads(after.out)["note"]
    assert len(terminal.runs) == 1
