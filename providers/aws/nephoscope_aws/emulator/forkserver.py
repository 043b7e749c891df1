"""``python -m nephoscope_aws.emulator.forkserver FD``: a process that has loaded the emulator, and forks itself for each one wanted.

What one child had to load is loaded here before the next is forked, so that only the first pays for it. No child's account is
ever seen here: modules and service models are all that is kept.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import re
import select
import signal
import socket
import sys
from collections import deque
from functools import partial
from typing import Any

ROLES = ("emulator", "proving")
_MODULE = re.compile(r"moto\.[\w.]+")
_LONGEST_LESSON = 1 << 18


def main() -> int:
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with its owner
    Forkserver(control).serve()
    return 0


class Forkserver:
    """Ends when its owner's end of the control socket is closed."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._lessons, self._pupils = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._unread: deque[partial[Any]] = deque()
        self._known: set[str] = set()

    def serve(self) -> None:
        _load()
        while True:
            ready, _, _ = select.select([self._control, self._lessons], [], [], 0 if self._unread else 5)
            self._bury()
            if self._control in ready:
                if not self._fork():
                    return
            elif self._lessons in ready:
                self._hear()
            elif self._unread:
                with contextlib.suppress(Exception):  # what one child could load, another may do without
                    self._unread.popleft()()

    def _fork(self) -> bool:
        """Whether there still is somebody to fork for. The answer carries a descriptor of the child, by which it is awaited and ended."""
        request, descriptors, _, _ = socket.recv_fds(self._control, 4096, 2)
        if not request:
            return False
        asked = json.loads(request)
        gc.freeze()
        child = os.fork()
        if child == 0:
            self._control.close()
            self._lessons.close()
            os._exit(_live(asked["role"], descriptors, self._pupils))
        for descriptor in descriptors:
            os.close(descriptor)
        handle = os.pidfd_open(child)
        socket.send_fds(self._control, [json.dumps({"pid": child}).encode()], [handle])
        os.close(handle)
        return True

    def _hear(self) -> None:
        lesson = json.loads(self._lessons.recv(_LONGEST_LESSON))
        for module in lesson["modules"]:
            if module not in self._known and _MODULE.fullmatch(module):
                self._unread.append(partial(importlib.import_module, module))
        for service in lesson["services"]:
            if service not in self._known:
                self._unread.append(partial(_read_models, service))
        self._known |= {*lesson["modules"], *lesson["services"]}

    def _bury(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _load() -> None:
    """What every child needs and takes long to import."""
    from nephoscope_aws.emulator.sdk import detach, sdk

    detach()

    sdk().get_component("endpoint_resolver")


def _read_models(service: str) -> None:
    from moto.core.utils import get_service_model

    from nephoscope_aws.emulator.sdk import sdk
    from nephoscope_aws.wire.models import service_model

    service_model(service)
    loader = sdk().get_component("data_loader")
    for kind in ("service-2", "endpoint-rule-set-1"):
        loader.load_service_model(service, kind)
    get_service_model(service)


def _live(role: str, descriptors: list[int], pupils: socket.socket) -> int:
    """The child's whole life: standard input and output are the descriptors, in this order."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.dup2(descriptors[0], 0)
    os.dup2(descriptors[1], 1)
    for descriptor in descriptors:
        os.close(descriptor)
    sys.stdin, sys.stdout = os.fdopen(0, "r", closefd=False), os.fdopen(1, "w", closefd=False)
    _forget_chance()
    before = set(sys.modules)
    try:
        return _begin(role)
    except Exception as error:
        sys.stdout.write(json.dumps({"error": f"{type(error).__name__}: {error}"}) + "\n")
        sys.stdout.flush()
        return 1
    finally:
        with contextlib.suppress(Exception):
            _teach(pupils, before)


def _begin(role: str) -> int:
    if role == "proving":
        from nephoscope_aws.proving.__main__ import main as prove

        return prove()
    from nephoscope_aws.emulator.__main__ import main as emulate

    return emulate(["--child"])


def _forget_chance() -> None:
    """Two children of one parent must not make up the same identifiers."""
    from moto.moto_api._internal import mock_random

    mock_random.seed(int.from_bytes(os.urandom(8), "big"))


def _teach(pupils: socket.socket, before: set[str]) -> None:
    """What had to be loaded for this child's account."""
    from nephoscope_aws.wire.models import services_read

    modules = [name for name in sys.modules if name.startswith("moto.") and name not in before]
    pupils.send(json.dumps({"modules": modules, "services": services_read()}).encode())


if __name__ == "__main__":
    sys.exit(main())
