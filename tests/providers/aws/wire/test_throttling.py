"""A layer in front of an emulated cloud that throttles at the published limits: behind our limiter nobody meets it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import pytest

from nephoscope.boundary.broker.limiter import Limiter
from nephoscope.boundary.broker.redaction import Redactor
from nephoscope.boundary.broker.upstream import Upstream
from nephoscope.models import Call, Scope, Tier
from nephoscope_aws.wire import AwsWire
from nephoscope_aws.wire.rates import rate

CALLS = 120
OPERATION = "DescribeInstances"
THROTTLED = b"<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>slow down</Message></Error></Errors></Response>"


class Throttle:
    """A WSGI layer with one bucket an operation, as the service has them. The emulator behind it is asked once and then quoted, being slow."""

    def __init__(self, app: Callable[..., Iterable[bytes]], per_second: float, burst: float) -> None:
        self._app, self._rate, self._burst = app, per_second, burst
        self._lock = threading.Lock()
        self._quoted: tuple[str, list[tuple[str, str]], bytes] | None = None
        self.reset()

    def reset(self) -> None:
        self._tokens, self._updated = self._burst, time.monotonic()
        self.answered = self.throttled = 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        import io

        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        if parse_qs(body.decode("latin-1")).get("Action") != [OPERATION]:
            return self._app(environ, start_response)
        if self._admits():
            return self._quote(environ, start_response)
        start_response("503 Service Unavailable", [("Content-Type", "text/xml"), ("Content-Length", str(len(THROTTLED)))])
        return [THROTTLED]

    def _quote(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self._quoted is None:
            heard: list[Any] = []
            body = b"".join(self._app(environ, lambda status, headers, *_: heard.extend((status, headers))))
            self._quoted = (heard[0], heard[1], body)
        start_response(self._quoted[0], self._quoted[1])
        return [self._quoted[2]]

    def _admits(self) -> bool:
        with self._lock:
            moment = time.monotonic()
            self._tokens = min(self._burst, self._tokens + (moment - self._updated) * self._rate)
            self._updated = moment
            admits = self._tokens >= 1
            self._tokens -= admits
            self.answered += admits
            self.throttled += not admits
            return admits


@pytest.fixture(scope="module")
def front() -> Iterator[tuple[Throttle, str]]:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    class Quiet(MotoRequestHandler):
        def log(self, *_: object) -> None:
            """Nobody reads it."""

    known = rate(Call(identity=next(iter_identity()), region="eu-west-1", service="ec2", operation=OPERATION))
    assert known is not None
    layer = Throttle(DomainDispatcherApplication(create_backend_app), known.per_second, known.burst)
    server = make_server("127.0.0.1", 0, layer, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield layer, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def iter_identity() -> Iterator[Any]:
    from nephoscope.models import Identity

    yield Identity(cloud="aws", account="123456789012", principal="p", regions=("eu-west-1",))


def opened(endpoint: str) -> tuple[AwsWire, Any, Call]:
    wire = AwsWire()
    (session,) = wire.connect(Scope(cloud="aws", options={"endpoint_url": endpoint, "region": "eu-west-1"}))
    return wire, session, Call(identity=session.identity, region="eu-west-1", service="ec2", operation=OPERATION)


def unhurried(layer: Throttle, session: Any, call: Call) -> float:
    """How long this machine needs for as many calls that nobody limits."""
    burst, layer._burst = layer._burst, float(2 * CALLS)
    layer.reset()
    begun = time.monotonic()
    with ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda _: session.send(call), range(CALLS)))
    layer._burst = burst
    layer.reset()
    return time.monotonic() - begun


def test_behind_the_limiter_nobody_is_throttled_and_little_time_is_lost(front: tuple[Throttle, str]) -> None:
    layer, endpoint = front
    wire, session, call = opened(endpoint)
    upstream = Upstream(Redactor(b"key"), Limiter())

    async def again() -> None:
        """Nothing to reserve here."""

    async def all_of_them() -> list[str | None]:
        fetched = await asyncio.gather(*(upstream.fetch(wire, session, call, Tier.CONFIG, again) for _ in range(CALLS)))
        return [one.error for one in fetched]

    session.send(call)
    own = unhurried(layer, session, call)
    begun = time.monotonic()
    errors = asyncio.run(all_of_them())
    took = time.monotonic() - begun
    upstream.close()
    published = rate(call)
    assert published is not None
    ideal = (CALLS - published.burst) / published.per_second
    assert set(errors) == {None}
    assert (layer.answered, layer.throttled) == (CALLS, 0)
    assert took <= 1.3 * max(ideal, own), f"{took:.2f} s instead of {ideal:.2f} s, on a machine that needs {own:.2f} s for the calls alone"


def test_without_it_many_are(front: tuple[Throttle, str]) -> None:
    layer, endpoint = front
    _, session, call = opened(endpoint)
    session.send(call)
    layer.reset()
    with ThreadPoolExecutor(32) as pool:
        replies = list(pool.map(lambda _: session.send(call), range(CALLS)))
    throttled = sum(reply.status == 503 for reply in replies)
    assert throttled == layer.throttled > CALLS / 10
