"""The one reading of a request. Everything it says is accounted for, or it is refused."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nephoscope.interfaces.errors import Ambiguous
from nephoscope.models import Call, Identity, WireRequest
from nephoscope_aws.regions import signing_region
from nephoscope_aws.wire.bodies import json_params, load_json
from nephoscope_aws.wire.forms import fields, form_params
from nephoscope_aws.wire.message import Message, MessageKey, open_request
from nephoscope_aws.wire.models import operation_model, service_model
from nephoscope_aws.wire.roundtrip import confirm
from nephoscope_aws.wire.routes import candidates, rest_params
from nephoscope_aws.wire.signing import Signature, read_signature, services_of

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel

Reading = tuple[str, str, dict[str, Any]]
MOST_REMEMBERED = 8192
"""Bytes of a body whose reading is kept in mind."""


def identify(request: WireRequest, identities: Sequence[Identity]) -> Call:
    """The call a request makes, and as whom. Raises ``Ambiguous`` saying what in it has no reading."""
    signature = read_signature(request)
    identity = next((each for each in identities if each.alias == signature.alias), None)
    if identity is None:
        raise Ambiguous("the access key stands for no identity of this run", "use the credentials and profiles the environment gives")
    service, operation, params = read(signature, request)
    region = signing_region(service, signature.region or identity.regions[0], identity.regions)
    return Call(identity=identity, region=region, service=service, operation=operation, params=params)


def read(signature: Signature, request: WireRequest) -> Reading:
    """Service, operation and parameters of a signed request, whoever signed it."""
    message = open_request(request, signature.query)
    if len(message.body) > MOST_REMEMBERED:
        return _read(signature.name, message)
    service, operation, params = _remembered(signature.name, message.key)
    return service, operation, copy.deepcopy(params)


@lru_cache(maxsize=256)
def _remembered(name: str, key: MessageKey) -> Reading:
    """The reading of a message depends on nothing but the message: who asks the same again is read the same."""
    return _read(name, Message.of(key))


def _read(signed_for: str, message: Message) -> Reading:
    trouble: list[Ambiguous] = []
    for service in _services(signed_for, message):
        model = service_model(service)
        if model is None:
            continue
        try:
            for operation, params in _readings(model, message):
                return service, operation, params
        except Ambiguous as error:
            trouble.append(error)
    if trouble:
        raise trouble[0]
    raise Ambiguous(f"no operation of {signed_for!r} reads like {message.method} {message.path!r:.120}")


def _services(name: str, message: Message) -> Sequence[str]:
    if name != "s3":
        return services_of(name)
    # Both sign as "s3", and a path of the one can be a bucket of the other: the header belongs to every request of s3control.
    return ("s3control",) if "x-amz-account-id" in message.headers else ("s3",)


def _readings(model: ServiceModel, message: Message) -> Iterator[tuple[str, dict[str, Any]]]:
    match model.resolved_protocol:
        case "json":
            yield from _read_json(model, message)
        case "query" | "ec2":
            yield from _read_form(model, message)
        case "rest-json" | "rest-xml":
            yield from _read_rest(model, message)
        case protocol:
            raise Ambiguous(f"{model.service_name} speaks {protocol}, which is not read here")


def _read_json(model: ServiceModel, message: Message) -> Iterator[tuple[str, dict[str, Any]]]:
    prefix, _, name = message.headers.get("x-amz-target", "").rpartition(".")
    operation = operation_model(model.service_name, name)
    if operation is None or prefix != model.metadata.get("targetPrefix"):
        return
    params = json_params(operation.input_shape, load_json(message.body)) if message.body else {}
    yield name, _confirmed(operation, params, message)


def _read_form(model: ServiceModel, message: Message) -> Iterator[tuple[str, dict[str, Any]]]:
    if message.media_type != "application/x-www-form-urlencoded":
        return
    form = fields(message.body)
    operation = operation_model(model.service_name, form.get("Action", ""))
    if operation is None or form.get("Version") != model.metadata["apiVersion"]:
        return
    params = form_params(operation.input_shape, form, ec2=model.resolved_protocol == "ec2")
    yield operation.name, _confirmed(operation, params, message)


def _read_rest(model: ServiceModel, message: Message) -> Iterator[tuple[str, dict[str, Any]]]:
    trouble: Ambiguous | None = None
    local = _bucket_in_path(message) if model.service_name == "s3" else message
    for name, labels in candidates(model.service_name, local):
        operation = operation_model(model.service_name, name)
        if operation is None:
            continue
        try:
            params = _confirmed(operation, rest_params(operation, labels, local), local)
        except Ambiguous as error:
            trouble = trouble or error
            continue
        yield name, params
    if trouble is not None:
        raise trouble


def _confirmed(operation: OperationModel, params: dict[str, Any], message: Message) -> dict[str, Any]:
    confirm(operation, params, message)
    return params


def _bucket_in_path(message: Message) -> Message:
    """A bucket named by the host, moved to where the model has it."""
    if not message.prefix:
        return message
    path = f"/{message.prefix.removesuffix('.')}" + ("" if message.path == "/" else message.path)
    return Message(message.method, "", path, message.query, message.headers, message.body)
