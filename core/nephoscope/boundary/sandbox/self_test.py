"""What an executor really holds, found by trying it from inside. No executor is believed without this."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nephoscope.boundary.sandbox.job import BASE_ENVIRONMENT
from nephoscope.boundary.sandbox.process import START_ENVIRONMENT
from nephoscope.interfaces import Executor
from nephoscope.models import ExecutionResult, JsonValue, Limits, Surroundings
from nephoscope.models.base import Frozen

OUTSIDE = [["1.1.1.1", 443], ["2606:4700:4700::1111", 443]]
METADATA = [["169.254.169.254", 80]]
WALLS = ("network", "metadata", "host loopback", "files", "home", "root", "environment", "capabilities", "kernel", "processes", "landlock")
ADVISORY = frozenset({"landlock", "total memory", "file limit"})
"""Good to have; scripts are contained without, the machine is just worse protected against a greedy one."""
MEGABYTE = 1 << 20
FILES = 200_000
_PUBLIC = {f"{name}={value}".encode() for name, value in (BASE_ENVIRONMENT | START_ENVIRONMENT).items()}


class Promise(Frozen):
    """One thing an executor must hold. ``detail``: what was seen."""

    name: str
    held: bool
    detail: str = ""


def contained(promises: Sequence[Promise]) -> bool:
    """Whether every essential promise was tested and held."""
    return bool(promises) and all(promise.held or promise.name in ADVISORY for promise in promises)


async def self_test(executor: Executor) -> list[Promise]:
    """Run every probe through an opened executor, side by side. Promises are in a fixed order."""
    groups = await asyncio.gather(*(probe(executor) for probe in PROBES))
    return [promise for group in groups for promise in group]


async def _walls(executor: Executor) -> list[Promise]:
    with _bait() as params:
        result = await _run(executor, "walls", params, Limits(seconds=30))
    seen = {str(said["promise"]): said for said in map(_mapping, result.statements) if "promise" in said}
    untested = {"held": False, "detail": f"the probe did not get that far: {_tail(result)}"}
    return [Promise.model_validate({"name": name, **{key: seen.get(name, untested)[key] for key in ("held", "detail")}}) for name in WALLS]


@contextlib.contextmanager
def _bait() -> Iterator[dict[str, object]]:
    """Things of the caller's that a script must not find: a file, a listening port, a variable, this process."""
    salt = secrets.token_hex(16)
    with socket.socket() as port, tempfile.NamedTemporaryFile() as canary:
        port.bind(("127.0.0.1", 0))
        port.listen()
        Path(canary.name).chmod(0o644)
        os.environ["NEPHOSCOPE_PROBE"] = secrets.token_hex(16)
        try:
            yield {
                "outside": OUTSIDE,
                "metadata": METADATA,
                "loopback": [["127.0.0.1", port.getsockname()[1]]],
                "canary": canary.name,
                "home": _home(),
                "salt": salt,
                "variables": [hashlib.sha256(salt.encode() + entry).hexdigest() for entry in _variables()],
                "pid": os.getpid(),
                "started": Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19],
            }
        finally:
            del os.environ["NEPHOSCOPE_PROBE"]


def _variables() -> set[bytes]:
    """The caller's variables, those it was started with and those set since, but for what every script is given anyway."""
    now = {f"{name}={value}".encode() for name, value in os.environ.items()}
    try:
        first = set(Path("/proc/self/environ").read_bytes().split(b"\0"))
    except PermissionError:  # a process that may not be dumped hides this file even from itself, unless it is root's
        first = set()
    return (now | first) - {b""} - _PUBLIC


def _home() -> str:
    """The caller's home, empty if it has none of its own."""
    home = str(Path.home())
    return "" if home in {"/", "/nonexistent", "/dev/null"} else home


async def _processes(executor: Executor) -> list[Promise]:
    limit = 16
    result = await _run(executor, "forks", {"attempts": 8 * limit}, Limits(seconds=20, processes=limit))
    started = _number(result)
    held = _begun(result) and (started is None or started <= limit)
    return [Promise(name="process limit", held=held, detail=f"{started} of {8 * limit} started with a limit of {limit}")]


