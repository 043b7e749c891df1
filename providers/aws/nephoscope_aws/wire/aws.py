"""The Wire of AWS: one thin class over the modules that do the work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from nephoscope.interfaces import Session
from nephoscope.models import Call, Classification, Identity, Json, Price, Rate, Read, Reply, ResourceRef, Scope, Surroundings, WireReply, WireRequest
from nephoscope_aws.wire.message import BASE_HOST

_THROTTLED = frozenset(
    [
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "ProvisionedThroughputExceededException",
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "SlowDown",
        "PriorRequestNotComplete",
        "EC2ThrottledException",
        "TransactionInProgressException",
    ]
)


class AwsWire:
    """Implements :class:`nephoscope.interfaces.Wire`. Imports the SDK only inside what it calls."""

    cloud = "aws"
    hosts: Sequence[str] = (BASE_HOST, "amazonaws.com", "amazonaws.com.cn")
    """The real hosts are ours to refuse with a reason; only the first is answered."""

    def connect(self, scope: Scope) -> Sequence[Session]:
        from nephoscope_aws.identities import connect

        return connect(scope)

    def surroundings(self, identities: Sequence[Identity], listener: str) -> Surroundings:
        from nephoscope_aws.surroundings import surroundings

        return surroundings(identities, listener)

    def identify(self, request: WireRequest, identities: Sequence[Identity]) -> Call:
        from nephoscope_aws.wire.identify import identify

        return identify(request, identities)

    def classify(self, call: Call) -> Classification:
        from nephoscope_aws.wire.tiers import classify

        return classify(call)

    def owner(self, call: Call) -> str | ResourceRef | None:
        from nephoscope_aws.wire.owner import owner

        return owner(call)

    def inventory(self, native_type: str, identity: Identity, region: str) -> Read | None:
        from nephoscope_aws.wire.listings import inventory

        return inventory(native_type, identity, region)

    def price(self, call: Call, reply: WireReply | None) -> Price:
        from nephoscope_aws.wire.prices import price

        return price(call, reply)

    def rate(self, call: Call) -> Rate | None:
        from nephoscope_aws.wire.rates import rate

        return rate(call)

    def parse(self, call: Call, reply: WireReply) -> Reply:
        from nephoscope_aws.wire.canonical import parse

        return parse(call, reply)

    def redact(self, call: Call, reply: WireReply, hide: Callable[[str, str], str]) -> WireReply:
        from nephoscope_aws.wire.redaction import redact

        return redact(call, reply, hide)

    def refuse(self, call: Call | None, request: WireRequest, code: str, reason: str) -> WireReply:
        from nephoscope_aws.wire.refusal import refuse

        return refuse(call, request, code, reason)

    def next_page(self, reply: Reply) -> Mapping[str, Json] | None:
        from nephoscope_aws.wire.pages import next_page

        return next_page(reply)

    def page_start(self, call: Call) -> Mapping[str, Json]:
        from nephoscope_aws.wire.pages import page_start

        return page_start(call)

    def throttled(self, reply: Reply) -> bool:
        return reply.error in _THROTTLED or reply.status == 429
