"""What no process is charged for is counted where no control group does it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from nephoscope.boundary.sandbox import watch as module
from nephoscope.boundary.sandbox.watch import Watch
from nephoscope.models import Limits

HOLDER = "import socket, sys\nheld = [socket.socketpair() for _ in range(40)]\nprint('held', flush=True)\nsys.stdin.read()\n"


@pytest.mark.parametrize(("most", "limit"), [(75, "descriptors"), (2048, None)])
def test_sockets_of_all_processes_together_have_a_limit(monkeypatch: pytest.MonkeyPatch, most: int, limit: str | None) -> None:
    monkeypatch.setattr(module, "MOST_CHANNELS", most)
    watch = Watch(os.getpid(), Limits(memory_mb=100_000, files=10**12))
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline() == b"held\n"
        killed = watch.exceeded()
        assert (killed.limit if killed else None) == limit
        assert watch.exceeded(memory=False) is None, "a group does it"
