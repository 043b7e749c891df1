"""Probe: everything that can be tried without doing harm. Each promise is stated with what was seen."""

import ctypes
import errno
import hashlib
import json
import os
import socket
import struct
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from nephoscope_script import params  # type: ignore[import-not-found]

GIVEN = params()
CHANNEL = int(os.environ["NEPHOSCOPE_STATEMENTS"])
GET_SECCOMP, GET_NO_NEW_PRIVILEGES = 21, 39
CAPGET = {"x86_64": 125, "aarch64": 90}[os.uname().machine]
UNSHARE = {"x86_64": 272, "aarch64": 97}[os.uname().machine]
NEW_USER_NAMESPACE = 0x10000000
libc = ctypes.CDLL(None, use_errno=True)


def promise(name: str, found: Iterable[object], otherwise: str) -> None:
    """``found``: what should not have been possible; nothing found means that the promise is kept."""
    seen = ", ".join(map(str, found))
    line = {"promise": name, "held": not seen, "detail": seen[:500] or otherwise}
    os.write(CHANNEL, (json.dumps(line) + "\n").encode())


def reached(kind: socket.SocketKind, address: list[Any]) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, kind) as attempt:
        attempt.settimeout(1)
        try:
            attempt.connect(tuple(address))
            attempt.send(b"probe")
        except OSError:
            return False
    return True


def opened(path: Path, mode: str = "rb") -> bool:
    try:
        with path.open(mode):
            return True
    except OSError:
        return False


def strange_files(home: str) -> Iterator[Path]:
    """Readable files in the caller's home that are no part of the interpreter or its packages."""
    known = [Path(place).resolve() for place in {sys.prefix, sys.base_prefix, *filter(None, sys.path)}]
    for name, folders, files in os.walk(home):
        here = Path(name)
        folders[:] = [folder for folder in folders if not any((here / folder).resolve().is_relative_to(place) for place in known)]
        yield from (here / file for file in files if opened(here / file))


def writable(folders: Iterable[str]) -> Iterator[str]:
    for folder in folders:
        path = Path(folder, "nephoscope-probe")
        if opened(path, "xb"):
            path.unlink()
            yield folder


def processes() -> Iterator[Path]:
    proc = Path("/proc")
    return (entry for entry in (proc.iterdir() if proc.is_dir() else ()) if entry.name.isdigit())


def variables() -> Iterator[str]:
    """Variables of the caller's, wherever an environment can be seen; they are known by digest only."""
    seen = {f"{name}={value}".encode() for name, value in os.environ.items()}
    for entry in processes():
        if opened(entry / "environ"):
            seen.update((entry / "environ").read_bytes().split(b"\0"))
    names = {hashlib.sha256(GIVEN["salt"].encode() + entry).hexdigest(): entry.partition(b"=")[0].decode(errors="replace") for entry in seen}
    return (names[digest] for digest in GIVEN["variables"] if digest in names)


def capabilities() -> list[str]:
    header, sets = struct.pack("Ii", 0x20080522, 0), ctypes.create_string_buffer(24)
    if libc.syscall(CAPGET, header, sets):
        return ["capabilities cannot be read"]
    return ["capabilities left"] if any(sets.raw) else []


def started(entry: Path) -> str:
    """The moment a process started, in ticks since the machine did; empty if it cannot be seen."""
    try:
        return (entry / "stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def caller() -> Iterator[str]:
    """The process that started all this, where it can be seen or signalled."""
    yield from (f"process {entry.name}" for entry in processes() if started(entry) == GIVEN["started"])
    try:
        os.kill(GIVEN["pid"], 0)
    except OSError:
        return
    if not Path("/proc/self").exists() or started(Path(f"/proc/{GIVEN['pid']}")) == GIVEN["started"]:
        yield "can be signalled"


def weak_kernel_filter() -> Iterator[str]:
    if libc.prctl(GET_SECCOMP, 0, 0, 0, 0) != 2:
        yield "no system call filter"
    if libc.prctl(GET_NO_NEW_PRIVILEGES, 0, 0, 0, 0) != 1:
        yield "privileges can be gained"
    if libc.syscall(UNSHARE, NEW_USER_NAMESPACE) == 0:
        yield "new user namespaces can be made"


def other_ports() -> list[str]:
    """With Landlock even a port of the script's own network is out of reach."""
    with socket.socket() as attempt:
        return [] if attempt.connect_ex(("127.0.0.1", 9)) == errno.EACCES else ["ports beside the listener's are reachable"]


FOLDERS = ("/", "/usr", "/etc", "/tmp", "/dev", "/dev/shm", "/var/tmp", "/run", sys.prefix, *sys.path)  # noqa: S108
ways_out = [(kind, address) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM) for address in GIVEN["outside"]]
promise("network", (address for kind, address in ways_out if reached(kind, address)), "no way out")
promise("metadata", (address for address in GIVEN["metadata"] if reached(socket.SOCK_STREAM, address)), "unreachable")
promise("host loopback", (address for address in GIVEN["loopback"] if reached(socket.SOCK_STREAM, address)), "unreachable")
promise("files", (path for path in (GIVEN["canary"], "/etc/shadow") if opened(Path(path))), "other files are not there")
promise("home", islice(strange_files(GIVEN["home"]), 5) if GIVEN["home"] else (), "nothing of the caller's home is there")
promise("root", writable(FOLDERS), "read-only")
promise("environment", variables(), "empty but for the script's own")
promise("capabilities", capabilities(), "none")
promise("processes", caller(), "no process of the host is visible")
promise("kernel", weak_kernel_filter(), "system calls are filtered")
promise("landlock", other_ports(), "in force")
