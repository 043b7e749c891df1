"""What a sandbox is asked to do: the document that ``bootstrap.py`` reads, and the fixed places inside every sandbox."""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath

from nephoscope.interfaces import UsageError
from nephoscope.models import Limits, Surroundings

PORT = 4566
LISTENER_URL = f"http://127.0.0.1:{PORT}"
"""Where a script finds the broker. The same in every sandbox: each has a network of its own with nothing else in it."""
ROOT = "/sandbox"
"""The one top-level folder that is ours: read-only but for the home."""
HOME = f"{ROOT}/home"
"""The script's home, working and temporary directory: private, empty at the start, gone at the end."""

OPEN_FILES = 256
BASE_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"}


@dataclass(frozen=True)
class Job:
    """Everything the bootstrap needs.

    ``path`` goes in front of ``sys.path``. ``port``: where to listen inside; 0 when there is no network of its own and the executor
    listens itself. ``seccomp``: the filter in hexadecimal, empty for none. ``landlock``: paths to ``read`` and to ``write``.
    """

    source: str
    env: Mapping[str, str]
    files: Mapping[str, str]
    rlimits: Mapping[str, int]
    path: Sequence[str] = ()
    home: str = HOME
    port: int = PORT
    seccomp: str = ""
    landlock: Mapping[str, Sequence[str]] | None = None

    def document(self) -> bytes:
        return json.dumps(asdict(self)).encode()


def environment(surroundings: Surroundings, params: Mapping[str, object]) -> dict[str, str]:
    """The script's whole environment: nothing of the caller's is in it."""
    return {**BASE_ENVIRONMENT, **surroundings.env, "NEPHOSCOPE_PARAMS": json.dumps(params)}


def home_files(surroundings: Surroundings) -> dict[str, str]:
    """The surroundings' files, proven to stay under the script's home."""
    for name in surroundings.files:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise UsageError(f"a file of the script's surroundings leaves its home: {name}")
    return dict(surroundings.files)


def rlimits(limits: Limits) -> dict[str, int]:
    """Per-process limits by the names of :mod:`resource`."""
    megabyte = 1 << 20
    return {
        "RLIMIT_AS": limits.memory_mb * megabyte,
        "RLIMIT_FSIZE": limits.disk_mb * megabyte,
        "RLIMIT_CPU": math.ceil(limits.seconds) + 1,
        "RLIMIT_NPROC": limits.processes,
        "RLIMIT_NOFILE": OPEN_FILES,
        "RLIMIT_CORE": 0,
    }


@contextlib.contextmanager
def memory_file(data: bytes) -> Iterator[int]:
    """A descriptor from which ``data`` can be read once, by whoever inherits it."""
    descriptor = os.memfd_create("sandbox")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as stream:
            stream.write(data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)
