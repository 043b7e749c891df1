"""A thousand scripts in a row, some of them greedy, leave nothing: no descriptor, memory, process, namespace, control group, file or port."""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
from pathlib import Path

import pytest

from nephoscope.boundary.sandbox import BubblewrapExecutor, UsernsExecutor, cgroup
from nephoscope.boundary.sandbox.walled import WalledExecutor
from nephoscope.models import Limits, Surroundings

pytestmark = [pytest.mark.soak, pytest.mark.sandbox, pytest.mark.timeout(3600)]

COUNT = int(os.environ.get("NEPHOSCOPE_SOAK_SCRIPTS", "1000"))
AT_ONCE = 4
SCRIPTS = (
    "print('hello')",
    "open('left', 'w').write('x' * 100_000)",
    "import os, time\nif not os.fork():\n    os.setsid()\n    time.sleep(60)",
    "import socket\nline = socket.socket()\nline.bind(('127.0.0.1', 0))\nline.listen()",
    "raise SystemExit(3)",
    "import os\nos.kill(os.getpid(), 9)",
    "print('x' * 300_000)",
    "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    "held = bytearray(1 << 32)",
)
KINDS = ("mnt", "pid", "net", "ipc", "uts", "user")


def descendants() -> set[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    ours, grown = {os.getpid()}, True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in ours and pid not in ours}
        grown = bool(more)
        ours |= more
    return ours - {os.getpid()}


def resident(pid: int | str = "self") -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 10


def census() -> dict[str, int]:
    gc.collect()
    listening = [line for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"]
    inodes = {os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{name}")}  # noqa: PTH115, PTH208
    groups = [folder for place in cgroup.writable().values() for folder in place.glob(f"{cgroup.PREFIX}{os.getpid()}-*")]
    own = [line for line in listening if f"socket:[{line.split()[9]}]" in inodes]
    return {
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "processes": len(descendants()),
        "groups": len(groups),
        "files": len(list(Path(tempfile.gettempdir()).glob("nephoscope-*"))),
        "ports": len(own),
        "kib": resident(),
    }


@pytest.mark.parametrize("kind", [BubblewrapExecutor, UsernsExecutor], ids=lambda kind: kind.name)
def test_a_thousand_scripts_leave_nothing(kind: type[WalledExecutor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    executor = kind()
    if reason := executor.available():
        pytest.skip(reason)
    told = asyncio.run(soak(executor))
    print(kind.name, executor.note, told)
    first, last = told["first"], told["last"]
    for name in ("descriptors", "processes", "groups", "files", "ports"):
        assert last[name] <= first[name], (name, told)
    assert last["kib"] - first["kib"] < 20_000, told
    assert told["namespaces after"] <= told["namespaces before"], told
    assert told["at the end"] == 0, told


async def soak(executor: WalledExecutor) -> dict[str, object]:
    async def listener(descriptor: int) -> None:
        os.close(descriptor)

    async def one(number: int) -> None:
        await executor.execute(SCRIPTS[number % len(SCRIPTS)], Surroundings(), {}, Limits(seconds=60), listener)

    begun = asyncio.get_running_loop().time()
    await executor.open(())
    for number in range(50):
        await one(number)
    first, before = census(), len(namespaces_of(descendants()))
    for number in range(0, COUNT, AT_ONCE):
        await asyncio.gather(*(one(number + extra) for extra in range(AT_ONCE)))
    for _ in range(60):  # a warm interpreter may just be handing over to the next
        await one(0)
        if census()["processes"] <= first["processes"]:
            break
        await asyncio.sleep(0.5)
    last, after = census(), len(namespaces_of(descendants()))
    await executor.close()
    seconds = round(asyncio.get_running_loop().time() - begun)
    return {
        "scripts": COUNT, "seconds": seconds, "first": first, "last": last, "namespaces before": before, "namespaces after": after,
        "at the end": len(descendants()),
    }  # fmt: skip


def namespaces_of(pids: set[int]) -> set[str]:
    seen = set()
    for pid in pids:
        for kind in KINDS:
            try:
                seen.add(str(Path(f"/proc/{pid}/ns/{kind}").readlink()))
            except OSError:
                continue
    return seen
