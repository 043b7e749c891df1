"""One server for all tests of a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from server import FOLDER, WHY_NOT, Server, running


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if FOLDER is None:
        pytest.skip(WHY_NOT)
    pytest.importorskip("psycopg", reason="the pack is not installed here: pip install 'nephoscope[postgres]'")
    with running() as found:
        yield found
