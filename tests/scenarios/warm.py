"""Commands without cold starts: a process that has imported everything forks engine, boundary and script of one command after another.

Orders come as JSON lines on standard input: ``argv``, ``env``, ``out``, ``err`` (files), ``seconds``, and perhaps ``kill`` (``engine`` or
``boundary``) ``after`` some seconds; for each a line with its exit ``code`` goes out, and when it was ``killed``. The stores, the broker and the
loop are the real ones and die as in :mod:`mortal`; the walls round the script are missing unless ``WARM_WALLS`` is set.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import ctypes
import functools
import gc
import importlib
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

import mortal

RECORD = "WARM_RECORD"
"""The file to which a process writes what it imported and loaded, so that the next ones find it there."""
PARENT_DEATH_SIGNAL = 1


class Forked:
    """A forked child, as far as the boundary's client wants to know of it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            watched = os.pidfd_open(self.pid)
            try:
                if not select.select([watched], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired("forked", timeout or 0)
            finally:
                os.close(watched)
            with contextlib.suppress(ChildProcessError):
                self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode or 0

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def fork(work: Callable[[], None], out: int, err: int) -> int:
    """Run ``work`` in a child with these as its output and nothing as its input; its process id."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for source, target in ((nothing, 0), (out, 1), (err, 2)):
            os.dup2(source, target)
        sys.stdin, sys.stdout, sys.stderr = open(0, closefd=False), _writer(1), _writer(2)  # noqa: SIM115
        work()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _writer(descriptor: int) -> IO[str]:
    return io.TextIOWrapper(io.FileIO(descriptor, "w", closefd=False), encoding="utf-8", errors="replace", write_through=True)


# -- the three processes -----------------------------------------------------------------------------------------------


def engine(order: Mapping[str, Any]) -> None:
    """The command."""
    from nephoscope.boundary.client import Boundary
    from nephoscope.cli.main import main

    os.setsid()
    os.environ.clear()
    os.environ.update(order["env"])
    sys.argv = ["nephoscope", *order["argv"]]
    mortal.watch(mortal.ENGINE)
    Boundary.start = classmethod(_start)  # type: ignore[method-assign, assignment]
    try:
        main()
    finally:
        note()


def _start(cls: Any, env: Any = None, on_event: Any = None, blocked: Sequence[str] = (), command: Any = None) -> Any:
    ours, theirs = socket.socketpair()
    log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
    pid = fork(lambda: boundary(ours, theirs, blocked), log.fileno(), log.fileno())
    theirs.close()
    return cls(Forked(pid), ours, log, on_event)


def boundary(ours: socket.socket, theirs: socket.socket, blocked: Sequence[str]) -> None:
    """The process that holds the credentials."""
    from nephoscope.boundary import __main__, process, service
    from nephoscope.boundary.isolation import Isolation

    os.setsid()
    ours.close()
    mortal.watch(mortal.BOUNDARY)

    async def choose(*_: Any, **__: Any) -> Isolation:
        return Isolation(WarmExecutor())

    if "WARM_WALLS" not in os.environ:
        service.choose = choose

    descriptor = theirs.detach()
    sys.argv = ["boundary", "--fd", str(descriptor), *(word for pack in blocked for word in ("--blocked", pack))]
    leave, os._exit = os._exit, note_and(os._exit)
    try:
        process.run(descriptor, __main__._installed)
    finally:
        os._exit = leave


class WarmExecutor:
    """Runs a script in a child of this process, behind no walls: a double that is used for nothing but the packs' own scripts."""

    name, level = "warm", "userns"

    def available(self) -> str | None:
        return None

    async def open(self, preloads: Sequence[str]) -> None: ...

    async def close(self) -> None: ...

    async def execute(self, source: str, surroundings: Any, params: Mapping[str, object], limits: Any, listener: Any) -> Any:
        from nephoscope.boundary.sandbox.job import PORT
        from nephoscope.models import ExecutionResult, Failure, Surroundings

        with tempfile.TemporaryDirectory(prefix="warm-") as home, socket.socket() as door, tempfile.TemporaryFile() as said:
            door.bind(("127.0.0.1", 0))
            door.listen(128)
            moved = surroundings.model_dump_json().replace(f"127.0.0.1:{PORT}", f"127.0.0.1:{door.getsockname()[1]}")
            here = Surroundings.model_validate_json(moved)
            await listener(os.dup(door.fileno()))
            begun = time.monotonic()
            child = Forked(fork(lambda: script(source, here, params, home), said.fileno(), said.fileno()))
            try:
                code = await asyncio.to_thread(child.wait, limits.seconds)
            finally:
                child.kill()
            said.seek(0)
            output = said.read().decode("utf-8", "replace")
            ok = code == 0
            failure = None if ok else Failure(kind="crash", message=output[-500:] or f"status {code}")
            seconds = time.monotonic() - begun
            return ExecutionResult(status="ok" if ok else "failed", failure=failure, output=output, seconds=seconds, exit_code=code)


def script(source: str, surroundings: Any, params: Mapping[str, object], home: str) -> None:
    """A pack's script, as ``__main__``; it ends with the boundary."""
    from nephoscope.boundary.sandbox.job import environment

    ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    os.closerange(3, 4096)
    os.chdir(home)
    for name, text in surroundings.files.items():
        target = Path(home, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    os.environ.clear()
    os.environ.update(environment(surroundings, params), HOME=home, TMPDIR=home)
    exec(compile(source, "script.py", "exec"), {"__name__": "__main__"})


# -- being warm --------------------------------------------------------------------------------------------------------

_loaded: dict[str, None] = {}


def note() -> None:
    """Write down what was imported and which files the SDK loaded."""
    if name := os.environ.get(RECORD):
        with open(name, "a") as file:  # noqa: PTH123
            file.write(json.dumps({"modules": list(sys.modules), "files": list(_loaded)}) + "\n")


def note_and(leave: Callable[[int], NoReturn]) -> Callable[[int], NoReturn]:
    def leaving(status: int) -> NoReturn:
        note()
        leave(status)

    return leaving


def keep_what_is_read() -> None:
    """Tables and service descriptions are read once for all children."""
    from botocore.client import ClientCreator
    from botocore.loaders import JSONFileLoader

    from nephoscope.models import yaml_text

    load = functools.cache(functools.partial(JSONFileLoader.load_file, JSONFileLoader()))
    parse, make, made = functools.cache(yaml_text.parse_yaml), ClientCreator._create_methods, {}

    def loaded(_: Any, path: str) -> Any:
        _loaded[path] = None
        return load(path)

    def methods(self: Any, model: Any) -> Any:
        if model.service_name not in made:
            made[model.service_name] = make(self, model)
        return dict(made[model.service_name])

    JSONFileLoader.load_file = loaded
    ClientCreator._create_methods = methods
    yaml_text.parse_yaml = lambda text: copy.deepcopy(parse(text))


def warm(record: Path) -> None:
    """Import and load whatever an earlier command did."""
    import boto3
    from botocore.loaders import JSONFileLoader

    for line in record.read_text().splitlines():
        noted = json.loads(line)
        for name in noted["modules"]:
            if name not in sys.modules and not name.startswith("__"):
                with contextlib.suppress(Exception):
                    importlib.import_module(name)
        for path in noted["files"]:
            JSONFileLoader().load_file(path)
    services = {path.parent.parent.name for name in _loaded if (path := Path(name)).name == "service-2"}
    for service in sorted(services):
        boto3.session.Session().client(service, region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none")
    load_everything()
    gc.collect()
    gc.freeze()


def load_everything() -> None:
    """Have every table of the packs read once."""
    from nephoscope.knowledge.playbooks import load_playbooks
    from nephoscope.plugin.manager import load_plugins

    plugins = load_plugins()
    load_playbooks(plugins.playbooks)
    for registered in (plugins.estates, plugins.wires, plugins.analyzers, plugins.policies):
        assert registered is not None


def serve() -> None:
    keep_what_is_read()
    for line in sys.stdin:
        order = json.loads(line)
        if "warm" in order:
            warm(Path(order["warm"]))
            answer: dict[str, Any] = {}
        else:
            answer = _obey(order)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _obey(order: Mapping[str, Any]) -> dict[str, Any]:
    with open(order["out"], "wb") as out, open(order["err"], "wb") as err:  # noqa: PTH123
        child = Forked(fork(lambda: engine(order), out.fileno(), err.fileno()))
    killed = _kill(child, order["kill"], order["after"]) if "kill" in order else None
    try:
        return {"code": child.wait(order["seconds"]), "killed": killed}
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
        return {"code": -signal.SIGALRM, "killed": killed}


def _kill(child: Forked, who: str, after: float) -> float | None:
    """When somebody was killed; ``None`` when it was too late, or there was nobody yet."""
    try:
        child.wait(after)
    except subprocess.TimeoutExpired:
        listed = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
        victims = [child.pid] if who == mortal.ENGINE else [int(pid) for pid in listed]
        moment = time.time()
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return moment if victims else None
    return None


if __name__ == "__main__":
    serve()
