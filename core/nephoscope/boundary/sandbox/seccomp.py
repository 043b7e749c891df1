"""The system call filter: a small assembler for classic BPF and the tables of what a script has no business calling.

Denied calls fail with an error the caller can handle; a foreign or 32-bit call convention kills. Calls newer than the tables answer
"not implemented", so a new kernel does not widen the surface.
"""

from __future__ import annotations

import errno
import platform
import struct
from dataclasses import dataclass

LOAD, JUMP_EQUAL, JUMP_GREATER, JUMP_BITS, RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
KILL_PROCESS, ALLOW, ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, SECOND_ARGUMENT = 0, 4, 16, 24

LAST_KNOWN = 462
NAMESPACE_FLAGS = 0x7E020000
TERMINAL_INJECTION = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX: typing into somebody's terminal."""
FAMILIES = (1, 2, 10)
"""AF_UNIX, AF_INET, AF_INET6."""

# Numbers from 424 on are the same everywhere.
NEW_CALLS = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429, "fsopen": 430,
    "fsconfig": 431, "fsmount": 432, "fspick": 433, "pidfd_getfd": 438, "process_madvise": 440, "mount_setattr": 442, "quotactl_fd": 443,
    "memfd_secret": 447, "process_mrelease": 448, "set_mempolicy_home_node": 450,
}  # fmt: skip


@dataclass(frozen=True)
class Machine:
    """One architecture: its audit id, the calls that need a look at their arguments, and the denied ones."""

    audit: int
    ioctl: int
    socket: int
    clone: int
    denied: dict[str, int]
    foreign_bit: int | None = None
    """Call numbers above it belong to a second convention of the same architecture."""


CLONE3 = 435

MACHINES = {
    "x86_64": Machine(
        audit=0xC000003E, ioctl=16, socket=41, clone=56, foreign_bit=0x3FFFFFFF,
        denied={
            "shmget": 29, "semget": 64, "msgget": 68, "ptrace": 101, "syslog": 103, "uselib": 134, "personality": 135, "vhangup": 153,
            "modify_ldt": 154, "pivot_root": 155, "_sysctl": 156, "adjtimex": 159, "chroot": 161, "acct": 163, "settimeofday": 164,
            "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169, "sethostname": 170, "setdomainname": 171,
            "iopl": 172, "ioperm": 173, "init_module": 175, "delete_module": 176, "quotactl": 179, "nfsservctl": 180,
            "lookup_dcookie": 212, "clock_settime": 227, "mbind": 237, "set_mempolicy": 238, "mq_open": 240, "kexec_load": 246,
            "add_key": 248, "request_key": 249, "keyctl": 250, "migrate_pages": 256, "unshare": 272, "vmsplice": 278, "move_pages": 279,
            "perf_event_open": 298, "fanotify_init": 300, "name_to_handle_at": 303, "open_by_handle_at": 304, "clock_adjtime": 305,
            "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "finit_module": 313, "memfd_create": 319,
            "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323, **NEW_CALLS,
        },
    ),
    "aarch64": Machine(
        audit=0xC00000B7, ioctl=29, socket=198, clone=220,
        denied={
            "lookup_dcookie": 18, "umount2": 39, "mount": 40, "pivot_root": 41, "nfsservctl": 42, "chroot": 51, "vhangup": 58,
            "quotactl": 60, "vmsplice": 75, "acct": 89, "personality": 92, "unshare": 97, "kexec_load": 104, "init_module": 105,
            "delete_module": 106, "clock_settime": 112, "syslog": 116, "ptrace": 117, "reboot": 142, "sethostname": 161,
            "setdomainname": 162, "settimeofday": 170, "adjtimex": 171, "mq_open": 180, "msgget": 186, "semget": 190, "shmget": 194,
            "add_key": 217, "request_key": 218, "keyctl": 219, "swapon": 224, "swapoff": 225, "mbind": 235, "set_mempolicy": 237,
            "migrate_pages": 238, "move_pages": 239, "perf_event_open": 241, "fanotify_init": 262, "name_to_handle_at": 264,
            "open_by_handle_at": 265, "clock_adjtime": 266, "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272,
            "finit_module": 273, "memfd_create": 279, "bpf": 280, "userfaultfd": 282, "kexec_file_load": 294, **NEW_CALLS,
        },
    ),
}  # fmt: skip


class Assembler:
    """Instructions in order; each test skips exactly the verdict after it, so no label is ever needed."""

    def __init__(self) -> None:
        self._code: list[tuple[int, int, int, int]] = []

    def load(self, offset: int) -> None:
        self._code.append((LOAD, 0, 0, offset))

    def verdict(self, value: int) -> None:
        self._code.append((RETURN, 0, 0, value))

    def when(self, test: int, operand: int, value: int) -> None:
        """End with ``value`` if the test holds for the loaded word, else go on."""
        self._code += [(test, 0, 1, operand), (RETURN, 0, 0, value)]

    def unless(self, test: int, operand: int, value: int) -> None:
        """End with ``value`` if the test does not hold, else go on."""
        self._code += [(test, 1, 0, operand), (RETURN, 0, 0, value)]

    def block(self, operand: int, body: Assembler) -> None:
        """Run ``body``, which must end in a verdict, if the loaded word equals ``operand``; else skip all of it."""
        self._code += [(JUMP_EQUAL, 0, len(body._code), operand), *body._code]

    def bytes(self) -> bytes:
        return b"".join(struct.pack("=HBBI", *instruction) for instruction in self._code)


def supported(machine: str | None = None) -> bool:
    """Whether there are tables for this kind of processor."""
    return (machine or platform.machine()) in MACHINES


def program(machine: str | None = None) -> bytes:
    """The filter as the kernel takes it: ``struct sock_filter`` after ``struct sock_filter``."""
    here = MACHINES[machine or platform.machine()]
    code = Assembler()
    code.load(ARCHITECTURE)
    code.unless(JUMP_EQUAL, here.audit, KILL_PROCESS)
    code.load(NUMBER)
    if here.foreign_bit is not None:
        code.when(JUMP_GREATER, here.foreign_bit, KILL_PROCESS)
    code.when(JUMP_GREATER, LAST_KNOWN, ERRNO | errno.ENOSYS)
    for number in sorted(here.denied.values()):
        code.when(JUMP_EQUAL, number, ERRNO | errno.EPERM)
    # The C library falls back to clone, whose flags can be read here, only when clone3 does not exist.
    code.when(JUMP_EQUAL, CLONE3, ERRNO | errno.ENOSYS)
    code.block(here.clone, _argument(FIRST_ARGUMENT, [(JUMP_BITS, NAMESPACE_FLAGS, ERRNO | errno.EPERM)], otherwise=ALLOW))
    code.block(here.ioctl, _argument(SECOND_ARGUMENT, [(JUMP_EQUAL, bad, ERRNO | errno.EPERM) for bad in TERMINAL_INJECTION], otherwise=ALLOW))
    code.block(here.socket, _argument(FIRST_ARGUMENT, [(JUMP_EQUAL, good, ALLOW) for good in FAMILIES], otherwise=ERRNO | errno.EAFNOSUPPORT))
    code.verdict(ALLOW)
    return code.bytes()


def _argument(offset: int, tests: list[tuple[int, int, int]], otherwise: int) -> Assembler:
    body = Assembler()
    body.load(offset)
    for test, operand, value in tests:
        body.when(test, operand, value)
    body.verdict(otherwise)
    return body
