"""The first thing that runs inside a sandbox: hand the listener out, close everything, give up every right, run the script as ``__main__``.

Started as ``python -I bootstrap.py JOB CONTROL STATEMENTS REPORT``, all descriptors. JOB is a JSON document (see ``job.py``). CONTROL is a
socket over which the listening socket goes out and the word to start comes in. Standard library only: nothing of Nephoscope exists in
here. After ``confine`` nothing that this file does can be trusted any more, because the script shares the process: REPORT
carries only the script's own account of why it failed.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import signal
import socket
import struct
import sys
import traceback
import types
from pathlib import Path
from typing import Any

PARENT_DEATH_SIGNAL, SET_NO_NEW_PRIVILEGES, SET_SECCOMP, SECCOMP_FILTER = 1, 38, 22, 2
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
LANDLOCK_READ = 1 << 0 | 1 << 2 | 1 << 3
LANDLOCK_FILE_RIGHTS = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15
LANDLOCK_NO_DEVICES = ~(1 << 6 | 1 << 11)
OUT_OF = {
    errno.ENOSPC: "disk", errno.EFBIG: "disk", errno.EDQUOT: "disk", errno.EAGAIN: "processes", errno.EMFILE: "descriptors",
    errno.ENOMEM: "memory",
}  # fmt: skip
NOT_ALLOWED = (errno.EPERM, errno.EACCES, errno.EROFS, errno.ENETUNREACH, errno.EAFNOSUPPORT)

libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    job_descriptor, control, statements, report = (int(word) for word in sys.argv[1:5])
    with os.fdopen(job_descriptor) as stream:
        job = json.load(stream)
    if job["port"]:
        hand_over_listener(control, job["port"])
    settle(job, statements)
    confine(job, keep=(statements, report))
    run(job, report)


def hand_over_listener(control: int, port: int) -> None:
    """A socket belongs to the network namespace it was made in: whoever holds this one accepts connections from in here."""
    with socket.socket(fileno=control) as channel, socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
        socket.send_fds(channel, [b"listener"], [listener.fileno()])
        if channel.recv(16) != b"go":
            os._exit(1)


def settle(job: dict[str, Any], statements: int) -> None:
    """The script's home, files, variables and import path."""
    home = Path(job["home"])
    os.chdir(home)
    for name, text in job["files"].items():
        target = home / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    os.environ.clear()
    os.environ.update(job["env"], HOME=job["home"], TMPDIR=job["home"], NEPHOSCOPE_STATEMENTS=str(statements))
    sys.path[:] = [*job["path"], *(entry for entry in sys.path if entry not in job["path"])]


