"""Makes the namespaces for one script without any program but Python: ``python -I launcher.py SPEC STATUS``, both descriptors.

SPEC is the JSON document of ``userns.py``. The caller's process stays outside as a monitor that tells the namespace's first process on
STATUS and ends as it ends; the first process only reaps; its child has no rights left when it starts the interpreter. Standard library
only, because it runs isolated. Nothing of a script's is read here.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import platform
import signal
import socket
import struct
import sys
from pathlib import Path
from typing import Any, NoReturn

NEW_NAMESPACES = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000
NEW_USER = 0x10000000
READ_ONLY, NO_SUID, NO_DEVICES, NO_EXECUTION, REMOUNT, BIND, RECURSIVE, PRIVATE = 1, 2, 4, 8, 32, 4096, 16384, 1 << 18
RELATIVE_TIMES, RELATIVE_TIMES_SEEN = 1 << 21, 4096
KEPT_FLAGS = NO_SUID | NO_DEVICES | NO_EXECUTION | 1024 | 2048
DETACH = 2
PARENT_DEATH_SIGNAL, SET_DUMPABLE, DROP_BOUNDING, SET_NO_NEW_PRIVILEGES, AMBIENT, AMBIENT_RAISE = 1, 4, 24, 38, 47, 2
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
CAPSET = {"x86_64": 126, "aarch64": 91}
DEVICES = ("null", "zero", "full", "random", "urandom")

libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    with os.fdopen(int(sys.argv[1])) as stream:
        spec = json.load(stream)
    status = int(sys.argv[2])
    unshare(spec["uid"], spec["nobody"])
    die_with_parent()
    gate, open_gate = os.pipe()
    first = os.fork()
    if first:
        os.write(status, json.dumps({"child-pid": first}).encode() + b"\n")
        os.write(open_gate, b"x")
        sys.exit(wait_for(first))
    os.read(gate, 1)
    for descriptor in (gate, open_gate, status):
        os.close(descriptor)
    first_process(spec)


def unshare(uid: int | None, nobody: int) -> None:
    """New namespaces; without a real uid to become, a user namespace in which the caller is nobody."""
    outside_uid, outside_gid = os.geteuid(), os.getegid()
    check(libc.unshare(NEW_NAMESPACES | (NEW_USER if uid is None else 0)), "unshare")
    if uid is None:
        map_to(nobody, outside_uid, outside_gid)


def unshare_user(nobody: int) -> None:
    """A user namespace for this process alone."""
    outside_uid, outside_gid = os.geteuid(), os.getegid()
    check(libc.unshare(NEW_USER), "unshare user")
    map_to(nobody, outside_uid, outside_gid)


def map_to(nobody: int, outside_uid: int, outside_gid: int) -> None:
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{nobody} {outside_uid} 1")
    Path("/proc/self/gid_map").write_text(f"{nobody} {outside_gid} 1")


def first_process(spec: dict[str, Any]) -> NoReturn:
    """Build the world, then stay as the one who reaps: with its end everything in here ends."""
    die_with_parent()
    bring_up_loopback()
    build(spec)
    libc.prctl(SET_DUMPABLE, 0, 0, 0, 0)  # the script may have the same uid: it must not look into this process
    script = os.fork()
    if not script:
        if spec["rights"]:
            hold(spec["rights"])
        else:
            give_up(spec["uid"])
        os.chdir(spec["home"])
        os.execve(spec["command"][0], spec["command"], spec["env"])  # noqa: S606
    give_up(spec["uid"])
    die_with_parent()
    os.closerange(0, 1 << 20)
    os._exit(wait_for(script))


def wait_for(child: int) -> int:
    """Reap until ``child`` ends; its exit code, 128 + signal if one ended it."""
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def build(spec: dict[str, Any]) -> None:
    """A new root of what is bound, read-only but for the home, and nothing of the old one behind it."""
    os.umask(0)
    root = Path(spec["root"])
    mount(None, Path("/"), None, RECURSIVE | PRIVATE)
    mount("tmpfs", root, "tmpfs", NO_SUID | NO_DEVICES, "mode=0755,size=16m")
    for source in spec["binds"]:
        bind(Path(source), root / source[1:], READ_ONLY | NO_SUID | NO_DEVICES)
    for device in DEVICES:
        bind(Path("/dev", device), root / "dev" / device, NO_SUID | NO_EXECUTION)
    for target, link in spec["links"]:
        (root / link[1:]).symlink_to(target)
    for name, text in spec["files"].items():
        place = root / name[1:]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        place.chmod(0o444)
    home, proc = root / spec["home"][1:], root / "proc"
    home.mkdir(parents=True)
    proc.mkdir()
    mount("tmpfs", home, "tmpfs", NO_SUID | NO_DEVICES, f"mode=1777,size={spec['size']},nr_inodes={spec['files_limit']}")
    with contextlib.suppress(OSError):  # a container that hides parts of its own /proc allows no fresh one; scripts do without
        mount("proc", proc, "proc", NO_SUID | NO_DEVICES | NO_EXECUTION)
    os.chdir(root)
    check(libc.syscall(PIVOT_ROOT[platform.machine()], b".", b"."), "pivot_root")
    check(libc.umount2(b".", DETACH), "umount")
    mount(None, Path("/"), None, REMOUNT | BIND | READ_ONLY | NO_SUID | NO_DEVICES)


def bind(source: Path, place: Path, flags: int) -> None:
    if source.is_dir():
        place.mkdir(parents=True, exist_ok=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    mount(str(source), place, None, BIND | RECURSIVE)
    for point in mounts_beneath(place):
        seen = os.statvfs(point).f_flag
        kept = seen & KEPT_FLAGS | (RELATIVE_TIMES if seen & RELATIVE_TIMES_SEEN else 0)
        mount(None, point, None, REMOUNT | BIND | flags | kept)


def mounts_beneath(place: Path) -> list[Path]:
    points = [Path(line.split()[4].encode().decode("unicode_escape")) for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [point for point in points if point.is_relative_to(place)]


def mount(source: str | None, place: Path, kind: str | None, flags: int, options: str = "") -> None:
    encoded = (source.encode() if source else None, str(place).encode(), kind.encode() if kind else None)
    check(libc.mount(*encoded, flags, options.encode() or None), f"mount {place}")


def bring_up_loopback() -> None:
    set_flags, up_and_running = 0x8914, 0x1 | 0x40
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        fcntl.ioctl(probe, set_flags, struct.pack("16sh14x", b"lo", up_and_running))


def drop_for_ever(kept: set[int]) -> None:
    """Out of reach of any program that is started later, up to the last capability the kernel knows."""
    for capability in range(64):
        if capability not in kept and libc.prctl(DROP_BOUNDING, capability, 0, 0, 0) < 0 and ctypes.get_errno() == errno.EINVAL:
            return


def hold(rights: list[int]) -> None:
    """These capabilities and no others, kept by what is started next."""
    drop_for_ever(set(rights))
    mask = sum(1 << right for right in rights)
    check(libc.syscall(CAPSET[platform.machine()], struct.pack("Ii", 0x20080522, 0), struct.pack("6I", mask, mask, mask, 0, 0, 0)), "capset")
    for right in rights:
        check(libc.prctl(AMBIENT, AMBIENT_RAISE, right, 0, 0), "ambient capability")


def give_up(uid: int | None, *, final: bool = True) -> None:
    """Every right: capabilities now and for ever, and with ``uid`` the identity too. Not ``final``: it may still enter a user namespace."""
    drop_for_ever(set())
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    check(libc.syscall(CAPSET[platform.machine()], struct.pack("Ii", 0x20080522, 0), bytes(24)), "capset")
    if final:
        check(libc.prctl(SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no_new_privs")


def die_with_parent() -> None:
    """Forgotten by the kernel whenever rights change: said again after each change."""
    check(libc.prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0), "parent-death signal")


def check(result: int, what: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    main()