async def _memory(executor: Executor) -> list[Promise]:
    return [await _hoard(executor, "memory limit", 2, 0)]


async def _total_memory(executor: Executor) -> list[Promise]:
    return [await _hoard(executor, "total memory", 0.6, 3)]


async def _hoard(executor: Executor, name: str, share: float, children: int) -> Promise:
    limit = 128
    params = {"bytes": int(share * limit * MEGABYTE), "children": children}
    result = await _run(executor, "memory", params, Limits(seconds=20, memory_mb=limit))
    held = _begun(result) and _number(result) is None and result.status != "ok"
    return Promise(name=name, held=held, detail=f"{result.status} with a limit of {limit} MB: {_tail(result)}")


async def _files(executor: Executor) -> list[Promise]:
    result = await _run(executor, "files", {"attempts": FILES}, Limits(seconds=20))
    made = _number(result)
    held = _begun(result) and (made is None or made < FILES)
    return [Promise(name="file limit", held=held, detail=f"{result.status}: {_tail(result)}" if made is None else f"{made} made")]


async def _disk(executor: Executor) -> list[Promise]:
    limit = 8
    result = await _run(executor, "disk", {"megabytes": limit}, Limits(seconds=20, disk_mb=limit))
    written = _number(result)
    held = written is not None and written <= limit * MEGABYTE
    return [Promise(name="disk limit", held=held, detail=f"{(written or 0) // MEGABYTE} MB written with a limit of {limit} MB")]


async def _deadline(executor: Executor) -> list[Promise]:
    result = await _run(executor, "deadline", {}, Limits(seconds=1))
    held = result.status == "killed" and result.limit_hit == "seconds" and result.seconds < 5
    return [Promise(name="deadline", held=held, detail=f"{result.status} after {result.seconds:.1f} s with a limit of 1 s")]


async def _survivors(executor: Executor) -> list[Promise]:
    word = secrets.token_hex(16)
    result = await _run(executor, "survivor", {"word": word}, Limits(seconds=20))
    left = [entry.name for entry in Path("/proc").iterdir() if entry.name.isdigit() and word in _command_line(entry)]
    detail = f"process {', '.join(left)} outlived its script" if left else "everything a script starts ends with it"
    return [Promise(name="no survivors", held=result.status == "ok" and not left, detail=detail if result.status == "ok" else _tail(result))]


async def _traces(executor: Executor) -> list[Promise]:
    word = secrets.token_hex(16)
    await _run(executor, "traces", {"word": word, "look": False}, Limits(seconds=20))
    result = await _run(executor, "traces", {"word": word, "look": True}, Limits(seconds=20))
    found = next((str(said.get("value")) for said in map(_mapping, result.statements) if said.get("attribute") == "found"), _tail(result))
    return [Promise(name="no traces", held=_begun(result) and not found, detail=found or "the next script finds nothing of the one before")]


async def _run(executor: Executor, probe: str, params: Mapping[str, object], limits: Limits) -> ExecutionResult:
    async def listener(descriptor: int) -> None:
        os.close(descriptor)

    source = (Path(__file__).parent / "probes" / f"{probe}.py").read_text()
    return await executor.execute(source, Surroundings(), params, limits, listener)


def _command_line(entry: Path) -> str:
    try:
        return (entry / "cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _mapping(value: JsonValue) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _number(result: ExecutionResult) -> int | None:
    values = [said.get("value") for said in map(_mapping, result.statements)]
    return next((value for value in values if isinstance(value, int) and not isinstance(value, bool)), None)


def _begun(result: ExecutionResult) -> bool:
    """Whether the probe ran at all: what never began was not contained."""
    return any(said.get("attribute") == "begun" for said in map(_mapping, result.statements))


def _tail(result: ExecutionResult) -> str:
    return result.failure.message if result.failure else result.output[-200:].strip() or "said nothing"


PROBES = (_walls, _processes, _memory, _total_memory, _disk, _files, _deadline, _survivors, _traces)
