"""What of a reply may be seen: values survive by their form, credentials and secrets become placeholders.

A placeholder is ``‹redacted:string:LENGTH:DIGEST›``, the digest keyed per investigation: presence stays decidable, and
equality too, for whoever holds the key. What was base64 stays base64, so that a script which unpacks it still can.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping

from nephoscope.boundary.broker.encoded import plainer, unhexed, unpacked
from nephoscope.boundary.broker.form import (
    MAX_LENGTH,
    Keys,
    identifies,
    is_environment,
    is_secret_key,
    is_text,
    key_words,
    like_a_password,
    refers,
    survives,
)
from nephoscope.boundary.broker.lines import judged
from nephoscope.boundary.broker.signatures import AFTER_NAME, WHOLE, fits, replaced
from nephoscope.models import Json

PLACEHOLDER = re.compile(r"‹redacted:string:(\d+):([0-9a-f]{4,})›")
PACKED = base64.b64encode("‹redacted:string:".encode()).decode().rstrip("=")[:-1]
"""How a placeholder begins that stands for something base64."""
MAX_NESTING = 20
_WORD = re.compile(r"[^\s\"'(),;<>\[\]{}‹›]{16,}")
_NO_WORD = re.compile(r"[\s\"'(),;<>\[\]{}‹›]")
_LONG = 20
_FLAG = re.compile(r"--?([A-Za-z][A-Za-z0-9-]*)")
_NAMES = ("name", "Name", "key", "Key", "ParameterKey", "OutputKey")
_VALUES = ("value", "Value", "ParameterValue", "OutputValue")


def hidden_in(value: Json) -> bool:
    """Whether a placeholder occurs anywhere in a document."""
    if value is None:
        return False
    text = json.dumps(value, ensure_ascii=False)
    return PLACEHOLDER.search(text) is not None or PACKED in text


def named_value(members: Mapping[str, Json]) -> dict[str, str]:
    """In a name/value pair: the value's key, and the name by which the value goes."""
    name = next((members[key] for key in _NAMES if isinstance(members.get(key), str)), None)
    value = next((key for key in _VALUES if isinstance(members.get(key), str)), None)
    return {value: str(name)} if name and value else {}


def flagged(items: list[Json], index: int) -> str | None:
    """The command-line option whose value an item is, if it is one's."""
    before, item = items[index - 1] if index else None, items[index]
    match = _FLAG.fullmatch(before) if isinstance(before, str) and isinstance(item, str) and not item.startswith("-") else None
    return match[1] if match else None


def _around(match: re.Match[str]) -> str:
    """The whole word of the text in which a match begins."""
    begin, text = match.start(), match.string
    before = _NO_WORD.split(text[max(0, begin - 300) : begin])[-1]
    return before + _NO_WORD.split(text[begin : begin + 600], maxsplit=1)[0]


