"""Level none: no walls, but the same channels, deadline and empty environment."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from pathlib import Path

from nephoscope.boundary.sandbox import LISTENER_URL, NoneExecutor
from nephoscope.models import Limits, Surroundings


def test_the_surroundings_follow_the_listener_s_real_port(monkeypatch):
    monkeypatch.setenv("CALLERS_SECRET", "hunter2")
    ports = []

    async def listener(descriptor: int) -> None:
        with socket.socket(fileno=descriptor) as door:
            ports.append(door.getsockname()[1])

    source = "import json, os\nprint(json.dumps(dict(os.environ)))\nprint(open('proxy').read())\nraise ValueError('x')"
    here = Surroundings(env={"HTTP_PROXY": LISTENER_URL}, files={"proxy": LISTENER_URL})
    result = asyncio.run(NoneExecutor().execute(source, here, {"n": 1}, Limits(seconds=20), listener))
    env, proxy = result.output.splitlines()[:2]
    assert json.loads(env)["HTTP_PROXY"] == proxy == f"http://127.0.0.1:{ports[0]}"
    assert "CALLERS_SECRET" not in env and json.loads(json.loads(env)["NEPHOSCOPE_PARAMS"]) == {"n": 1}
    assert (result.status, result.failure.kind) == ("failed", "crash")


def test_the_deadline_ends_the_group_and_leaves_no_folder():
    async def listener(descriptor: int) -> None:
        os.close(descriptor)

    source = "import os\nprint(os.getcwd())\nos.fork()\nwhile True: pass"
    result = asyncio.run(NoneExecutor().execute(source, Surroundings(), {}, Limits(seconds=1), listener))
    homes = result.output.split()
    assert (result.status, result.limit_hit) == ("killed", "seconds")
    assert homes and not Path(homes[0]).exists()
