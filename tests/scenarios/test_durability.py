"""Killed, cut off, corrupted, out of space: the run goes on to the same verdict, and nothing answered is asked again."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

MORTAL = Path(__file__).with_name("mortal.py")
RANDOM_KILLS = 100
"""Of each of the two processes, in the long version."""
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


@pytest.mark.soak
@pytest.mark.parametrize("who", ["engine", "boundary"])
@pytest.mark.parametrize("number", range(3, 3 + RANDOM_KILLS))
def test_many_kills_change_nothing(number: int, who: str, terminal: Any, investigate: Sequence[str], expected: dict[str, Any]) -> None:
    assert_same(killed_at(moment_of(number, expected["seconds"]), who, terminal, investigate), terminal, expected)


# -- before and after each write ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def counted() -> dict[str, int]:
    """Writes of one investigation by store; filled by the first test that needs them."""
    return {}


def killed_at_write(store: str, number: int, when: str, terminal: Any, investigate: Sequence[str], tmp_path: Path) -> Any:
    mark = tmp_path / f"{store}-{number}-{when}"
    variables = {"MORTAL": f"{store}:{number}:{when}", "MORTAL_MARK": str(mark)}
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


STORES = ("run.db", "ledger.db", "checkpoint.db", "blobs")


@pytest.mark.scenario
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("store", STORES)
def test_a_kill_around_a_write_changes_nothing(
    store: str, when: str, terminal: Any, investigate: Sequence[str], expected: dict[str, Any], counted: dict[str, int], tmp_path: Path
) -> None:
    writes = count(terminal, investigate, tmp_path, counted)[store]
    for number in sorted({1, random.Random(SEED).randint(2, writes), writes}):
        assert_same(killed_at_write(store, number, when, terminal, investigate, tmp_path), terminal, expected)
        shutil.rmtree(terminal.home, ignore_errors=True)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("store", STORES)
def test_a_kill_around_each_write_changes_nothing(
    store: str, when: str, terminal: Any, investigate: Sequence[str], expected: dict[str, Any], counted: dict[str, int], tmp_path: Path
) -> None:
    for number in range(1, count(terminal, investigate, tmp_path, counted)[store] + 1):
        assert_same(killed_at_write(store, number, when, terminal, investigate, tmp_path), terminal, expected)
        shutil.rmtree(terminal.home, ignore_errors=True)
