"""Values between three forms: text on the wire, plain JSON in a :class:`Call`, and what the SDK's serializers take."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Any, cast

from nephoscope.interfaces.errors import Ambiguous
from nephoscope_aws.wire.models import Shape

_INTEGERS = ("integer", "long")
_FLOATS = ("float", "double")


def iso(moment: datetime) -> str:
    """A moment as every document of ours writes it: UTC, no needless fraction."""
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return text.rstrip("0").rstrip(".") + "Z"


def moment(value: str | float) -> str:
    """A timestamp of any wire format as ISO text."""
    from botocore.utils import parse_timestamp

    try:
        parsed = parse_timestamp(cast("str", value))  # it takes numbers too, whatever its stubs say
    except (ValueError, TypeError, OverflowError) as error:
        raise Ambiguous(f"{value!r} is not a timestamp") from error
    return iso(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))


def from_text(shape: Shape, text: str) -> Any:
    """A scalar written as text (form, query, header, XML). What a serializer would write otherwise is found by the round trip."""
    kind = shape.type_name
    try:
        if kind in _INTEGERS:
            return int(text)
        if kind in _FLOATS:
            return float(text)
    except ValueError as error:
        raise Ambiguous(f"{text!r} is not a number") from error
    if kind == "boolean":
        return text == "true"
    return moment(text) if kind == "timestamp" else text


def blob(text: str) -> bytes:
    """Decoded base64, strictly."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Ambiguous("a binary value is not base64") from error


def native(shape: Shape | None, value: Any) -> Any:
    """Parameters of a :class:`Call` as the SDK takes them: binary values are bytes again. Timestamps stay ISO text, which the SDK reads."""
    if shape is None or value is None or getattr(shape, "is_document_type", False):
        return value
    match shape.type_name:
        case "structure":
            return {key: native(shape.members.get(key), item) for key, item in value.items()}
        case "list":
            return [native(shape.member, item) for item in value]
        case "map":
            return {key: native(shape.value, item) for key, item in value.items()}
        case "blob" if isinstance(value, str):
            return blob(value)
    return value
