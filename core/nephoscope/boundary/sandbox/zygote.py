"""The warm interpreter inside a sandbox: imports once, then gives every script a fork of its own in namespaces of its own.

``python -I zygote.py CONTROL``, a socket over which come first what to import, then one request per script with its descriptors. Single
threaded, standard library only but for what it is told to import. It never reads a byte that a script wrote: the job is read in the fork
that has given everything up. Holds just the rights that making namespaces needs; a script has none of them.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import os
import platform
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

sys.path.insert(0, str(Path(__file__).parent))
import bootstrap  # type: ignore[import-not-found]
import launcher  # type: ignore[import-not-found]

CLONE = {"x86_64": 56, "aarch64": 220}
EMPTY = "mode=0555,size=4k,nr_inodes=2"
REFUSED = 97
"""Exit status of a trial that was not allowed to make its namespaces."""
USUAL = (
    "argparse", "base64", "bisect", "calendar", "collections.abc", "concurrent.futures.thread", "contextlib", "copy", "csv", "dataclasses",
    "datetime", "decimal", "email.parser", "enum", "fnmatch", "functools", "gzip", "hashlib", "heapq", "hmac", "html", "http.client", "io",
    "ipaddress", "itertools", "json", "linecache", "logging", "math", "operator", "pathlib", "pprint", "queue", "random", "re", "shlex",
    "statistics", "string", "subprocess", "tempfile", "textwrap", "time", "tokenize", "typing", "urllib.request", "uuid", "xml.etree.ElementTree",
    "zlib", "zoneinfo", "nephoscope_script",
)  # fmt: skip
"""What scripts import from the standard library, and the one module of ours."""
NAMES = ("job", "control", "statements", "report", "status", "output")
NO_PROC_SIZE = 1 << 29

held = ctypes.PyDLL(None, use_errno=True)
"""System calls without letting go of the interpreter's lock: what forks must come back holding it."""


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    order = json.loads(control.recv(1 << 16))
    sys.path[:] = [*order["path"], *(entry for entry in sys.path if entry not in order["path"])]
    told = [warm(name) for name in (*USUAL, *order["preloads"])]
    settle_memory()
    refused = trial(order)
    if refused is not None and order["uid"] is not None:  # a real uid of its own contains a script too
        order["own_user"] = False
        refused = trial(order)
    sys.stdout.flush()
    control.send(json.dumps({"ready": refused is None, "refused": refused, "failed": [text for text in told if text], "size": size()}).encode())
    if refused is None:
        steps = [step for name in order["preloads"] if name in sys.modules for step in getattr(sys.modules[name], "STEPS", ())]
        Server(control, order, steps).serve()


def warm(module: str) -> str | None:
    """Import one module and let it warm up; what went wrong, which costs speed and nothing else."""
    try:
        importlib.import_module(module)
    except BaseException as error:
        return f"{module}: {type(error).__name__}: {error}"[:300]
    return None


def settle_memory() -> None:
    """What is there now stays: collections in forks need not look at it, so its pages stay shared."""
    gc.collect()
    gc.freeze()


def size() -> int:
    """Address space in use, which scripts inherit and which does not count against them."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return NO_PROC_SIZE


def trial(order: dict[str, Any]) -> str | None:
    """Make the namespaces once, for nobody; why it is not allowed, if it is not."""
    read, write = os.pipe()
    pid = clone()
    if not pid:
        with contextlib.suppress(BaseException):
            try:
                enclose({"home": order["home"], "disk": 1 << 20, "files": 16})
                child = os.fork()
                if not child:
                    surrender(order)
                    os._exit(0)
                os._exit(launcher.wait_for(child))
            except OSError as error:
                os.write(write, str(error).encode()[:300])
        os._exit(REFUSED)
    os.close(write)
    with os.fdopen(read) as stream:
        why = stream.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return None if status == 0 else why or f"status {status}"


class Server:
    """Forks until its control socket is closed; does its ``steps`` while nobody waits."""

    def __init__(self, control: socket.socket, order: dict[str, Any], steps: list[Callable[[], object]]) -> None:
        self._control = control
        self._steps = steps[::-1]
        self._order = order
        self._size = size()
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._scripts: dict[int, tuple[int, int]] = {}
        """By the descriptor that tells its end: a script's first process and its status socket."""

    def serve(self) -> None:
        while True:
            events = self._poll.poll(0 if self._steps else None)
            if not events:
                self._step()
            for descriptor, _ in events:
                if descriptor == self._control.fileno():
                    if not self._accept():
                        return
                else:
                    self._over(descriptor)

    def _step(self) -> None:
        with contextlib.suppress(Exception):
            self._steps.pop()()
        if not self._steps:
            settle_memory()
            self._size = size()

    def _accept(self) -> bool:
        message, numbers, _, _ = socket.recv_fds(self._control, 1 << 16, len(NAMES))
        if not message:
            return False
        request, given = json.loads(message), dict(zip(NAMES, numbers, strict=True))
        try:
            pid = clone()
        except OSError as error:
            os.write(given["output"], f"no fork: {error}".encode())
            pid = -1
        if not pid:
            try:
                script({**self._order, **request}, given, self._size)
            except BaseException:
                os.write(given["output"], traceback.format_exc().encode())
                os._exit(REFUSED)
        if pid > 0:
            ending = os.pidfd_open(pid)
            with contextlib.suppress(ConnectionError), socket.socket(fileno=os.dup(given["status"])) as status:
                socket.send_fds(status, [b'{"child-pid": 0}\n'], [ending])
            self._scripts[ending] = (pid, given.pop("status"))
            self._poll.register(ending, select.POLLIN)
        for number in given.values():
            os.close(number)
        return True

    def _over(self, ending: int) -> None:
        """Its namespace is empty: nothing of the script is left when its status is told."""
        pid, status = self._scripts.pop(ending)
        self._poll.unregister(ending)
        os.close(ending)
        _, how, used = os.wait4(pid, 0)
        told = {"exit-code": os.waitstatus_to_exitcode(how), "cpu": used.ru_utime + used.ru_stime}
        with contextlib.suppress(ConnectionError):
            os.write(status, json.dumps(told).encode() + b"\n")
        os.close(status)


