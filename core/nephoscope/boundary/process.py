"""The boundary process: one loop on the main thread, requests of the engine in, events and results out."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import os
import resource
import signal
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nephoscope.boundary.protocol import HEADER, decode, encode, error_fields, length
from nephoscope.boundary.service import Service
from nephoscope.interfaces import Executor, NephoscopeError, Wire

SHUTDOWN_SECONDS = 10.0
PR_SET_DUMPABLE = 4

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parts:
    """What the packs give: wires by cloud, executors by name, modules to import in a warm sandbox."""

    wires: Mapping[str, Wire]
    executors: Mapping[str, Executor]
    preloads: Sequence[str] = ()


def run(descriptor: int, load: Callable[[], Parts]) -> None:
    """Serve the engine at the other end of ``descriptor`` until it is gone, then end the process."""
    guard_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the engine decides what an interrupt means
    asyncio.new_event_loop().run_until_complete(_serve(socket.socket(fileno=descriptor), load))
    os._exit(0)  # threads may still wait for a cloud; nothing of theirs matters any more, so nobody waits for them


def guard_memory() -> None:
    """No core dump and no debugger of the same user: credentials live in this process."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        _log.warning("this process could not be made non-dumpable")


async def _serve(channel: socket.socket, load: Callable[[], Parts]) -> None:
    reader, writer = await asyncio.open_connection(sock=channel)

    def send(message: Mapping[str, Any]) -> None:
        if not writer.is_closing():
            writer.write(encode(message))

    parts = load()
    service = Service(parts.wires, parts.executors, on_event=send, preloads=parts.preloads)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    tasks: set[asyncio.Task[None]] = set()
    reading = asyncio.ensure_future(_read(reader, service, send, tasks))
    stopping = asyncio.ensure_future(stop.wait())
    await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
    for task in (reading, stopping, *tasks):
        task.cancel()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SHUTDOWN_SECONDS):
            await asyncio.gather(*tasks, return_exceptions=True)
            await service.shutdown()


async def _read(reader: asyncio.StreamReader, service: Service, send: Callable[[Mapping[str, Any]], None], tasks: set[asyncio.Task[None]]) -> None:
    """Start a task for each request until the engine is gone."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            message = decode(await reader.readexactly(length(await reader.readexactly(HEADER.size))))
            task = asyncio.ensure_future(_answer(message, service, send))
            tasks.add(task)
            task.add_done_callback(tasks.discard)


async def _answer(message: Mapping[str, Any], service: Service, send: Callable[[Mapping[str, Any]], None]) -> None:
    number = message.get("id")
    try:
        result = await service.call(str(message.get("method")), message.get("arguments") or {})
        send({"id": number, "result": result})
    except NephoscopeError as error:
        send({"id": number, "error": error_fields(error)})
    except Exception as error:
        _log.exception("method %s failed", message.get("method"))
        send({"id": number, "error": error_fields(error)})
