"""Memory and processes of one sandbox together, counted by the kernel in a control group of its own where we may make one.

Without one (no file system, not writable, no controller handed down) limits per process and :mod:`~nephoscope.boundary.sandbox.watch` remain.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from nephoscope.models import Limits

PREFIX = "nephoscope-"
CONTROLLERS = ("memory", "pids")
OWN_PROCESSES = 4
"""Launcher and first process of a sandbox, which count beside the script's own."""
REMOVALS = 200
_numbers = itertools.count()
_asking = threading.Lock()


class Group:
    """The control groups of one sandbox, one per hierarchy. Made by :meth:`around`."""

    def __init__(self, folders: Mapping[str, Path], held: Sequence[str]) -> None:
        self._folders = folders
        self._held = held

    @classmethod
    def around(cls, pids: Sequence[int], limits: Limits) -> Group | None:
        """Put processes that wait, and all they will start, into groups of their own; ``None`` where that is not possible. Blocking."""
        with _asking:
            places = writable()
        name = f"{PREFIX}{os.getpid()}-{next(_numbers)}"
        made: dict[str, Path] = {}
        held: list[str] = []
        for controller, place in places.items():
            folder = place / name
            with suppress(OSError):
                folder.mkdir(exist_ok=True)
                made[controller] = folder
                _bound(controller, folder, limits)
                for pid in pids:
                    (folder / "cgroup.procs").write_text(str(pid))
                held.append(controller)
        return cls(made, held) if made else None

    @property
    def bounds_memory(self) -> bool:
        return "memory" in self._held

    def felt(self) -> str | None:
        """The limit that the kernel enforced, if it did: ``memory`` or ``processes``."""
        if "memory" in self._folders and (_count(self._folders["memory"], "memory.events", "oom_kill") or _oom_kills_v1(self._folders["memory"])):
            return "memory"
        if "pids" in self._folders and _count(self._folders["pids"], "pids.events", "max"):
            return "processes"
        return None

    async def remove(self) -> None:
        """Once its processes are gone; the kernel may need a moment to notice."""
        for folder in set(self._folders.values()):
            for _ in range(REMOVALS):
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    break
                except OSError:
                    await asyncio.sleep(0.01)
                else:
                    break


@functools.cache
def writable() -> Mapping[str, Path]:
    """For each controller the folder in which groups can be made, proven by making one. Groups that a dead process left are removed."""
    return {controller: place for controller in CONTROLLERS if (place := _place(controller)) is not None}


def _place(controller: str) -> Path | None:
    for candidate in _candidates(controller):
        trial = candidate / f"{PREFIX}{os.getpid()}-trial-{controller}"
        with suppress(OSError):
            trial.mkdir()
            try:
                _bound(controller, trial, Limits())
                _sweep(candidate)
                return candidate
            except OSError:
                continue
            finally:
                trial.rmdir()
    return None


def _candidates(controller: str) -> Iterator[Path]:
    """Our own group, then its parent: where processes live in ours, its children may get no controllers."""
    mounts = [line.split() for line in _lines("/proc/self/mountinfo")]
    for line in _lines("/proc/self/cgroup"):
        _, names, path = line.split(":", 2)
        for mount in mounts:
            kind, options = mount[mount.index("-") + 1], mount[-1].split(",")
            if (kind == "cgroup" and controller in options and controller in names.split(",")) or (kind == "cgroup2" and not names):
                root = Path(mount[4])
                inside = os.path.relpath(path, mount[3]) if path.startswith(mount[3]) else "."
                own = root / inside
                yield from (own, own.parent) if own != root else (own,)


def _bound(controller: str, folder: Path, limits: Limits) -> None:
    """Write the limits. Raises ``OSError`` where the group has no such controller."""
    if controller == "pids":
        (folder / "pids.max").write_text(str(limits.processes + OWN_PROCESSES))
        return
    most = str((limits.memory_mb + limits.disk_mb) << 20)  # files in the home are memory too
    if (folder / "memory.max").exists():
        (folder / "memory.max").write_text(most)
        _optional(folder / "memory.swap.max", "0")
        _optional(folder / "memory.oom.group", "1")
    else:
        (folder / "memory.limit_in_bytes").write_text(most)
        _optional(folder / "memory.memsw.limit_in_bytes", most)


def _optional(file: Path, text: str) -> None:
    with suppress(OSError):
        if file.exists():
            file.write_text(text)


def _count(folder: Path, file: str, name: str) -> int:
    return next((int(line.split()[1]) for line in _lines(folder / file) if line.split()[:1] == [name]), 0)


def _oom_kills_v1(folder: Path) -> int:
    return _count(folder, "memory.oom_control", "oom_kill")


def _sweep(place: Path) -> None:
    for folder in place.glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            with suppress(OSError):
                folder.rmdir()


def _lines(path: str | Path) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
