"""The listener's side of the broker: connections of one script, none of which can outlive it or hold it up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable

from nephoscope.boundary.broker.http import BadRequest, RequestReader, render
from nephoscope.models import WireReply, WireRequest

Handler = Callable[[WireRequest], Awaitable[WireReply]]

MAX_CONNECTIONS = 128
REQUEST_SECONDS = 15.0
"""A request that has begun must be whole within this time."""
IDLE_SECONDS = 120.0
WRITE_SECONDS = 30.0
MOST_UNREAD, UNREAD_SECONDS = 16 * 1024 * 1024, 2.0
"""What a client may still send after it was refused, and for how long."""

_log = logging.getLogger(__name__)


class Server:
    """Serves one listening socket until closed. Owns the descriptor."""

    def __init__(self, descriptor: int, handler: Handler) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(False)
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin accepting."""
        self._server = await asyncio.start_server(self._connected, sock=self._socket)

    async def close(self) -> None:
        """Stop accepting and drop every connection."""
        if self._server is not None:
            self._server.close()
        self._socket.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= MAX_CONNECTIONS:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs this callback in a task
        self._connections.add(task)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, TimeoutError, asyncio.CancelledError):
            pass  # the script went away, was too slow, or has ended
        except Exception:
            _log.exception("connection ended by an error of ours")
        finally:
            self._connections.discard(task)
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests = RequestReader()
        try:
            while await self._receive(requests, reader, writer):
                while requests.requests:
                    request, keep_alive = requests.requests.popleft()
                    await _send(writer, render(await self._handler(request), head=request.method == "HEAD", keep_alive=keep_alive))
                    if not keep_alive:
                        return
        except BadRequest as bad:
            reply = WireReply(status=bad.status, headers=(("Content-Type", "text/plain"),), body=f"refused: {bad.reason}\n".encode())
            await _send(writer, render(reply, head=False, keep_alive=False))
            await _heard_out(reader, writer)

    async def _receive(self, requests: RequestReader, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Read until at least one request is whole; ``False`` when the client has ended."""
        deadline: float | None = None
        loop = asyncio.get_running_loop()
        while not requests.requests:
            if not requests.idle and deadline is None:
                deadline = loop.time() + REQUEST_SECONDS
            async with asyncio.timeout_at(deadline if deadline is not None else loop.time() + IDLE_SECONDS):
                data = await reader.read(65536)
            if not data:
                return False
            requests.feed(data)
            if requests.wants_continue:
                requests.wants_continue = False
                await _send(writer, b"HTTP/1.1 100 Continue\r\n\r\n")
        return True


async def _heard_out(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Let a client that still writes get the refusal: a connection closed on unread bytes is reset, and takes the reply with it."""
    if writer.can_write_eof():
        writer.write_eof()
    left = MOST_UNREAD
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(UNREAD_SECONDS):
            while left > 0 and (data := await reader.read(65536)):
                left -= len(data)


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(WRITE_SECONDS):
            await writer.drain()
