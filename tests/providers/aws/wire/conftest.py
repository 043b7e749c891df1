"""What the SDK really writes, captured at the moment of sending."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.session import Session as SdkSession

from nephoscope.models import Call, Identity, WireRequest
from nephoscope_aws.wire import AwsWire

PLAIN = Config(request_checksum_calculation="when_required", response_checksum_validation="when_required")
ALIAS = "NEPH0123456789ABCDEF"
Capture = Callable[..., WireRequest]


class _Sent(Exception):
    pass


@pytest.fixture(scope="session")
def wire() -> AwsWire:
    return AwsWire()


@pytest.fixture(scope="session")
def identity() -> Identity:
    principal = "arn:aws:iam::123456789012:role/r"
    return Identity(cloud="aws", account="123456789012", principal=principal, regions=("eu-west-1", "us-east-1"), alias=ALIAS)


@pytest.fixture(scope="session")
def sdk() -> SdkSession:
    session = SdkSession()
    session.set_credentials(ALIAS, "worthless")
    return session


@pytest.fixture(scope="session")
def capture(sdk: SdkSession) -> Capture:
    """``capture(service, operation, params)``: the request that the SDK would send."""
    clients: dict[tuple[str, str], Any] = {}

    def client(service: str, region: str, config: Config | None) -> Any:
        key = (service, region)
        if config is not None or key not in clients:
            made = sdk.create_client(service, region_name=region, endpoint_url="http://aws.neph", config=PLAIN.merge(config or Config()))
            if config is not None:
                return made
            clients[key] = made
        return clients[key]

    def capture(service: str, operation: str, params: Any = None, region: str = "eu-west-1", config: Config | None = None) -> WireRequest:
        each, caught = client(service, region, config), []

        def catch(request: Any, **_: Any) -> None:
            caught.append(as_wire(request))
            raise _Sent

        each.meta.events.register("before-send", catch)
        try:
            getattr(each, xform_name(operation))(**(params or {}))
        except _Sent:
            return caught[0]
        finally:
            each.meta.events.unregister("before-send", catch)
        raise AssertionError("nothing was sent")

    return capture


def as_wire(request: Any) -> WireRequest:
    parts, body = urlsplit(request.url), request.body or b""
    body = body.read() if hasattr(body, "read") else body
    headers = tuple((name.lower(), value.decode("latin-1") if isinstance(value, bytes) else value) for name, value in request.headers.items())
    return WireRequest(
        method=request.method,
        scheme=parts.scheme,
        host=parts.netloc,
        path=parts.path or "/",
        query=parts.query,
        headers=headers,
        body=body.encode() if isinstance(body, str) else bytes(body),
    )


@pytest.fixture
def call(identity: Identity) -> Callable[..., Call]:
    def make(name: str, params: dict[str, Any] | None = None, region: str = "eu-west-1") -> Call:
        service, _, operation = name.partition(":")
        return Call(identity=identity, region=region, service=service, operation=operation, params=params or {})

    return make
