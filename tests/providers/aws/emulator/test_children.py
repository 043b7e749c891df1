"""Emulators are forks of one process: each on its own, each a stranger to the others, and none outlives its owner."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nephoscope.interfaces.errors import EndpointError
from nephoscope_aws.emulator import AwsEmulator, children
from nephoscope_aws.emulator.forkserver import Forkserver
from nephoscope_aws.wire.models import services_read

QUEUE: dict[str, Any] = {
    "steps": [{"do": "sqs:CreateQueue", "params": {"QueueName": "q"}}, {"do": "ec2:CreateVpc", "as": "vpc", "params": {"CidrBlock": "10.0.0.0/16"}}]
}


@pytest.fixture(autouse=True)
def _own_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    running: list[Any] = []
    monkeypatch.setattr(children, "_running", running)
    yield
    for server in running:
        server.close()


def test_each_has_its_own_account_and_its_own_chance() -> None:
    one, other = AwsEmulator(), AwsEmulator()
    try:
        assert one.start(QUEUE) != other.start(QUEUE)
        assert one.made["vpc.Vpc.VpcId"] != other.made["vpc.Vpc.VpcId"]
        other.stop()
        assert other.start({"account": "210987654321"})
        assert "vpc" not in other.made
        assert one.log() == []
    finally:
        one.stop()
        other.stop()


def test_what_one_had_to_load_is_loaded_before_the_next_and_nothing_else_is() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        server = Forkserver(theirs)
        lesson = {"modules": ["moto.polly.models", "moto.polly.urls", "antigravity", "moto.x; import this"], "services": ["polly"]}
        for _ in range(2):  # learned once
            server._pupils.send(json.dumps(lesson).encode())
            server._hear()
        assert [step.args for step in server._unread] == [("moto.polly.models",), ("moto.polly.urls",), ("polly",)]
        for step in server._unread:
            step()
        assert "moto.polly.urls" in sys.modules
        assert "polly" in services_read()


def test_one_that_hangs_is_ended_and_a_server_that_was_killed_is_replaced() -> None:
    child = children.forked("emulator")
    os.kill(child.pid, signal.SIGSTOP)
    child.end(0.1)
    assert not Path(f"/proc/{child.pid}").exists() or _state(child.pid) == "Z"
    children._running[0]._process.kill()
    again = children.forked("emulator")
    again.end(5)


def test_one_that_takes_too_long_to_load_is_not_waited_for() -> None:
    with pytest.raises(EndpointError, match=r"within 0.01 s"):
        children.forked("proving", 0.01)
    child = children.forked("emulator")  # by another server: what the first would have said is not mistaken for its answer
    child.end(5)


def test_one_that_cannot_load_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(EndpointError) as caught:
        AwsEmulator().start({})
    assert "nephoscope-aws[emulator]" in caught.value.hint


def test_nothing_is_left_of_an_owner_that_was_killed() -> None:
    code = (
        "import os, signal\nfrom nephoscope_aws.emulator import AwsEmulator, children\ne = AwsEmulator()\ne.start({})\n"
        "print(e._child.pid, children._running[0]._process.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    told = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=120).stdout
    deadline = time.monotonic() + 20
    left = [Path(f"/proc/{pid}") for pid in told.split()]
    assert len(left) == 2
    while any(path.exists() for path in left) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(path.exists() for path in left)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
