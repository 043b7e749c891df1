"""Memory under what happens to real machines: a kill in the middle, a disk that is full, two runs that end at once."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from nephoscope.interfaces import UsageError
from nephoscope.models import Identity, Remembered, ResourceRef
from nephoscope.store.memory import FILE, Lesson, Memory

ANN = Identity(cloud="brook", account="1", principal="ann", regions=())
_WRITER = """
import resource, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_memory_hazards import ANN, lesson
from nephoscope.store.memory import Memory
home, name, times, most = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
if most:
    import signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
print("ready", flush=True)
for number in range(times):
    Memory(home, days=30).keep(ANN, f"r-{{name}}", lesson(f"{{name}}-{{number}}", 200))
"""


def lesson(name: str, count: int) -> Lesson:
    """So many facts about one thing."""
    ref = ResourceRef(cloud="brook", kind="storage.object_store", native_type="ponds:pond", native_id=f"pond/{name}", account="1", name=name)
    return Lesson(
        [
            Remembered(principal="ann", subject=ref, attribute=f"a{number}", value="x" * 200, observed_at="2999-01-01T00:00:00Z", run=f"r-{name}")
            for number in range(count)
        ]
    )


def writer(home: Path, name: str, times: int, most: int = 0) -> subprocess.Popen[str]:
    script = _WRITER.format(tests=str(Path(__file__).parent))
    command = [sys.executable, "-c", script, str(home), name, str(times), str(most)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def whole(home: Path) -> dict[str, int]:
    """How many facts of each thing are kept; the file must be sound."""
    with sqlite3.connect(home / FILE) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = dict(database.execute("SELECT name, count(*) FROM facts GROUP BY name").fetchall())
    database.close()
    return rows


def test_a_kill_loses_what_would_have_been_added_and_nothing_else(tmp_path: Path) -> None:
    Memory(tmp_path, 30).keep(ANN, "r-0", lesson("before", 5))
    child = writer(tmp_path, "killed", 10_000)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    while not any(name.startswith("killed") for name in whole(tmp_path)):
        assert child.poll() is None
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    found = whole(tmp_path)
    assert found.pop("before") == 5
    assert set(found.values()) == {200}, "a lesson is kept whole or not at all"
    Memory(tmp_path, 30).keep(ANN, "r-1", lesson("after", 5))
    assert whole(tmp_path)["after"] == 5


def test_a_full_disk_is_told_and_harms_nothing(tmp_path: Path) -> None:
    Memory(tmp_path, 30).keep(ANN, "r-0", lesson("before", 5))
    child = writer(tmp_path, "full", 10_000, most=2_000_000)
    _, said = child.communicate(timeout=120)
    assert child.returncode == 1
    assert "knowledge.db cannot be read or written" in said
    found = whole(tmp_path)
    assert found.pop("before") == 5
    assert set(found.values()) <= {200}


def test_two_runs_that_end_at_once_both_keep_everything(tmp_path: Path) -> None:
    children = [writer(tmp_path, name, 10) for name in ("one", "two")]
    assert [child.communicate(timeout=120)[1] for child in children] == ["", ""]
    assert whole(tmp_path) == {f"{name}-{number}": 200 for name in ("one", "two") for number in range(10)}


@pytest.mark.parametrize("content", [b"", b"no database at all " * 500])
def test_a_damaged_file_is_told_and_an_empty_one_is_begun(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    memory = Memory(tmp_path, 30)
    if content:
        with pytest.raises(UsageError):
            memory.things(ANN)
        with pytest.raises(UsageError):
            memory.keep(ANN, "r-1", lesson("deep", 1))
        assert (tmp_path / FILE).read_bytes() == content, "nobody's file is written over"
    else:
        memory.keep(ANN, "r-1", lesson("deep", 1))
        assert [one.subject.name for one in memory.things(ANN)] == ["deep"]