class Redactor:
    """Decides about single strings. Pure but for its key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def hide(self, path: str, value: str) -> str:
        """The value, or as much of it as may be seen. ``path``: keys and indices from the reply's root, separated by slashes or dots."""
        return self._hide(key_words(path), value, MAX_NESTING)

    def shape(self, path: str, value: str) -> str:
        """Nothing of the value but its length and digest: for data of which only the shape may be seen."""
        return self.placeholder(value) if value else value

    def scrub(self, text: str) -> str:
        """Free text with its credential-like parts replaced."""
        return self._scrub((), text, MAX_NESTING)

    def placeholder(self, value: str) -> str:
        """What stands for a value."""
        return f"‹redacted:string:{len(value)}:{self.digest(value)}›"

    def digest(self, value: str) -> str:
        """Eight hex digits, different for every investigation."""
        return hmac.new(self._key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:8]

    def same(self, left: str, right: str) -> bool:
        """Whether two strings, either of them a placeholder or clear, stand for the same value."""
        return self._mark(left) == self._mark(right) if PLACEHOLDER.fullmatch(left) or PLACEHOLDER.fullmatch(right) else left == right

    def _mark(self, value: str) -> tuple[int, str]:
        match = PLACEHOLDER.fullmatch(value)
        return (int(match[1]), match[2]) if match else (len(value), self.digest(value))

    def _stand_in(self, value: str) -> str:
        """A placeholder, base64 where the value was packed text."""
        return base64.b64encode(self.placeholder(value).encode()).decode() if unpacked(value) is not None else self.placeholder(value)

    def _hide(self, keys: Keys, value: str, depth: int) -> str:
        if not value or PLACEHOLDER.fullmatch(value) or value.startswith(PACKED):
            return value
        if is_secret_key(keys):
            return value if survives(value, (), strict=True, secret=True) else self._stand_in(value)
        if depth == 0:
            return self.placeholder(value)
        nested = self._nested(keys, value, depth)
        if nested is not None:
            return nested
        strict = is_environment(keys)
        if is_text(value) and not strict:
            return self._scrub(keys, value, depth)
        return self._packed(keys, value, depth) or self._token(keys, value, strict, depth)

    def _nested(self, keys: Keys, value: str, depth: int) -> str | None:
        """A JSON document inside the string, redacted inside; ``None`` when there is none."""
        if value.lstrip()[:1] not in ("{", "[", '"'):
            return None
        try:
            document = json.loads(value)
        except (ValueError, RecursionError):
            return None
        if not isinstance(document, dict | list | str):
            return None
        hidden = self._walk(keys, document, depth - 1)
        return value if hidden == document else json.dumps(hidden, ensure_ascii=False)

    def _walk(self, keys: Keys, value: Json, depth: int) -> Json:
        if isinstance(value, str):
            return self._hide(keys, value, depth)
        if isinstance(value, Mapping):
            told = named_value(value)
            return {name: self._walk((*keys, *key_words(told.get(name, name))), item, depth) for name, item in value.items()}
        if isinstance(value, list):
            return [self._walk((*keys, *key_words(flagged(value, index) or "")), item, depth) for index, item in enumerate(value)]
        if isinstance(value, int | float) and not isinstance(value, bool) and is_secret_key(keys):
            return self.placeholder(str(value))
        return value

    def _packed(self, keys: Keys, value: str, depth: int) -> str | None:
        """Text in base64, judged inside and packed again; ``None`` when the value is no such thing."""
        text = unpacked(value)
        if text is None or not (is_text(text) or text.lstrip()[:1] in ("{", "[") or "=" in text or "://" in text):
            return None
        hidden = self._hide(keys, text, depth - 1)
        return value if hidden == text else base64.b64encode(hidden.encode("utf-8", "replace")).decode()

    def _token(self, keys: Keys, value: str, strict: bool, depth: int) -> str:
        if "://" in value:
            return self._address(keys, value)
        known = fits(WHOLE, value) or (not refers(value) and fits(AFTER_NAME, value))
        if known or not survives(value, keys, strict=strict) or self._disguised(keys, value, depth):
            return self.placeholder(value)
        if like_a_password(value) and (strict or not identifies(keys)):
            return self.placeholder(value)
        return value

    def _disguised(self, keys: Keys, value: str, depth: int) -> bool:
        """Whether the value, or a packed part of it, holds something to hide once it is written plainly."""
        plain = plainer(value)
        if plain != value and self._hide(keys, plain, depth - 1) != plain:
            return True
        text = unhexed(value) or unpacked(value)
        return text is not None and self._hide((), text, depth - 1) != text

    def _address(self, keys: Keys, value: str) -> str:
        """A URL without what people hide in URLs: user and password, query, random path segments."""
        value = replaced(AFTER_NAME, value, self._after_name)
        head, _, rest = value.partition("://")
        bare, mark, query = rest.partition("?")
        authority, slash, path = bare.partition("/")
        user, at, host = authority.rpartition("@")
        if len(bare) > MAX_LENGTH or not survives(host, keys) or not survives(head, keys) or fits(WHOLE, host):
            return self.placeholder(value)
        parts = path.split("/")
        shown = "/".join(
            part if self._shown_in_path(part, key_words(before) or keys) else self.placeholder(part)
            for before, part in zip(["", *parts], parts, strict=False)
        )
        if fits(WHOLE, "/" + path):
            shown = self.placeholder(path)
        user, query = (text if not text or PLACEHOLDER.fullmatch(text) else self.placeholder(text) for text in (user, query))
        return f"{head}://{user}{at}{host}{slash}{shown}{mark}{query}"

    @staticmethod
    def _shown_in_path(part: str, keys: Keys) -> bool:
        return not part or PLACEHOLDER.fullmatch(part) is not None or survives(part, keys)

    def _scrub(self, keys: Keys, text: str, depth: int) -> str:
        """Free text with only its credential-like parts replaced."""
        scrubbed = self._parts(keys, text, depth)
        plain = plainer(scrubbed)
        if plain != scrubbed:
            bare = self._parts(keys, plain, depth)
            return scrubbed if bare == plain else bare
        return scrubbed

    def _parts(self, keys: Keys, text: str, depth: int) -> str:
        text = judged(text, lambda names, value: self._line(keys, names, value, depth))
        text = replaced(WHOLE, text, lambda match: self.placeholder(match[0]))
        text = replaced(AFTER_NAME, text, self._after_name)
        return _WORD.sub(lambda match: self._word(match[0], depth), text)

    def _line(self, keys: Keys, names: tuple[str, ...], value: str, depth: int) -> str:
        """What may be seen of a line's value: all of it, unless the names before it say otherwise."""
        named = (*keys, *(word for name in names for word in key_words(name)))
        return self._hide(named, value, depth - 1) if is_secret_key(named) or is_environment(named) else value

    def _after_name(self, match: re.Match[str]) -> str:
        index = next((number for number, group in enumerate(match.groups(), 1) if group is not None), 0)
        value = match[index]
        if survives(value, (), strict=True, secret=True) or refers(_around(match)):
            return match[0]
        start, end = match.span(index)
        return match[0][: start - match.start()] + self.placeholder(value) + match[0][end - match.start() :]

    def _word(self, word: str, depth: int) -> str:
        if "://" in word:
            return self._address((), word)
        if len(word) >= _LONG and not survives(word, (), loose_hex=True):
            return self.placeholder(word)
        return self.placeholder(word) if self._hides_text(word, depth) else word

    def _hides_text(self, word: str, depth: int) -> bool:
        """Whether a word of a text is itself a packed text with something to hide."""
        for piece in re.split(r"[=:|]", word.rstrip("=")) if depth > 1 else ():
            text = unpacked(piece) or unhexed(piece)
            if text is not None and self._hide((), text, depth - 1) != text:
                return True
        return False
