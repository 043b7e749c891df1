"""Identifiers replaced before a model sees them, and put back into what it says.

A stand-in is of the kind of what it stands for, and always the same within a run. Whatever looks like a stand-in of ours is replaced
too, so that none can be taken for one that was there before: text that is hidden and restored is the same, byte for byte.
"""

from __future__ import annotations

import hmac
import ipaddress
import random
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from nephoscope.models import IdentifierKind, JsonValue

_TLDS = (
    "com|net|org|io|dev|app|cloud|internal|intranet|local|lan|corp|home|arpa|info|biz|co|ai|gov|edu|mil|int|eu|de|at|ch|fr|nl|be|uk|ie|"
    "es|pt|it|pl|cz|se|no|dk|fi|us|ca|mx|br|au|nz|jp|cn|kr|in|sg|za|tech|online|site|shop|store|xyz|systems|services|solutions"
)
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
EMAIL = IdentifierKind(
    kind="email", pattern=r"(?i)(?<![\w.+%-])[a-z0-9](?:[\w.+%-]{0,63})@(?:[a-z0-9-]+\.)+[a-z]{2,24}(?![\w-])", stand_in="person-{n:04d}@mail.example"
)
HOST = IdentifierKind(
    kind="host", pattern=rf"(?i)(?<![\w.@-])(?:{_LABEL}\.){{1,8}}(?:{_TLDS})(?![\w-]|\.[a-z0-9])", stand_in="host-{n:04d}.net.example"
)
_BEFORE_V4, _AFTER_V4 = r"(?<![\d.])", r"(?!\d|\.\d)"
_BEFORE_V6, _AFTER_V6 = r"(?<![\w:.])", r"(?![\w:]|\.\w)"
IPV6 = IdentifierKind(kind="ipv6", pattern=rf"{_BEFORE_V6}[0-9a-fA-F]{{0,4}}(?::[0-9a-fA-F]{{0,4}}){{2,7}}{_AFTER_V6}", stand_in="2001:db8::{n:x}")
IPV4 = IdentifierKind(kind="ipv4", pattern=rf"{_BEFORE_V4}(?:{_OCTET}\.){{3}}{_OCTET}{_AFTER_V4}", stand_in="")
NAME = IdentifierKind(kind="name", pattern=r"(?!)", stand_in="name-{n:05d}")
LEAST_NAME = 3
_EDGE, _END = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
_PUBLIC = frozenset({"0.0.0.0", "255.255.255.255"})  # noqa: S104 - words, not an address to listen on
_GROUPS: Mapping[int, Sequence[range]] = {
    10: (range(256),),
    100: (range(64, 128),),
    169: (range(254, 255),),
    172: (range(16, 32),),
    192: (range(168, 169),),
    198: (range(18, 20),),
}
"""Second octets that make an address private, or of another special kind: they stay among themselves. Where there are several, only they
move: what is planned inside, subnets of any size and the addresses in them, can be reasoned about as it is."""


class Mask:
    """What stands for what. ``names``: further words to hide, asked for each time. ``kept``: the table of an earlier session.

    ``keep`` is given the table whenever it has grown. ``key`` decides how addresses are moved.
    """

    def __init__(
        self,
        kinds: Sequence[IdentifierKind] = (),
        *,
        names: Callable[[], Iterable[str]] = tuple,
        kept: Sequence[Sequence[str]] = (),
        keep: Callable[[list[list[str]]], None] = lambda _: None,
        key: bytes = b"",
    ) -> None:
        self._kinds = [*kinds, EMAIL, HOST, IPV4, IPV6, NAME]
        self._known = _union(tuple((one.pattern, _form(one.stand_in)) for one in self._kinds))
        self._names = names
        self._keep = keep
        self._key = key
        self._lock = threading.Lock()
        self._fake: dict[str, str] = {}
        self._real: dict[str, str] = {}
        self._numbers: dict[str, int] = {}
        self._everywhere: set[str] = set()
        for kind, real, fake in kept:
            self._enter(kind, real, fake)

    def hide(self, text: str) -> str:
        """The text with stand-ins."""
        with self._lock:
            before = len(self._fake)
            for kind in (one for one in self._kinds if one.everywhere):
                for match in re.finditer(kind.pattern, text):
                    self._seen_everywhere(kind, match[0])
            words = sorted({*self._everywhere, *(name for name in self._names() if len(name) >= LEAST_NAME)}, key=len, reverse=True)
            pattern = re.compile(f"{_literal(words)}|{self._known}") if words else re.compile(self._known)
            hidden = pattern.sub(self._hidden, text)
            if len(self._fake) > before:
                self._keep([[self._kind_of(fake), real, fake] for real, fake in self._fake.items()])
            return hidden

    def restore(self, text: str) -> str:
        """The text with what the stand-ins stand for."""
        with self._lock:
            if not self._real:
                return text
            fakes = sorted(self._real, key=len, reverse=True)
            return re.sub("|".join(map(_exactly, fakes)), lambda match: self._real[match[0]], text)

    def restore_in(self, value: JsonValue) -> JsonValue:
        """A value with every string in it restored."""
        if isinstance(value, str):
            return self.restore(value)
        if isinstance(value, list):
            return [self.restore_in(item) for item in value]
        if isinstance(value, dict):
            return {self.restore(key): self.restore_in(item) for key, item in value.items()}
        return value

    def _hidden(self, match: re.Match[str]) -> str:
        real = match[0]
        if real in self._fake:
            return self._fake[real]
        number = next((int(name[1:]) for name, value in match.groupdict().items() if value is not None), None)
        kind = NAME if number is None else self._kinds[number]
        if kind is IPV4:
            fake = self._moved(real)
        elif not kind.stand_in or (kind is IPV6 and not _is_address(real)):
            return real
        else:
            fake = self._next(kind)
        if fake != real:
            self._enter(kind.kind, real, fake)
        return fake

    def _seen_everywhere(self, kind: IdentifierKind, real: str) -> None:
        if real not in self._fake and len(real) >= LEAST_NAME and not re.fullmatch(_form(kind.stand_in), real):
            self._enter(kind.kind, real, self._next(kind))

    def _next(self, kind: IdentifierKind) -> str:
        while True:
            number = self._numbers[kind.kind] = self._numbers.get(kind.kind, 0) + 1
            fake = kind.stand_in.format(n=number)
            if fake not in self._real:
                return fake

    def _enter(self, kind: str, real: str, fake: str) -> None:
        self._fake[real] = fake
        self._real[fake] = real
        known = next((one for one in self._kinds if one.kind == kind), NAME)
        if known.everywhere:
            self._everywhere.add(real)
        self._numbers[kind] = max(self._numbers.get(kind, 0), sum(1 for each in self._real if self._kind_of(each) == kind))

    def _kind_of(self, fake: str) -> str:
        return next((one.kind for one in self._kinds if one.stand_in and re.fullmatch(_form(one.stand_in), fake)), IPV4.kind)

    def _moved(self, address: str) -> str:
        """Another address of the same kind; those that share leading octets still do. Third and fourth octets of 0 and 255 stay."""
        octets = [int(part) for part in address.split(".")]
        if octets[0] in (0, 127, 255) or octets[:2] == [169, 254] or address in _PUBLIC:
            return address
        groups = tuple(_GROUPS.get(octets[0], ()))
        moved = [octets[0], _turned(self._key, tuple(octets[:1]), octets[1], groups)]
        inside = any(octets[1] in group and len(group) > 1 for group in groups)
        moved += octets[2:] if inside else [_turned(self._key, tuple(octets[:place]), octets[place], ()) for place in (2, 3)]
        return ".".join(map(str, moved))


