"""Who signed a request, for which service and region: read from the signature's scope, never verified (the keys are worthless)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from urllib.parse import parse_qsl

import yaml

from nephoscope.interfaces.errors import Ambiguous
from nephoscope.models import WireRequest

_SCOPE = re.compile(r"([^/,\s]+)/\d{8}/([A-Za-z0-9-]+)/([A-Za-z0-9-]+)/aws4_request")
_HEADER = re.compile(rf"AWS4-HMAC-SHA256 Credential={_SCOPE.pattern}, ?SignedHeaders=[^,\s]+, ?Signature=[0-9a-f]+")
_PRESIGNED = frozenset(
    ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature", "X-Amz-Security-Token")
)
_PRESIGNED_OLD = frozenset(("AWSAccessKeyId", "Signature", "Expires", "x-amz-security-token"))


@dataclass(frozen=True)
class Signature:
    """``alias`` is the access key id; ``region`` empty where the signature names none; ``query`` the parameters that belong to it."""

    alias: str
    region: str
    name: str
    query: frozenset[str] = frozenset()


def read_signature(request: WireRequest) -> Signature:
    """The one signature of a request. Raises ``Ambiguous`` for none, two, or one of a form the SDK does not make."""
    header = request.header("authorization")
    pairs = parse_qsl(request.query, keep_blank_values=True)
    query = dict(pairs)
    signed = [key for key, _ in pairs if key in _PRESIGNED or key == "AWSAccessKeyId"]
    if len(signed) != len(set(signed)) or (header is not None and signed):
        raise Ambiguous("the request is signed twice")
    if header is not None:
        return _from_header(header)
    if "X-Amz-Credential" in query:
        scope = _SCOPE.fullmatch(query["X-Amz-Credential"])
        if query.get("X-Amz-Algorithm") != "AWS4-HMAC-SHA256" or scope is None:
            raise Ambiguous("the presigned URL is not signed the way the SDK signs")
        return Signature(scope[1], scope[2], scope[3], _PRESIGNED)
    if {"AWSAccessKeyId", "Signature", "Expires"} <= query.keys():
        return Signature(query["AWSAccessKeyId"], "", "s3", _PRESIGNED_OLD)
    raise Ambiguous("the request is not signed", "use a client of the SDK")


def _from_header(header: str) -> Signature:
    scope = _HEADER.fullmatch(header)
    if scope is None:
        raise Ambiguous("the request is not signed the way the SDK signs")
    return Signature(scope[1], scope[2], scope[3])


@cache
def _table() -> dict[str, list[str]]:
    text = resources.files(__package__).joinpath("signing.yaml").read_text("utf-8")
    return dict(yaml.safe_load(text))


def services_of(name: str) -> Sequence[str]:
    """SDK names of the services that sign with this name, the most likely first."""
    return _table().get(name, [name])
