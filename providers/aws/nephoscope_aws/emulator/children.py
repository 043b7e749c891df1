"""Emulators' processes as their owner sees them: forked by a server that is started when the first is wanted."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import IO

from nephoscope.interfaces.errors import EndpointError

PATIENCE_SECONDS = 600
"""The first fork waits until everything is loaded, which takes long on a machine that is busy with other things."""


class Child:
    """One forked process. It ends when its standard input is closed."""

    def __init__(self, pid: int, handle: int, stdin: IO[str], stdout: IO[str]) -> None:
        self.pid = pid
        self.stdin, self.stdout = stdin, stdout
        self._handle = handle

    def end(self, patience: float) -> None:
        """Close its pipes, and end it where it does not end by itself within so many seconds."""
        for stream in (self.stdin, self.stdout):
            with contextlib.suppress(OSError):
                stream.close()
        if not select.select([self._handle], [], [], patience)[0]:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
            select.select([self._handle], [], [])
        os.close(self._handle)


class _Server:
    """The owner's end of one fork server."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "nephoscope_aws.emulator.forkserver", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env=_environment(),
                start_new_session=True,
            )

    def fork(self, role: str, patience: float) -> Child:
        """Raises :class:`TimeoutError` when it has not loaded within so many seconds, and :class:`OSError` when it is gone."""
        self._control.settimeout(patience)
        read, stdin = os.pipe()
        stdout, write = os.pipe()
        try:
            socket.send_fds(self._control, [json.dumps({"role": role}).encode()], [read, write])
            answer, handles, _, _ = socket.recv_fds(self._control, 4096, 1)
            if not answer:
                raise ConnectionResetError("the emulator's process did not start")
        except OSError:
            os.close(stdin)
            os.close(stdout)
            raise
        finally:
            os.close(read)
            os.close(write)
        return Child(json.loads(answer)["pid"], handles[0], os.fdopen(stdin, "w"), os.fdopen(stdout, "r"))

    def close(self) -> None:
        self._control.close()
        self._process.kill()
        self._process.wait()


_lock = threading.Lock()
_running: list[_Server] = []


def forked(role: str, patience: float = PATIENCE_SECONDS) -> Child:
    """A process in that role (``emulator``, ``proving``) with nothing of who we are. Raises :class:`EndpointError`."""
    with _lock:
        for _ in range(2):
            try:
                return _server().fork(role, patience)
            except TimeoutError:
                _running.pop().close()  # an answer that comes later would be taken for that to another request
                raise EndpointError(f"the emulator did not load within {patience:g} s") from None
            except OSError:
                _running.pop().close()
    raise EndpointError("the emulator did not start: its process ended at once", "pip install 'nephoscope-aws[emulator]'")


def load() -> None:
    """Let the server load what takes seconds, while others work on."""
    with _lock:
        _server()


def _server() -> _Server:
    if _running and _running[0].owner != os.getpid():
        _running.clear()  # we were forked ourselves: it is our parent's
    if not _running:
        _running.append(_Server())
    return _running[0]


def _environment() -> Mapping[str, str]:
    """No credentials, no settings, no proxies."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "NEPHOSCOPE_")) and "proxy" not in name.lower()}
