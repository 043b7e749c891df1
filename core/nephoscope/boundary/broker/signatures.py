"""Searching for what is known to be secret by its looks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files

from nephoscope.models.yaml_text import parse_yaml

Replacement = Callable[[re.Match[str]], str]


@dataclass(frozen=True)
class Signature:
    """``needs``: words of which one occurs in whatever the pattern matches; finding them is much cheaper than the pattern."""

    needs: tuple[str, ...]
    pattern: re.Pattern[str]


def fits(signatures: Sequence[Signature], text: str) -> bool:
    """Whether any of the signatures occurs in the text."""
    return any(signature.pattern.search(text) for signature in _possible(signatures, text))


def replaced(signatures: Sequence[Signature], text: str, replacement: Replacement) -> str:
    """The text with every occurrence replaced."""
    for signature in tuple(_possible(signatures, text)):
        text = signature.pattern.sub(replacement, text)
    return text


def _possible(signatures: Sequence[Signature], text: str) -> Iterator[Signature]:
    lower = text.lower()
    return (each for each in signatures if not each.needs or any(word in lower for word in each.needs))


def _load(kind: str) -> tuple[Signature, ...]:
    table = parse_yaml(files(__package__).joinpath("signatures.yaml").read_text("utf-8"))
    return tuple(Signature(tuple(each.get("needs", "").split()), re.compile(each["pattern"])) for each in table[kind].values())


WHOLE = _load("whole")
"""What matches is itself the secret."""
AFTER_NAME = _load("after-name")
"""The group that matched is the secret; what stands before it says so."""
