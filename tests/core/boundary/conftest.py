"""The toy cloud, and boundary processes that know only it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nephoscope.boundary.client import Boundary
from nephoscope.boundary.protocol import Opening
from nephoscope.models import Scope
from nephoscope.store import BlobStore

TOY = Path(__file__).parent / "toy"
sys.path.insert(0, str(TOY))

from toy_cloud import Brook  # noqa: E402


@pytest.fixture
def brook() -> Iterator[Brook]:
    server = Brook()
    yield server
    server.stop()


@pytest.fixture
def start() -> Iterator[Callable[..., Boundary]]:
    """Starts boundary processes and ends them with the test."""
    started: list[Boundary] = []

    def begin(*arguments: str, on_event: Callable[..., None] | None = None) -> Boundary:
        command = [sys.executable, "-P", str(TOY / "toy_boundary.py"), *arguments]
        boundary = Boundary.start(command=command, on_event=on_event, env={"PYTHONPATH": str(TOY)})
        started.append(boundary)
        return boundary

    yield begin
    for boundary in started:
        boundary.kill()


@pytest.fixture
def opening(brook: Brook, tmp_path: Path) -> Opening:
    """Without isolation, because it is fast: what is tested is the broker."""
    scope = Scope(cloud="brook", options={"endpoint": brook.endpoint})
    return Opening(run_dir=str(tmp_path / "run"), scopes=(scope,), executor="unsafe-local", demo=True)


@pytest.fixture
def store_script(tmp_path: Path) -> Callable[[str], str]:
    """Keeps a script where the boundary reads it from; a ``get(path)`` that asks the cloud is put before it."""
    prelude = (
        "import json, os, urllib.error, urllib.request\n"
        "def get(path, method='GET'):\n"
        "    request = urllib.request.Request('http://api.brook.test/v1/' + path, method=method, headers={'x-brook-key': os.environ['BROOK_KEY']})\n"
        "    try:\n"
        "        return json.load(urllib.request.urlopen(request))\n"
        "    except urllib.error.HTTPError as error:\n"
        "        return [error.code, json.load(error)]\n"
    )
    return lambda source: BlobStore(tmp_path / "run" / "blobs").put((prelude + source).encode())
