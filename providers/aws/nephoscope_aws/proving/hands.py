"""The one client that may change anything. It has worthless credentials, and every request it is about to send is looked at:
what would go anywhere but to the emulator of this very process is not sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from nephoscope.interfaces.errors import UsageError
from nephoscope.models import Call, Reply, WireReply
from nephoscope_aws.emulator.sdk import sdk
from nephoscope_aws.emulator.seed import PATIENCE_SECONDS, fitting
from nephoscope_aws.wire.canonical import parse
from nephoscope_aws.wire.models import operation_model
from nephoscope_aws.wire.scalars import native


class Elsewhere(Exception):
    """A request would have left for somewhere else."""


class Hands:
    """Calls operations of one emulator, given by its endpoint on loopback. Raises :class:`UsageError` for any other."""

    def __init__(self, endpoint: str) -> None:
        here = urlsplit(endpoint)
        if here.scheme != "http" or here.hostname != "127.0.0.1" or not here.port:
            raise UsageError(f"{endpoint} is no emulator of this process")
        self._endpoint, self._here = endpoint, (here.scheme, here.hostname, here.port)
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._last: WireReply | None = None

    def call(self, call: Call, account: str = "") -> Reply:
        """One request; its reply as the ledger would keep it. Errors of the service are replies too."""
        from botocore import xform_name
        from botocore.exceptions import ClientError

        if operation_model(call.service, call.operation) is None:
            raise UsageError(f"the SDK does not know {call.name}")
        shape = operation_model(call.service, call.operation).input_shape  # type: ignore[union-attr]
        client = self._client(call.service, call.region, account)
        self._last = None
        try:
            parsed = getattr(client, xform_name(call.operation))(**native(shape, fitting(call.name, dict(call.params))))
        except ClientError as error:
            return self._reply(call, error.response, error.response.get("Error", {}).get("Code", "Unknown"))
        return self._reply(call, parsed, None)

    def _reply(self, call: Call, parsed: Mapping[str, Any], error: str | None) -> Reply:
        if self._last is None:
            status = int(parsed.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
            return Reply(call=call, status=status, error=error or "Unreadable")
        return parse(call, self._last)

    def _client(self, service: str, region: str, account: str) -> Any:
        key = (service, region, account)
        if key not in self._clients:
            self._clients[key] = self._made(service, region, account)
        return self._clients[key]

    def _made(self, service: str, region: str, account: str) -> Any:
        from botocore.config import Config

        config = Config(
            retries={"total_max_attempts": 1},
            inject_host_prefix=False,
            read_timeout=PATIENCE_SECONDS,
            proxies={},
            s3={"addressing_style": "path"},
        )
        client = sdk().create_client(service, region_name=region or "us-east-1", endpoint_url=self._endpoint, config=config)
        client.meta.events.register_first("before-send", self._stays)
        client.meta.events.register("before-parse", self._heard)
        if account:
            client.meta.events.register("before-sign", lambda request, **_: request.headers.add_header("x-moto-account-id", account))
        return client

    def _stays(self, request: Any, **_: Any) -> None:
        """The last look before a request is sent. Raising here means that it is not."""
        to = urlsplit(request.url)
        if (to.scheme, to.hostname, to.port) != self._here:
            raise Elsewhere(f"a request for {to.scheme}://{to.hostname} was not sent: it is not the emulator")

    def _heard(self, response_dict: Mapping[str, Any], **_: Any) -> None:
        body = response_dict.get("body")
        self._last = WireReply(
            status=int(response_dict["status_code"]),
            headers=tuple((str(name).lower(), str(value)) for name, value in response_dict["headers"].items()),
            body=body if isinstance(body, bytes) else b"",
        )
