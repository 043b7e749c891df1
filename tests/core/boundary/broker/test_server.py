"""The listener under clients that mean no good: it lives on."""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from nephoscope.boundary.broker import server as module
from nephoscope.boundary.broker.server import Server
from nephoscope.models import WireReply, WireRequest

REQUEST = b"GET http://a.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n"


async def echo(request: WireRequest) -> WireReply:
    return WireReply(status=200, body=f"{request.method} {request.path} {len(request.body)}".encode())


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    port = int(listening.getsockname()[1])
    server = Server(os.dup(listening.fileno()), echo)
    listening.close()
    await server.start()
    yield port
    await server.close()


async def exchange(port: int, data: bytes, *, close: bool = True) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    if close:
        writer.write_eof()
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    return answer


async def alive(port: int) -> bool:
    return b"GET /x 0" in await exchange(port, REQUEST)


def test_keep_alive_and_pipelining() -> None:
    async def scenario() -> None:
        async with serving() as port:
            answer = await exchange(port, REQUEST * 3 + REQUEST.replace(b"/x", b"/y"))
            assert (answer.count(b"GET /x 0"), answer.count(b"GET /y 0")) == (3, 1)
            closing = await exchange(port, REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), close=False)
            assert closing.endswith(b"GET /x 0")

    asyncio.run(scenario())


def test_expect_100_continue_gets_leave_first() -> None:
    async def scenario() -> None:
        async with serving() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"PUT http://a.test/x HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
            assert b"100 Continue" in await reader.readuntil(b"\r\n\r\n")
            writer.write(b"abc")
            writer.write_eof()
            assert (await reader.read()).endswith(b"PUT /x 3")
            writer.close()

    asyncio.run(scenario())


MANY_HEADERS = b"GET http://a.test/ HTTP/1.1\r\n" + b"A: b\r\n" * 50_000


@pytest.mark.parametrize("garbage", [b"\0" * 500, MANY_HEADERS, b"POST / HTTP/9.9\r\n\r\n", b"\xff" + random.Random(6).randbytes(4000)])
def test_garbage_ends_its_connection_only(garbage: bytes) -> None:
    async def scenario() -> None:
        async with serving() as port:
            try:
                answer = await exchange(port, garbage)
            except ConnectionError:
                answer = b""
            assert not answer or b" 4" in answer.splitlines()[0]
            assert await alive(port)

    asyncio.run(scenario())


def test_slow_and_silent_clients_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REQUEST_SECONDS", 0.3)
    monkeypatch.setattr(module, "IDLE_SECONDS", 0.3)

    async def scenario() -> None:
        async with serving() as port:
            assert await exchange(port, REQUEST[:20], close=False) == b""
            assert await exchange(port, b"", close=False) == b""
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET http://a.test/")
            with pytest.raises(ConnectionError):  # a byte now and then does not extend the time
                for _ in range(40):
                    writer.write(b"x")
                    await writer.drain()
                    await asyncio.sleep(0.05)
                assert await reader.read() == b""
                raise ConnectionError
            writer.close()
            assert await alive(port)

    asyncio.run(scenario())


def test_too_many_connections_are_turned_away_and_the_rest_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CONNECTIONS", 5)

    async def scenario() -> None:
        async with serving() as port:
            held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
            await asyncio.sleep(0.2)
            for _, writer in held:
                writer.close()
            await asyncio.sleep(0.2)
            assert await alive(port)

    asyncio.run(scenario())


def test_a_client_that_never_reads_does_not_hold_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WRITE_SECONDS", 0.3)

    async def flood(request: WireRequest) -> WireReply:
        return WireReply(status=200, body=b"x" * 20_000_000)

    async def scenario() -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        server = Server(os.dup(listening.fileno()), flood)
        await server.start()
        _, writer = await asyncio.open_connection(*listening.getsockname(), limit=1024)
        writer.write(REQUEST)
        await asyncio.sleep(1.0)
        assert not server._connections
        await server.close()
        writer.close()
        listening.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("head", "status"),
    [(b"Content-Length: 6000000\r\n\r\n", b"413"), (b"X-Long: " + b"a" * 200_000 + b"\r\n\r\n", b"431"), (b"X: 1\r\nX: 2\r\n\r\n", b"400")],
)
def test_whoever_still_writes_when_refused_hears_why(head: bytes, status: bytes) -> None:
    async def scenario() -> None:
        async with serving() as port:
            answer = await exchange(port, b"POST http://a.test/x HTTP/1.1\r\nHost: a.test\r\n" + head + b"b" * 6_000_000, close=False)
            assert answer.startswith(b"HTTP/1.1 " + status)
            assert await alive(port)

    asyncio.run(scenario())
