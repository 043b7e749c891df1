"""The probes tell a sandbox from none, as root and as nobody."""

from __future__ import annotations

import asyncio
import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nephoscope
from nephoscope.boundary.sandbox import NoneExecutor, Promise, contained, self_test
from nephoscope.boundary.sandbox import choose_executor as choose
from nephoscope.boundary.sandbox.memory import remember, remembered
from nephoscope.interfaces import IsolationError

module = importlib.import_module("nephoscope.boundary.sandbox.self_test")
pytestmark = pytest.mark.sandbox


@pytest.fixture
def stay_here(monkeypatch):
    """What contains nothing must not reach beyond this machine in a test."""
    monkeypatch.setattr(module, "OUTSIDE", [])
    monkeypatch.setattr(module, "METADATA", [])
    monkeypatch.setattr(module, "FILES", 2000)


def test_real_executors_contain(executor):
    promises = asyncio.run(self_test(executor))
    assert [promise for promise in promises if not promise.held and promise.name != "landlock"] == []
    assert contained(promises)


@pytest.mark.usefixtures("stay_here")
def test_no_isolation_is_found_out():
    promises = asyncio.run(self_test(NoneExecutor()))
    held = {promise.name for promise in promises if promise.held}
    assert not contained(promises)
    assert not held & {
        "host loopback",
        "files",
        "environment",
        "kernel",
        "processes",
        "process limit",
        "disk limit",
        "no survivors",
        "root",
        "total memory",
        "file limit",
    }
    assert {"deadline", "memory limit"} <= held


def test_untested_is_not_contained():
    assert not contained([])
    assert contained([Promise(name="network", held=True), Promise(name="landlock", held=False)])
    assert not contained([Promise(name="network", held=False)])


UNPRIVILEGED = """
import asyncio, sys
from nephoscope.boundary.sandbox import BubblewrapExecutor, UsernsExecutor, choose_executor
print(asyncio.run(choose_executor([BubblewrapExecutor(), UsernsExecutor()], sys.argv[1], memory=None)).name)
"""


def test_an_unprivileged_caller_has_the_same_walls(executor):
    """Run as nobody, with an interpreter that nobody may read, against the packages of this one."""
    python = "/usr/bin/python3"
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can become nobody")
    path = [str(Path(nephoscope.__file__).parents[1]), *(entry for entry in sys.path if entry.endswith("site-packages"))]
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "-i", "PATH=/usr/bin:/bin", f"PYTHONPATH={':'.join(path)}"]
    usable = subprocess.run([*nobody, python, "-c", "import nephoscope.models"], capture_output=True, text=True, check=False, cwd="/")
    if usable.returncode:
        pytest.skip(f"{python} as nobody cannot import the packages: {usable.stderr.strip()[-200:]}")
    done = subprocess.run(
        [*nobody, python, "-B", "-c", UNPRIVILEGED, executor.name], capture_output=True, text=True, check=False, cwd="/", timeout=60
    )
    assert (done.stdout, done.stderr) == (f"{executor.name}\n", "")


async def choose_executor(candidates, name="auto"):
    return await choose(candidates, name, memory=None)


class Absent(NoneExecutor):
    name = "absent"
    level = "userns"

    def available(self) -> str | None:
        return "not here: install it"


class Boastful(NoneExecutor):
    """Claims a level that it does not hold."""

    name = "boastful"
    level = "bubblewrap"


@pytest.mark.usefixtures("stay_here")
def test_auto_takes_the_first_that_contains(executor):
    chosen = asyncio.run(choose_executor([NoneExecutor(), Absent(), Boastful(), executor]))
    assert chosen is executor


@pytest.mark.usefixtures("stay_here")
def test_nothing_that_contains_is_an_error_with_reasons():
    with pytest.raises(IsolationError) as error:
        asyncio.run(choose_executor([NoneExecutor(), Absent(), Boastful()]))
    assert "absent: not here: install it" in error.value.message and "boastful: does not contain" in error.value.message
    assert error.value.hint


@pytest.mark.usefixtures("stay_here")
def test_a_name_decides_but_does_not_excuse():
    assert asyncio.run(choose_executor([Absent(), NoneExecutor()], "unsafe-local")).level == "none"
    for name in ("boastful", "unheard-of"):
        with pytest.raises(IsolationError, match=name):
            asyncio.run(choose_executor([Boastful(), NoneExecutor()], name))


def test_what_was_found_is_remembered_for_these_surroundings_only(executor, tmp_path, monkeypatch):
    folder = tmp_path / "contained"
    assert not remembered(executor, folder)
    assert asyncio.run(choose([executor], memory=folder)) is executor
    assert remembered(executor, folder) and not remembered(Boastful(), folder)
    monkeypatch.setattr(sys, "executable", "/usr/bin/another")
    assert not remembered(executor, folder)


def test_a_memory_that_others_may_write_is_not_believed(executor, tmp_path):
    remember(executor, tmp_path)
    assert remembered(executor, tmp_path)
    tmp_path.chmod(0o777)
    assert not remembered(executor, tmp_path)


@pytest.mark.usefixtures("stay_here")
def test_what_does_not_contain_is_never_remembered(tmp_path):
    with pytest.raises(IsolationError):
        asyncio.run(choose([Boastful()], memory=tmp_path))
    assert list(tmp_path.iterdir()) == []
