"""The form of a string, and of the key it stands under: what decides whether it may be seen. No network, no state."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from importlib.resources import files
from itertools import pairwise

from nephoscope.models.yaml_text import parse_yaml

Keys = tuple[tuple[str, ...], ...]
"""A path as words: ``DBInstances/0/MasterUserPassword`` → (("db", "instances"), ("master", "user", "password"))."""

MAX_LENGTH = 2048
RANDOM_LENGTH = 16
"""Shorter pieces are never taken for random: generated name suffixes must survive."""


def _words(table: Mapping[str, list[str]], name: str) -> frozenset[str]:
    return frozenset(" ".join(table[name]).split())


_TABLE = parse_yaml(files(__package__).joinpath("words.yaml").read_text("utf-8"))
_SECRET = _words(_TABLE, "secret")
_SECRET_PAIRS = frozenset(tuple(pair.split()) for line in _TABLE["secret-pairs"] for pair in line.split(","))
_ABOUT = _words(_TABLE, "about")
_IDENTIFYING = _words(_TABLE, "identifying")
_DIGESTS = _words(_TABLE, "digests")
_ENVIRONMENT = _words(_TABLE, "environment")
_REFERRING = _words(_TABLE, "referring")
_OPAQUE = _words(_TABLE, "opaque")
_OPAQUE_NAME = re.compile(r"[A-Za-z0-9._+/-]{1,128}")
_PUBLIC = re.compile("|".join(f"(?:{pattern})" for pattern in _TABLE["public"]))
_PAIRS: Mapping[str, str] = _TABLE["pairs"]
_HOLDERS = frozenset({"value", "content", "data", "string", "text", "plaintext", "default"})
"""Keys that say nothing; the one above them does."""
_INDEX = re.compile(r"\d+|\*")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?")
_NUMBER = re.compile(r"[+-]?\d{1,20}(?:\.\d{1,20})?(?:[a-zA-Z%]{1,4})?")
_BOOLEAN = re.compile(r"(?:true|false|yes|no|on|off|none|null|enabled|disabled)", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_PREFIXED_HEX = re.compile(r"[a-z]{1,16}-[0-9a-f]{8,32}")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_DIGEST = re.compile(r"(?:[a-zA-Z0-9]{1,10}:)?(?:[0-9a-fA-F]{32,128}|[A-Za-z0-9+/]{22,86}={0,2})|(?:[0-9a-fA-F]{2}:){7,}[0-9a-fA-F]{2}")
_ONE_CASE = re.compile(r"[0-9a-z]+|[0-9A-Z]+")
_HOST = re.compile(r"(?=.{4,253}$)(?:[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,62})\.)+[a-zA-Z]{2,24}\.?(?::\d{1,5})?")
_RESOURCE_NAME = re.compile(r"[a-z][a-z0-9-]{1,20}:[a-z0-9-]{1,24}:[a-z0-9-]{1,40}:[^\s]+")
_OWNED = re.compile(r"[a-z]{2,20}(?:-[a-z]+)*:[a-z0-9-]{1,40}:[a-z0-9-]{1,40}:[a-z0-9-]{0,40}:(?:\d{6,20})?:[^\s\"'<>]+")
_IMAGE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?/[a-z0-9._/-]+(?::[A-Za-z0-9._-]{1,128})?(?:@[a-z0-9]+:[0-9a-f]{32,128})?")
_REGION = re.compile(r"[a-z]{2,12}-[a-z]{3,12}(?:-[a-z]{3,12})?-?\d{1,2}[a-z]?")
_PIECE = re.compile(r"[A-Za-z0-9]+")
_PASSWORD = re.compile(r"(?=[^A-Za-z]*[A-Za-z])(?=\D*\d)[A-Za-z0-9][A-Za-z0-9!@#$%^&_.~*-]*[!@#$%^&][A-Za-z0-9!@#$%^&_.~*-]*")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|[a-z][a-z0-9_-]*@[a-z0-9-]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")


def key_words(path: str) -> Keys:
    """The words of each key of a path, indices left out."""
    parts = re.split(r"[/.\[\]]+", path)
    return tuple(tuple(word.lower() for word in _WORD.findall(part)) for part in parts if part and not _INDEX.fullmatch(part))


def is_text(value: str) -> bool:
    """Several words: prose, log lines, expressions."""
    return bool(re.search(r"\S\s+\S", value))


def is_secret_key(keys: Keys) -> bool:
    """Whether what stands under the key is meant to be secret. A key about a secret (its name, age, version) is not."""
    if not keys or not keys[-1]:
        return False
    if len(keys) > 1 and "".join(keys[-1]) in _HOLDERS and _secret_words(keys[-2]):
        return True
    return _secret_words(keys[-1])


def is_environment(keys: Keys) -> bool:
    """Whether the value is an environment variable."""
    return any(_ENVIRONMENT.intersection(key) for key in keys[:-1])


def survives(value: str, keys: Keys, *, strict: bool = False, secret: bool = False, loose_hex: bool = False) -> bool:
    """Whether the form of a single word lets it be seen.

    ``strict``: an environment variable, which must look like a reference. ``secret``: the key is secret-like, so only a reference
    to a secret, a time or a switch passes. ``loose_hex``: hexadecimal words of any length pass, as in log lines.
    """
    if len(value) > MAX_LENGTH:
        return False
    value = value.strip("\"'")
    if _TIME.fullmatch(value) or _BOOLEAN.fullmatch(value):
        return True
    last = frozenset((*keys[-1], "".join(keys[-1]))) if keys else frozenset()
    if secret:
        return bool(_RESOURCE_NAME.fullmatch(value)) and not _random(value, frozenset(), loose_hex)
    if _plain(value) or (_DIGESTS & last and _DIGEST.fullmatch(value)) or (_OPAQUE & last and _OPAQUE_NAME.fullmatch(value)):
        return True
    loose_hex = loose_hex or refers(value)
    if strict:
        return _refers(value, last) and not _random(value, frozenset(), loose_hex)
    return not _random(value, last, loose_hex)


def refers(value: str) -> bool:
    """The full name of a resource or an image, which says where it is: digests in it name a version."""
    return _OWNED.fullmatch(value) is not None or _IMAGE.fullmatch(value) is not None


def like_a_password(value: str) -> bool:
    """Letters, digits and a mark such as people put into passwords, in a word that is no address, reference or escape."""
    if not 8 <= len(value) <= 64 or _PASSWORD.fullmatch(value) is None or _MAIL.fullmatch(value) or re.search(r"%[0-9A-Fa-f]{2}|\$[A-Z]", value):
        return False
    return _classes(value) == 3 or "!" in value or "^" in value


def identifies(keys: Keys) -> bool:
    """Whether the last key says that the value is a name, an id or a path."""
    return bool(keys) and not _IDENTIFYING.isdisjoint((*keys[-1], "".join(keys[-1])))


def _secret_words(words: tuple[str, ...]) -> bool:
    if not words or words[-1] in _ABOUT:
        return False
    return bool(_SECRET.intersection(words)) or not _SECRET_PAIRS.isdisjoint(pairwise(words)) or "".join(words) in _SECRET


def _plain(value: str) -> bool:
    """Numbers, addresses, regions, identifiers of a known shape."""
    if any(shape.fullmatch(value) for shape in (_NUMBER, _UUID, _PREFIXED_HEX, _REGION)):
        return True
    try:
        ipaddress.ip_network(value.strip("[]"), strict=False)
    except ValueError:
        return False
    return True


def _refers(value: str, last: frozenset[str]) -> bool:
    """Looks like a reference to something: what an environment variable may show."""
    if _RESOURCE_NAME.fullmatch(value) or _HOST.fullmatch(value):
        return True
    return bool(_REFERRING & last) and len(value) <= 256


def _random(value: str, last: frozenset[str], loose_hex: bool) -> bool:
    """Holds a piece that nobody would choose as a name."""
    return any(_random_word(word, bool(_IDENTIFYING & last), loose_hex) for word in value.split())


def _random_word(word: str, identifying: bool, loose_hex: bool) -> bool:
    remaining = _PUBLIC.sub("", _UUID.sub("", word))
    path = identifying and "/" in remaining and all(_ONE_CASE.fullmatch(part) for part in remaining.strip("/").split("/"))
    if not path and _BASE64.fullmatch(remaining) and _classes(remaining) == 3 and _wordy(remaining) < 0.5:
        return True
    return any(_random_piece(piece, identifying, loose_hex) for piece in _PIECE.findall(remaining))


def _random_piece(piece: str, identifying: bool, loose_hex: bool) -> bool:
    if len(piece) < RANDOM_LENGTH or piece.isdigit():
        return False
    if _HEX.fullmatch(piece) and not piece.isalpha():
        return not (loose_hex or identifying or len(piece) <= 17)
    if identifying and len(piece) <= 64 and _ONE_CASE.fullmatch(piece):
        return False
    return _wordy(piece) < (0.4 if len(piece) < 24 else 0.55)


def _classes(text: str) -> int:
    """How many of lower case, upper case and digits occur."""
    return any(char.islower() for char in text) + any(char.isupper() for char in text) + any(char.isdigit() for char in text)


def _wordy(text: str) -> float:
    """Share of letters and digits that belong to something like a word or a long number. In a long text, words of three letters are chance."""
    words = _WORD.findall(text)
    least = 3 if len(text) < 24 else 4
    return sum(len(word) for word in words if len(word) >= least and _like_a_word(word.lower())) / max(1, sum(map(len, words)))


def _like_a_word(word: str) -> bool:
    if word.isdigit():
        return len(word) >= 6 or (len(word) == 4 and word[:2] in ("19", "20"))
    strange = sum(second not in _PAIRS.get(first, "") for first, second in pairwise(word))
    return strange <= len(word) // 12 and any(char in "aeiouy" for char in word)
