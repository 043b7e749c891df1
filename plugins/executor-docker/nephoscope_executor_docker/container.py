"""One script's container, as the run sees it: begun, watched and removed without ever holding the loop up."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nephoscope.boundary.sandbox.run import Descriptors

OPEN_SECONDS = 60.0
BROKEN = 125
"""Status of a container that never ran, as engines have it."""
Create = Callable[[Path], Any]
"""Makes the container, not yet started, with the door's folder bound into it. Blocking."""


class Container:
    """Carries one run. Made on the loop; everything that waits for the engine is done on threads."""

    lost = False

    def __init__(self, create: Create, inside: Descriptors) -> None:
        self._create = create
        self._given = [os.dup(number) for number in (inside.job, inside.control, inside.statements, inside.report, inside.output)]
        self._status = socket.socket(fileno=os.dup(inside.status))
        self._made: Any = None
        self._unwanted = False
        self.out_of_memory = False
        self._life = asyncio.ensure_future(self._live())

    def kill(self) -> None:
        self._unwanted = True
        if self._made is not None and not self._life.done():
            self._ending = asyncio.ensure_future(asyncio.to_thread(self._end))

    async def gone_within(self, seconds: float) -> bool:
        await asyncio.wait({self._life}, timeout=seconds)
        return self._life.done()

    async def status(self) -> int:
        return await self._life

    def close(self) -> None:
        self._status.close()

    async def _live(self) -> int:
        try:
            with tempfile.TemporaryDirectory(prefix="nephoscope-door-") as folder:
                await self._begin(Path(folder))
            return await asyncio.to_thread(self._wait)
        except Exception as error:
            os.write(self._given[-1], f"{type(error).__name__}: {error}".encode()[:2000]) if self._given else None
            return BROKEN
        finally:
            self._let_go()
            await asyncio.to_thread(self._remove)
            self._status.shutdown(socket.SHUT_RDWR)

    async def _begin(self, folder: Path) -> None:
        """Start it, wait at the door, hand in what it needs. The door is gone before the script can begin."""
        folder.chmod(0o711)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.bind(str(folder / "socket"))
            (folder / "socket").chmod(0o666)
            door.listen(1)
            door.setblocking(False)
            self._made = await asyncio.to_thread(self._create, folder)
            await asyncio.to_thread(self._made.start)
            if self._unwanted:
                await asyncio.to_thread(self._end)
            async with asyncio.timeout(OPEN_SECONDS):
                visitor, _ = await asyncio.get_running_loop().sock_accept(door)
        with visitor:
            pid = struct.unpack("3i", visitor.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
            await asyncio.to_thread(self._made.reload)
            first = int(self._made.attrs["State"]["Pid"])
            if pid != first:
                raise OSError(f"process {pid} came to the door, the container's is {first}: is its engine in another process namespace?")
            (folder / "socket").unlink()
            self._status.send(json.dumps({"child-pid": pid}).encode() + b"\n")
            socket.send_fds(visitor, [b"yours"], self._given)
        self._let_go()

    def _wait(self) -> int:
        code = int(self._made.wait(timeout=None)["StatusCode"])
        with contextlib.suppress(Exception):
            self._made.reload()
            self.out_of_memory = bool(self._made.attrs["State"].get("OOMKilled"))
        return code

    def _end(self) -> None:
        with contextlib.suppress(Exception):
            self._made.kill(signal=signal.SIGKILL)

    def _remove(self) -> None:
        with contextlib.suppress(Exception):
            if self._made is not None:
                self._made.remove(force=True)

    def _let_go(self) -> None:
        for number in self._given:
            os.close(number)
        self._given = []
