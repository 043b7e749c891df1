"""A container engine of this machine: the one DOCKER_HOST names, or Podman's service started for these tests; else they are skipped."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

CONFIGURATION = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=256:256"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
SECONDS = 30


@pytest.fixture(scope="session", autouse=True)
def engine() -> Iterator[str]:
    """Where it listens."""
    named = os.environ.get("DOCKER_HOST")
    if named:
        yield named
        return
    if not shutil.which("podman"):
        pytest.skip("no container engine: set DOCKER_HOST, or install podman")
    folder = Path(tempfile.mkdtemp(prefix="engine-"))  # podman wants the path of its runroot short
    runtime = 'runtime = "runc"\n' if shutil.which("runc") else ""  # crun of Debian 12 refuses hybrid control groups
    (folder / "containers.conf").write_text(CONFIGURATION + runtime)
    address = folder / "engine.sock"
    words = [
        "podman",
        "--storage-driver",
        "vfs",
        "--root",
        str(folder / "root"),
        "--runroot",
        str(folder / "run"),
        "system",
        "service",
        "--time=0",
        f"unix://{address}",
    ]
    with (folder / "log").open("wb") as log:
        service = subprocess.Popen(words, env={**os.environ, "CONTAINERS_CONF": str(folder / "containers.conf")}, stdout=log, stderr=log, cwd=folder)
    try:
        _wait_for(address, service, folder)
        os.environ["DOCKER_HOST"] = f"unix://{address}"
        yield os.environ["DOCKER_HOST"]
    finally:
        os.environ.pop("DOCKER_HOST", None)
        service.terminate()
        service.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(address: Path, service: subprocess.Popen[bytes], folder: Path) -> None:
    end = time.monotonic() + SECONDS
    while not address.is_socket():
        if service.poll() is not None or time.monotonic() > end:
            pytest.skip(f"podman's service does not start here: {(folder / 'log').read_text()[-300:]}")
        time.sleep(0.1)
