"""Slash paths into documents, and the JSON pointers they resolve to.

``Policy`` · ``Reservations/*/Instances`` (``*`` crosses a list) · ``Tags[Name]`` (the ``Value`` of the entry whose ``Key`` is ``Name``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from nephoscope.models import JsonValue

_TAG = re.compile(r"(?P<list>[^\[\]]*)\[(?P<key>[^\]]+)\]$")
Found = tuple[str, JsonValue]
"""Pointer and the value there."""


class Missing(Exception):
    """A pointer does not resolve."""


def _escape(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _unescape(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")


def at(document: JsonValue, pointer: str) -> JsonValue:
    """The value at a JSON pointer. Raises :class:`Missing`."""
    here = document
    for raw in pointer.split("/")[1:]:
        step = _unescape(raw)
        if isinstance(here, dict) and step in here:
            here = here[step]
        elif isinstance(here, list) and step.isdecimal() and int(step) < len(here):
            here = here[int(step)]
        else:
            raise Missing(pointer)
    return here


@lru_cache(maxsize=4096)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(step for step in path.split("/") if step)


def resolve(document: JsonValue, path: str, base: str = "") -> Iterator[Found]:
    """Every place the path leads to, below ``document``, which itself stands at pointer ``base``."""
    yield from _walk(document, _steps(path), base)


def first(document: JsonValue, path: str, base: str = "") -> Found | None:
    """The first place the path leads to."""
    return next(resolve(document, path, base), None)


def _walk(here: JsonValue, steps: tuple[str, ...], pointer: str) -> Iterator[Found]:
    if not steps:
        yield pointer, here
        return
    step, rest = steps[0], steps[1:]
    if step == "*":
        members = enumerate(here) if isinstance(here, list) else here.items() if isinstance(here, dict) else ()
        for key, member in members:
            yield from _walk(member, rest, f"{pointer}/{_escape(str(key))}")
        return
    tag = _TAG.match(step)
    if tag:
        yield from _tagged(here, tag["list"], tag["key"], rest, pointer)
    elif isinstance(here, dict) and step in here:
        yield from _walk(here[step], rest, f"{pointer}/{_escape(step)}")
    elif isinstance(here, list) and step.isdecimal() and int(step) < len(here):
        yield from _walk(here[int(step)], rest, f"{pointer}/{step}")


def _tagged(here: JsonValue, name: str, key: str, rest: tuple[str, ...], pointer: str) -> Iterator[Found]:
    entries = here.get(name) if isinstance(here, dict) else None
    if not isinstance(entries, list):
        return
    for index, entry in enumerate(entries):
        if isinstance(entry, dict) and entry.get("Key") == key and "Value" in entry:
            yield from _walk(entry["Value"], rest, f"{pointer}/{_escape(name)}/{index}/Value")
            return


def joined(documents: Sequence[JsonValue]) -> Any:
    """Pages as one document: lists under the same key are one list."""
    if len(documents) == 1 or not all(isinstance(one, dict) for one in documents):
        return documents[0]
    whole: dict[str, Any] = {}
    for document in documents:
        for key, value in document.items() if isinstance(document, dict) else ():
            whole[key] = [*whole[key], *value] if isinstance(value, list) and isinstance(whole.get(key), list) else value
    return whole
