"""How one string of a reply is judged."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

from nephoscope_aws.wire.models import Shape

_NAMES = ("name", "Name", "key", "Key", "ParameterKey", "OutputKey")
_VALUES = ("value", "Value", "ParameterValue", "OutputValue")
_FLAG = re.compile(r"--?([A-Za-z][A-Za-z0-9-]*)")
_MAX_EMBEDDED = 256 * 1024


# Shapes whose values the services make themselves to name things; they look random, and are no secrets.
_IDENTIFIERS = frozenset(("ResourceId",))
_AUDIENCE = re.compile(r"/JwtConfiguration/Audience/\d+\Z")
_CLIENT = re.compile(r"[0-9a-z]{26}")
"""The id of a user pool's client, which everybody who signs in sees in the address. An audience may be any text, and other text is judged."""
_VALIDATION = re.compile(r"/DomainValidationOptions/\d+/ResourceRecord/[^/]+\Z")
_VALIDATED_AT = re.compile(r"_[0-9a-f]{32}\.[a-z0-9]{6,12}\.acm-validations\.aws\.?")
"""What a certificate's record is to point at: made to be published, and of no use to anybody else."""


class Hider:
    """Wraps core's ``hide`` with what is particular to AWS replies."""

    def __init__(self, hide: Callable[[str, str], str], tokens: frozenset[str]) -> None:
        self._hide = hide
        self._tokens = tokens

    def is_token(self, path: str, member: str) -> bool:
        """Page tokens at the top of a reply are opaque and needed unchanged."""
        return not path and member in self._tokens

    def leaf(self, shape: Shape, path: str, value: str) -> str:
        """A string of a reply by its shape: a word of a closed set says what the service is, not what somebody keeps secret."""
        if shape is None:
            return self.text(path, value)
        if shape.type_name == "blob":
            return self.blob(path, value)
        spared = (
            value in shape.metadata.get("enum", ())
            or shape.name in _IDENTIFIERS
            or (_CLIENT.fullmatch(value) is not None and _AUDIENCE.search(path) is not None)
            or (_VALIDATED_AT.fullmatch(value) is not None and _VALIDATION.search(path) is not None)
        )
        return value if spared else self.text(path, value)

    def text(self, path: str, value: str) -> str:
        """A string; a JSON document inside it (plain or percent-encoded, as policies are) is judged leaf by leaf."""
        document, encoded = _embedded(value)
        if document is None:
            return self._hide(path, value) if value else value
        hidden = self._inside(document, path)
        if hidden == document:
            return value
        written = json.dumps(hidden, ensure_ascii=False)
        return quote(written, safe="") if encoded else written

    def blob(self, path: str, value: str) -> str:
        """A binary value, judged as the text it holds and kept valid base64."""
        text = _decoded(value)
        if text is not None:
            hidden = self.text(path, text)
            return value if hidden == text else base64.b64encode(hidden.encode()).decode()
        hidden = self._hide(path, value)
        return hidden if hidden == value or _is_base64(hidden) else base64.b64encode(hidden.encode()).decode()

    def pair(self, members: Mapping[str, Any]) -> dict[str, str]:
        """The value of a name/value pair goes by its name."""
        name = next((members[key] for key in _NAMES if isinstance(members.get(key), str)), None)
        value = next((key for key in _VALUES if isinstance(members.get(key), str)), None)
        return {value: name.replace("/", "~1")} if name and value else {}

    def place(self, path: str, items: Sequence[Any], index: int) -> str:
        """Where an item of a list stands: behind a command-line option it goes by the option's name."""
        before, item = items[index - 1] if index else None, items[index]
        flag = _FLAG.fullmatch(before) if isinstance(before, str) and isinstance(item, str) and not item.startswith("-") else None
        return f"{path}/{flag[1] if flag else index}"

    def _inside(self, value: Any, path: str) -> Any:
        if isinstance(value, dict):
            told = self.pair(value)
            return {key: self._inside(item, f"{path}/{told.get(key, key)}") for key, item in value.items()}
        if isinstance(value, list):
            return [self._inside(item, self.place(path, value, index)) for index, item in enumerate(value)]
        return self._hide(path, value) if isinstance(value, str) and value else value


def _decoded(value: str) -> str | None:
    try:
        return base64.b64decode(value, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None


def _is_base64(value: str) -> bool:
    try:
        return bool(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        return False


def _embedded(value: str) -> tuple[Any, bool]:
    if len(value) > _MAX_EMBEDDED:
        return None, False
    encoded = value[:3] in ("%7B", "%5B", "%7b", "%5b")
    text = unquote(value) if encoded else value
    if text.lstrip()[:1] not in ("{", "["):
        return None, False
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None, False
    return (document, encoded) if isinstance(document, dict | list) else (None, False)