def clone() -> int:
    """A fork that is the first process of new namespaces. Only this thread exists, so nothing can be left half done."""
    ctypes.pythonapi.PyOS_BeforeFork()
    pid = int(held.syscall(CLONE[platform.machine()], launcher.NEW_NAMESPACES | signal.SIGCHLD, 0, 0, 0, 0))
    number = ctypes.get_errno()
    if pid:
        ctypes.pythonapi.PyOS_AfterFork_Parent()
    else:
        ctypes.pythonapi.PyOS_AfterFork_Child()
    if pid < 0:
        raise OSError(number, f"clone: {os.strerror(number)}")
    return pid


def script(request: dict[str, Any], given: dict[str, int], size: int) -> NoReturn:
    """The namespaces' first process: build what differs from one script to the next, wait for the word, fork the script, reap."""
    os.dup2(given["output"], 1)
    os.dup2(given["output"], 2)
    control = given["control"]
    bootstrap.close_all_but({0, 1, 2, control, given["job"], given["statements"], given["report"]})
    launcher.bring_up_loopback()
    enclose(request)
    launcher.libc.prctl(launcher.SET_DUMPABLE, 0, 0, 0, 0)
    bootstrap.hand_over_listener(control, request["port"])
    pid = os.fork()
    if not pid:
        become(request, given, size)
    launcher.give_up(request["uid"])
    os.closerange(0, 1 << 20)
    os._exit(launcher.wait_for(pid))


def enclose(request: dict[str, Any]) -> None:
    """Mounts of its own: a home, a view of its own processes, and nothing shared that can be written."""
    launcher.mount(None, Path("/"), None, launcher.RECURSIVE | launcher.PRIVATE)
    hidden = launcher.NO_SUID | launcher.NO_DEVICES | launcher.NO_EXECUTION
    if os.path.ismount("/dev/pts"):
        launcher.mount("tmpfs", Path("/dev/pts"), "tmpfs", hidden | launcher.READ_ONLY, EMPTY)
    home = f"mode=1777,size={request['disk']},nr_inodes={request['files']}"
    launcher.mount("tmpfs", Path(request["home"]), "tmpfs", launcher.NO_SUID | launcher.NO_DEVICES, home)
    try:
        launcher.mount("proc", Path("/proc"), "proc", hidden)
    except OSError:  # hidden in part around us: scripts do without, and must not see ours
        launcher.mount("tmpfs", Path("/proc"), "tmpfs", hidden | launcher.READ_ONLY, EMPTY)


def become(request: dict[str, Any], given: dict[str, int], size: int) -> NoReturn:
    """The script's process: without any right before it looks at the job."""
    os.setsid()
    launcher.die_with_parent()
    surrender(request)
    with os.fdopen(given["job"]) as stream:
        job = json.load(stream)
    job["rlimits"]["RLIMIT_AS"] += size
    bootstrap.settle(job, given["statements"])
    time.tzset()
    bootstrap.confine(job, keep=(given["statements"], given["report"]))
    forget()
    finish(job, given["report"])


def surrender(request: dict[str, Any]) -> None:
    """Every right given up, and a user namespace of its own in which it is nobody. With a real ``uid`` that comes first."""
    launcher.give_up(request["uid"], final=False)
    launcher.libc.prctl(launcher.SET_DUMPABLE, 1, 0, 0, 0)  # else its own maps belong to root
    if request["own_user"]:
        launcher.unshare_user(request["nobody"])
    launcher.give_up(None)


def forget() -> None:
    """Modules that no script imported."""
    for name in ("bootstrap", "launcher"):
        sys.modules.pop(name, None)


def finish(job: dict[str, Any], report: int) -> NoReturn:
    """Run it and end as an interpreter ends: threads first, then what was registered for the end, then the streams."""
    status = 0
    try:
        bootstrap.run(job, report)
    except SystemExit as leave:
        status = leave.code if isinstance(leave.code, int) else 0 if leave.code is None else 1
        if isinstance(leave.code, str):
            print(leave.code, file=sys.stderr)  # noqa: T201 - as Python would
    with contextlib.suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()
    os._exit(status & 0xFF)


if __name__ == "__main__":
    main()