def confine(job: dict[str, Any], keep: tuple[int, ...]) -> None:
    """From here on only what the script may do is possible."""
    libc.prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    close_all_but({0, 1, 2, *keep})
    if job["landlock"] is not None:
        landlock(job["landlock"]["read"], job["landlock"]["write"], job["port"])
    for name, value in job["rlimits"].items():
        lower(getattr(resource, name), value)
    if libc.prctl(SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise_errno("no_new_privs")
    if job["seccomp"]:
        load_filter(bytes.fromhex(job["seccomp"]))


def lower(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def close_all_but(keep: set[int]) -> None:
    first = 0
    for descriptor in sorted(keep):
        if descriptor > first:  # an empty range at 0 would close everything
            os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, 1 << 20)


def load_filter(program: bytes) -> None:
    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    code = ctypes.create_string_buffer(program, len(program))
    if libc.prctl(SET_SECCOMP, SECCOMP_FILTER, ctypes.byref(Program(len(program) // 8, ctypes.addressof(code))), 0, 0):
        raise_errno("seccomp")


def landlock(read: list[str], write: list[str], port: int) -> None:
    """A second lock on files, ports and signals where the kernel has one; elsewhere nothing."""
    abi = libc.syscall(LANDLOCK_CREATE, None, 0, 1)
    if abi < 1:
        return
    files = (1 << 13) - 1 | (1 << 13 if abi >= 2 else 0) | (1 << 14 if abi >= 3 else 0) | (1 << 15 if abi >= 5 else 0)
    bind_and_connect, abstract_sockets_and_signals = 3 if abi >= 4 else 0, 3 if abi >= 6 else 0
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    rules = syscall(LANDLOCK_CREATE, struct.pack("QQQ", files, bind_and_connect, abstract_sockets_and_signals)[:size], size, 0)
    for paths, rights in ((read, LANDLOCK_READ), (write, files & LANDLOCK_NO_DEVICES)):
        for path in filter(os.path.exists, paths):
            beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
            allowed = rights & files if os.path.isdir(path) else rights & files & LANDLOCK_FILE_RIGHTS  # noqa: PTH112
            syscall(LANDLOCK_ADD, rules, 1, struct.pack("=Qi", allowed, beneath), 0)
            os.close(beneath)
    if bind_and_connect:
        syscall(LANDLOCK_ADD, rules, 2, struct.pack("QQ", 2, port), 0)
    libc.prctl(SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    syscall(LANDLOCK_RESTRICT, rules, 0)
    os.close(rules)


def syscall(number: int, *arguments: Any) -> int:
    result = int(libc.syscall(number, *arguments))
    if result < 0:
        raise_errno(f"system call {number}")
    return result


def raise_errno(what: str) -> None:
    number = ctypes.get_errno()
    raise OSError(number, f"{what}: {os.strerror(number)}")


def run(job: dict[str, Any], report: int) -> None:
    """The script, as if it had been started by name; an uncaught exception is told on ``report`` and ends as Python would end it."""
    name = str(Path(job["home"]) / "script.py")
    Path(name).write_text(job["source"])
    sys.argv = [name]
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr] # what was said before a kill is not lost
    module = types.ModuleType("__main__")
    module.__dict__["__file__"] = name
    sys.modules["__main__"] = module
    try:
        exec(compile(job["source"], name, "exec"), module.__dict__)  # noqa: S102 - running the script is what this is for
    except SystemExit:
        raise
    except BaseException as trouble:
        sys.stdout.flush()
        own_frames = trouble.__traceback__.tb_next if trouble.__traceback__ else None
        traceback.print_exception(type(trouble), trouble, own_frames)
        os.write(report, json.dumps(failure(trouble, name)).encode()[:60_000])
        sys.exit(1)


def failure(trouble: BaseException, name: str) -> dict[str, str]:
    """Kind, message and, for an error an SDK got from its service, the operation. SDK errors are known by their shape."""
    lines = [frame.lineno for frame in traceback.extract_tb(trouble.__traceback__) if frame.filename == name]
    line = trouble.lineno if isinstance(trouble, SyntaxError) else lines[-1] if lines else None
    message = f"{type(trouble).__name__}: {str(trouble)[:4000]}" + (f" (line {line})" if line else "")
    return {"kind": kind(trouble), "message": message, "operation": str(getattr(trouble, "operation_name", ""))[:200], "limit": limit(trouble)}


def kind(trouble: BaseException) -> str:
    if isinstance(trouble, SyntaxError):
        return "syntax"
    if isinstance(trouble, ImportError):
        return "import"
    if limit(trouble):
        return "limit"
    if isinstance(trouble, OSError) and trouble.errno in NOT_ALLOWED:
        return "refused"
    return "api_error" if hasattr(trouble, "response") and hasattr(trouble, "operation_name") else "crash"


def limit(trouble: BaseException) -> str:
    if isinstance(trouble, MemoryError):
        return "memory"
    if isinstance(trouble, RuntimeError) and "can't start new thread" in str(trouble):
        return "processes"
    return OUT_OF.get(trouble.errno or 0, "") if isinstance(trouble, OSError) else ""


if __name__ == "__main__":
    main()
