"""What of a reply may be seen: values survive by their form, credentials and secrets become placeholders.

A placeholder is ``‹redacted:string:LENGTH:DIGEST›``, the digest keyed per investigation: presence stays decidable, and
equality too, for whoever holds the key.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from nephoscope.boundary.broker.form import Keys, is_environment, is_secret_key, is_text, key_words, survives
from nephoscope.models import Json
from nephoscope.models.yaml_text import parse_yaml

PLACEHOLDER = re.compile(r"‹redacted:string:(\d+):([0-9a-f]{4,})›")
MAX_NESTING = 20


def hidden_in(value: Json) -> bool:
    """Whether a placeholder occurs anywhere in a document."""
    return value is not None and PLACEHOLDER.search(json.dumps(value, ensure_ascii=False)) is not None


@cache
def _signatures() -> tuple[re.Pattern[str], re.Pattern[str]]:
    table = parse_yaml(files(__package__).joinpath("signatures.yaml").read_text("utf-8"))
    whole = "|".join(_grouped(pattern) for pattern in table["whole"].values())
    after = "|".join(_grouped(pattern) for pattern in table["after-name"].values())
    return re.compile(whole), re.compile(after)


def _grouped(pattern: str) -> str:
    """The pattern with its flags made local, so that several can be joined."""
    match = re.match(r"\(\?([a-z]+)\)", pattern)
    return f"(?{match[1]}:{pattern[match.end() :]})" if match else f"(?:{pattern})"


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
        return self._scrub(text)

    def placeholder(self, value: str) -> str:
        """What stands for a value."""
        return f"‹redacted:string:{len(value)}:{self.digest(value)}›"

    def digest(self, value: str) -> str:
        """Four hex digits, different for every investigation."""
        return hmac.new(self._key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:4]

    def same(self, left: str, right: str) -> bool:
        """Whether two strings, either of them a placeholder or clear, stand for the same value."""
        return self._mark(left) == self._mark(right) if PLACEHOLDER.fullmatch(left) or PLACEHOLDER.fullmatch(right) else left == right

    def _mark(self, value: str) -> tuple[int, str]:
        match = PLACEHOLDER.fullmatch(value)
        return (int(match[1]), match[2]) if match else (len(value), self.digest(value))

    def _hide(self, keys: Keys, value: str, depth: int) -> str:
        if not value or PLACEHOLDER.fullmatch(value):
            return value
        if is_secret_key(keys):
            return value if survives(value, (), strict=True, secret=True) else self.placeholder(value)
        nested = self._nested(keys, value, depth)
        if nested is not None:
            return nested
        strict = is_environment(keys)
        if is_text(value) and not strict:
            return self._scrub(value)
        return self._token(keys, value, strict)

    def _nested(self, keys: Keys, value: str, depth: int) -> str | None:
        """A JSON document inside the string, redacted inside; ``None`` when there is none."""
        if value.lstrip()[:1] not in ("{", "["):
            return None
        if depth == 0:
            return self.placeholder(value)
        try:
            document = json.loads(value)
        except (ValueError, RecursionError):
            return None
        if not isinstance(document, dict | list):
            return None
        hidden = self._walk(keys, document, depth - 1)
        return value if hidden == document else json.dumps(hidden, ensure_ascii=False)

    def _walk(self, keys: Keys, value: Json, depth: int) -> Json:
        if isinstance(value, str):
            return self._hide(keys, value, depth)
        if isinstance(value, Mapping):
            return {name: self._walk((*keys, *key_words(name)), item, depth) for name, item in value.items()}
        if isinstance(value, list):
            return [self._walk(keys, item, depth) for item in value]
        if isinstance(value, int | float) and not isinstance(value, bool) and is_secret_key(keys):
            return self.placeholder(str(value))
        return value

    def _token(self, keys: Keys, value: str, strict: bool) -> str:
        whole, after = _signatures()
        if "://" in value:
            return self._address(keys, value)
        if whole.search(value) or after.search(value) or not survives(value, keys, strict=strict):
            return self.placeholder(value)
        return value

    def _address(self, keys: Keys, value: str) -> str:
        """A URL without what people hide in URLs: user and password, query, random path segments."""
        head, _, rest = value.partition("://")
        bare, mark, query = rest.partition("?")
        authority, slash, path = bare.partition("/")
        user, at, host = authority.rpartition("@")
        whole, _ = _signatures()
        if not survives(host, keys) or not survives(head, keys) or whole.search(host):
            return self.placeholder(value)
        shown = "/".join(part if not part or survives(part, keys) else self.placeholder(part) for part in path.split("/"))
        if whole.search("/" + path):
            shown = self.placeholder(path)
        return f"{head}://{self.placeholder(user) if user else ''}{at}{host}{slash}{shown}{mark}{self.placeholder(query) if query else ''}"

    def _scrub(self, text: str) -> str:
        """Free text with only its credential-like parts replaced."""
        whole, after = _signatures()
        text = whole.sub(lambda match: self.placeholder(match[0]), text)
        text = after.sub(self._after_name, text)
        return re.sub(r"[^\s\"'(),;<>\[\]{}‹›]{20,}", lambda match: self._word(match[0]), text)

    def _after_name(self, match: re.Match[str]) -> str:
        index = next(number for number, group in enumerate(match.groups(), 1) if group is not None)
        start, end = match.span(index)
        return match[0][: start - match.start()] + self.placeholder(match[index]) + match[0][end - match.start() :]

    def _word(self, word: str) -> str:
        if "://" in word:
            return self._address((), word)
        return word if survives(word, (), loose_hex=True) else self.placeholder(word)
