"""How the emulator's front reads requests and words its replies."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from nephoscope.interfaces.errors import Ambiguous
from nephoscope.models import Call, Identity, Sample, Tier, WireReply, WireRequest
from nephoscope.testing.front import Answer, Asked
from nephoscope_aws.emulator.samples import sample
from nephoscope_aws.wire.canonical import parse
from nephoscope_aws.wire.identify import read
from nephoscope_aws.wire.message import BASE_HOST
from nephoscope_aws.wire.models import Shape, loader, operation_model, service_model
from nephoscope_aws.wire.refusal import refuse
from nephoscope_aws.wire.scalars import blob
from nephoscope_aws.wire.signing import read_signature
from nephoscope_aws.wire.tiers import classify

_DENIED = {"ec2": "UnauthorizedOperation", "json": "AccessDeniedException", "rest-json": "AccessDeniedException"}
_THROTTLED = {"ec2": "RequestLimitExceeded", "json": "ThrottlingException", "rest-json": "TooManyRequestsException", "rest-xml": "SlowDown"}


class AwsDialect:
    """Implements :class:`nephoscope.testing.front.Dialect` with the same reader the broker uses."""

    def read(self, request: WireRequest) -> Asked | None:
        try:
            signature = read_signature(request)
            service, operation, params = read(signature, request.model_copy(update={"host": _host(request)}))
        except Ambiguous:
            return None
        call = _call(service, operation, signature.region, params)
        return Asked(operation=call.name, params=params, region=signature.region, mutating=classify(call).tier is Tier.MUTATION)

    def denied(self, asked: Asked, request: WireRequest) -> WireReply:
        code = _DENIED.get(_protocol(asked), "AccessDenied")
        reason = f"User is not authorized to perform: {classify(_of(asked)).permission} because no identity-based policy allows the action"
        return refuse(_of(asked), request, code, reason)

    def throttled(self, asked: Asked, request: WireRequest) -> WireReply:
        code = _THROTTLED.get(_protocol(asked), "Throttling")
        return refuse(_of(asked), request, code, "Rate exceeded").model_copy(update={"status": 503 if code == "SlowDown" else 400})

    def answer(self, asked: Asked, request: WireRequest, answer: Answer) -> WireReply:
        if answer.error is not None:
            reply = refuse(_of(asked), request, answer.error.get("Code", "InternalError"), answer.error.get("Message", ""))
            return reply.model_copy(update={"status": answer.status if answer.status >= 400 else 400})
        if answer.body is not None:
            return WireReply(status=answer.status, body=answer.body.encode())
        return _written(_of(asked), answer)

    def sample(self, operation: str) -> Sample | None:
        """As the SDK's parser gives it back; ``None`` where the emulator's serializer leaves something out, or knows nothing of the service."""
        made = sample(operation)
        if made is None:
            return None
        service, _, name = operation.partition(":")
        call = _call(service, name, "us-east-1", {})

        def spoken(document: Any) -> Any:
            return parse(call, _written(call, Answer(operation=operation, document=document))).document

        try:
            pages = [page.model_copy(update={"document": spoken(page.document)}) for page in made.pages]
            whole = all(_full(page.document, said.document) for page, said in zip(made.pages, pages, strict=True))
            same = all(spoken(page.document) == page.document for page in pages)
        except Exception:  # it raises what it likes for what it does not know
            return None
        return made.model_copy(update={"pages": tuple(pages)}) if whole and same else None


def _host(request: WireRequest) -> str:
    """The host the request would have had: an emulator's address takes no prefix, so the account id comes from its header."""
    account = request.header("x-amz-account-id")
    return f"{account}.{BASE_HOST}" if account else BASE_HOST


def _full(made: Any, said: Any) -> bool:
    """Whether nothing of a document was lost. Text may come back as what it says."""
    if isinstance(made, dict):
        return isinstance(said, dict) and made.keys() == said.keys() and all(_full(value, said[key]) for key, value in made.items())
    if isinstance(made, list):
        return isinstance(said, list) and len(made) == len(said) and all(map(_full, made, said))
    return said is not None


def _written(call: Call, answer: Answer) -> WireReply:
    """A document in the operation's own format, by the emulator's serializer."""
    from moto.core.model import ServiceModel
    from moto.core.serialize import get_serializer_class

    model = service_model(call.service)
    ours = operation_model(call.service, call.operation)
    if model is None or ours is None:
        raise ValueError(f"the SDK does not know {call.name}")
    theirs = ServiceModel(loader().load_service_model(call.service, "service-2"), call.service).operation_model(call.operation)
    written = get_serializer_class(call.service, model.resolved_protocol)(theirs).serialize(_timed(ours.output_shape, answer.document))
    body = written["body"]
    headers = tuple((name.lower(), str(value)) for name, value in written["headers"].items())
    return WireReply(status=answer.status, headers=headers, body=body if isinstance(body, bytes) else (body or "").encode())


def _timed(shape: Shape, value: Any) -> Any:
    """A canonical document with times and binary values as the serializer wants them; documents for string members as text."""
    kind = shape.type_name if shape is not None and value is not None else ""
    if kind == "structure" and isinstance(value, dict):
        return {key: _timed(shape.members.get(key), item) for key, item in value.items()}
    if kind == "list":
        return [_timed(shape.member, item) for item in value]
    if kind == "map":
        return {key: _timed(shape.value, item) for key, item in value.items()}
    if kind == "string" and isinstance(value, dict | list):
        return json.dumps(value)
    convert = _SCALARS.get(kind)
    return convert(value) if convert and isinstance(value, str) else value


_SCALARS: dict[str, Callable[[str], Any]] = {"timestamp": datetime.fromisoformat, "blob": blob}


def _protocol(asked: Asked) -> str:
    model = service_model(asked.operation.partition(":")[0])
    return str(model.resolved_protocol) if model else ""


def _of(asked: Asked) -> Call:
    service, _, operation = asked.operation.partition(":")
    return _call(service, operation, asked.region, dict(asked.params))


def _call(service: str, operation: str, region: str, params: dict[str, Any]) -> Call:
    nobody = Identity(cloud="aws", account="", principal="", regions=(region,))
    return Call(identity=nobody, region=region, service=service, operation=operation, params=params)