@lru_cache(maxsize=4096)
def _turned(key: bytes, prefix: tuple[int, ...], octet: int, groups: tuple[range, ...]) -> int:
    members = next((list(group) for group in groups if octet in group), [])
    if not members:
        if octet in (0, 255):
            return octet
        members = [value for value in range(1, 255) if not any(value in group for group in groups)]
    random.Random(hmac.digest(key, bytes(prefix), "sha256")).shuffle(members)  # noqa: S311 - keyed, and only to be unlike the real one
    return members[(members.index(octet) + 1) % len(members)]


@lru_cache(maxsize=8)
def _union(patterns: tuple[tuple[str, str], ...]) -> str:
    """One pattern of all: each kind under its number, and the forms of stand-ins before them."""
    forms = (f"(?P<f{number}>{form})" for number, (_, form) in enumerate(patterns) if form and form != _form(IPV6.stand_in))
    kinds = (f"(?P<k{number}>{_local(pattern)})" for number, (pattern, _) in enumerate(patterns))
    return "|".join([*forms, *kinds])


def _local(pattern: str) -> str:
    """The pattern with its flags made local, so that several can be joined."""
    match = re.match(r"\(\?([a-z]+)\)", pattern)
    return f"(?{match[1]}:{pattern[match.end() :]})" if match else f"(?:{pattern})"


@lru_cache(maxsize=256)
def _form(stand_in: str) -> str:
    """What all stand-ins of a template look like."""
    if not stand_in:
        return ""
    before, width, base, after = re.split(r"\{n(?::0?(\d*)([dx]))?\}", stand_in)
    return f"{re.escape(before)}{'[0-9a-f]' if base == 'x' else '[0-9]'}{{{width or 1},}}{re.escape(after)}"


def _literal(words: Sequence[str]) -> str:
    return f"(?:{_EDGE}(?:{'|'.join(map(re.escape, words))}){_END})"


def _exactly(fake: str) -> str:
    """A stand-in where it may stand: addresses only whole, like what they stand for."""
    if re.fullmatch(r"[\d.]+", fake) and "." in fake:
        return f"{_BEFORE_V4}{re.escape(fake)}{_AFTER_V4}"
    if fake.startswith(IPV6.stand_in[:9]):
        return f"{_BEFORE_V6}{re.escape(fake)}{_AFTER_V6}"
    return re.escape(fake)


def _is_address(text: str) -> bool:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return not (address.is_unspecified or address.is_loopback)


def faults(kind: IdentifierKind) -> Iterator[str]:
    """Why a kind of identifier cannot be used."""
    try:
        pattern = re.compile(kind.pattern)
    except re.error as error:
        yield f"{kind.kind}: its pattern is none: {error}"
        return
    if pattern.groups:
        yield f"{kind.kind}: its pattern has groups; write (?:...)"
    if pattern.fullmatch(""):
        yield f"{kind.kind}: its pattern matches nothing at all"
    if kind.stand_in and len(re.findall(r"\{n(?::0?\d*[dx])?\}", kind.stand_in)) != 1:
        yield f"{kind.kind}: its stand-in needs one {{n}}, as a number of so many digits ({{n:05d}}) or hexadecimal ones ({{n:05x}})"
