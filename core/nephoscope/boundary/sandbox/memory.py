"""Remembers until the next boot that an executor was found to contain scripts, so that not every command pays for the probes."""

from __future__ import annotations

import hashlib
import inspect
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

from nephoscope import __version__
from nephoscope.interfaces import Executor

FOLDER = user_cache_path("nephoscope") / "contained"
NAMESPACES = ("user", "mnt", "pid", "net")


def remembered(executor: Executor, folder: Path) -> bool:
    """Whether this very executor was found containing in these very surroundings."""
    with suppress(OSError):
        return (folder / _key(executor)).stat().st_uid == os.geteuid() and folder.stat().st_mode & 0o022 == 0
    return False


def remember(executor: Executor, folder: Path) -> None:
    """Nothing where the folder cannot be written: then the probes run again."""
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / _key(executor)).touch()


def _key(executor: Executor) -> str:
    digest = hashlib.sha256()
    for piece in _surroundings(executor):
        digest.update(piece + b"\0")
    return digest.hexdigest()


def _surroundings(executor: Executor) -> Iterable[bytes]:
    """This boot, these namespaces, this user, this interpreter, this code: another of any is another question."""
    yield Path("/proc/sys/kernel/random/boot_id").read_bytes()
    yield from (bytes(Path("/proc/self/ns", name).readlink()) for name in NAMESPACES)
    kind = f"{type(executor).__module__}.{type(executor).__qualname__}"
    yield f"{os.geteuid()} {sys.executable} {__version__} {kind} {getattr(executor, 'note', '')}".encode()
    for source in sorted({*Path(__file__).parent.rglob("*.py"), *Path(inspect.getfile(type(executor))).parent.rglob("*.py")}):
        yield source.read_bytes()
