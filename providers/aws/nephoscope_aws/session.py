"""The trusted side: real credentials, real endpoints, one attempt per call."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit, urlunsplit

from nephoscope.interfaces.errors import CredentialsError, EndpointError
from nephoscope.models import Call, Identity, WireReply
from nephoscope_aws.errors import EXPIRED_CODES, readable, sign_in
from nephoscope_aws.wire.canonical import parse
from nephoscope_aws.wire.models import operation_model
from nephoscope_aws.wire.scalars import native

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.client import BaseClient
    from botocore.model import OperationModel
    from botocore.session import Session as SdkSession

DOCUMENT_CAP = 32 * 1024 * 1024
STREAM_CAP = 4 * 1024 * 1024
_CHUNK = 256 * 1024
_TIMEOUT = (5.0, 30.0)
_EXPECTED = "ExpectedBucketOwner"
_SUFFIXES = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".api.amazonwebservices.com.cn")
_UNTOUCHED = frozenset(("transfer-encoding", "connection", "content-length", "keep-alive"))


class _Answered(Exception):
    def __init__(self, response: AWSResponse) -> None:
        super().__init__()
        self.response = response


class AwsSession:
    """One identity's credentials and the clients made from them. Thread-safe."""

    def __init__(self, sdk: SdkSession, identity: Identity, endpoint_url: str | None, profile: str = "") -> None:
        self._sdk = sdk
        self._identity = identity
        self._endpoint_url = endpoint_url
        self._profile = profile
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str], BaseClient] = {}

    @property
    def identity(self) -> Identity:
        return self._identity

    def send(self, call: Call) -> WireReply:
        """Build the request from ``call.params``, sign it, send it once, and return what came back, whatever it says.

        Raises ``CredentialsError`` when it says that the session has expired.
        """
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError

        operation = operation_model(call.service, call.operation)
        if operation is None:
            raise EndpointError(f"the SDK does not know {call.name}")
        try:
            method = getattr(self._client(call.service, call.region), xform_name(call.operation))
            method(**native(operation.input_shape, _owned(operation, call)))
        except _Answered as answer:
            reply = _reply(answer.response, STREAM_CAP if operation.has_streaming_output else DOCUMENT_CAP)
            if reply.status >= 400 and parse(call, reply).error in EXPIRED_CODES:
                raise CredentialsError("the AWS session has expired", sign_in(self._profile), expired=True) from None
            return reply
        except BotoCoreError as error:
            raise readable(error, self._profile, self._endpoint_url, call) from error
        raise EndpointError(f"{call.name} was not sent")

    def _client(self, service: str, region: str) -> BaseClient:
        with self._lock:
            client = self._clients.get((service, region))
            if client is None:
                client = self._clients[service, region] = make_client(self._sdk, service, region, self._endpoint_url)
                _send_once(client)
            return client


def _owned(operation: OperationModel, call: Call) -> dict[str, Any]:
    """The parameters, with the owner that the service itself is to insist on, where the operation can say so."""
    params = dict(call.params)
    shape = operation.input_shape
    if call.expected_owner and shape is not None and _EXPECTED in shape.members:
        params.setdefault(_EXPECTED, call.expected_owner)
    return params


def make_client(sdk: SdkSession, service: str, region: str, endpoint_url: str | None) -> Any:
    """A client that tries once and says who it is."""
    from botocore.config import Config

    config = Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=_TIMEOUT[0],
        read_timeout=_TIMEOUT[1],
        max_pool_connections=32,
        user_agent_extra=f"nephoscope/{_version()}",
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        parameter_validation=True,
    )
    return sdk.create_client(service, region_name=region, endpoint_url=endpoint_url, config=config)


def _version() -> str:
    from importlib.metadata import version

    return version("nephoscope-core")


def _send_once(client: BaseClient) -> None:
    """Take the sending out of the SDK's hands: the reply is wanted as bytes, unparsed, and once.

    Two of the SDK's own handlers change parameters, which have been through them in the sandbox already.
    """
    from botocore import handlers
    from botocore.httpsession import URLLib3Session
    from botocore.utils import get_environ_proxies

    http = URLLib3Session(timeout=cast("Any", _TIMEOUT), max_pool_connections=32, proxies=get_environ_proxies(client.meta.endpoint_url))

    def send(request: AWSPreparedRequest, **_: Any) -> None:
        request.stream_output = True
        request.url = _without_prefix(request.url, client.meta.endpoint_url)
        if not _belongs(request.url, client.meta.endpoint_url):
            raise EndpointError(f"the request would have gone to {urlsplit(request.url).hostname}, which is not the service")
        raise _Answered(http.send(request))

    events = client.meta.events
    events.register_last("before-send", send)
    service = client.meta.service_model.service_id.hyphenize()
    for operation in ("ListObjects", "ListObjectsV2", "ListObjectVersions"):
        events.unregister(f"before-parameter-build.{service}.{operation}", handlers.set_list_objects_encoding_type_url)
    for operation in ("RunInstances", "CreateLaunchConfiguration"):
        events.unregister(f"before-parameter-build.{service}.{operation}", handlers.base64_encode_user_data)


def _without_prefix(url: str, endpoint: str) -> str:
    """An address that is an IP number takes no host prefix (account ids and the like); what has one is an emulator, which needs none."""
    parts, base = urlsplit(url), urlsplit(endpoint)
    if parts.netloc != base.netloc and (base.hostname or "").replace(".", "").isdigit():
        return urlunsplit(parts._replace(netloc=base.netloc))
    return url


def _belongs(url: str, endpoint: str) -> bool:
    """Whether a built request goes to the service's own host: below the endpoint, or below the cloud's names for the real one."""
    parts, base = urlsplit(url), urlsplit(endpoint)
    host, home = (parts.hostname or "").lower(), (base.hostname or "").lower()
    if parts.username or parts.password or parts.scheme != base.scheme or parts.port != base.port:
        return False
    real = home.endswith(_SUFFIXES) and parts.scheme == "https"
    return host == home or host.endswith(f".{home}") or (real and host.endswith(_SUFFIXES))


def _reply(response: AWSResponse, cap: int) -> WireReply:
    body = bytearray()
    for chunk in response.raw.stream(_CHUNK, decode_content=True):
        body += chunk
        if len(body) >= cap:
            break
    whole = len(body) < cap
    response.raw.release_conn() if whole else response.raw.close()
    kept = [(name.lower(), value) for name, value in response.headers.items() if name.lower() not in _UNTOUCHED | {"content-encoding"}]
    length = response.headers.get("content-length", "0") if not body else str(min(len(body), cap))
    return WireReply(status=response.status_code, headers=(*kept, ("content-length", length)), body=bytes(body[:cap]))
