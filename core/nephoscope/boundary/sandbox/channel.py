"""What comes out of a sandbox: bytes from a hostile writer, read without blocking, kept within limits, turned into plain data.

Nothing here waits for the writer or trusts it: whatever a script puts on a descriptor, the result is well-formed and bounded.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
from bisect import bisect_right

from nephoscope.models import JsonValue

CUT = "\n… cut …\n"
MAX_LINE = 64_000
MAX_DEPTH = 32
MAX_INTEGER = 2**63 - 1
CHUNK = 65_536


class Capture:
    """Reads a pipe on the running loop and keeps the first and last ``room`` / 2 bytes. Owns the descriptor."""

    def __init__(self, descriptor: int, room: int) -> None:
        self._descriptor = descriptor
        self._half = room // 2
        self._head = bytearray()
        self._tail = bytearray()
        self.truncated = False
        os.set_blocking(descriptor, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(descriptor, self._read)

    def _read(self) -> bool:
        """Take what is there; whether there may be more."""
        try:
            data = os.read(self._descriptor, CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._loop.remove_reader(self._descriptor)
            return False
        taken = max(0, self._half - len(self._head))
        self._head += data[:taken]
        self._tail += data[taken:]
        if len(self._tail) > self._half:
            self.truncated = True
            del self._tail[: len(self._tail) - self._half]
        return True

    def close(self) -> None:
        """Take the rest, at most what a pipe can hold, and let go. Call it when no writer is left."""
        for _ in range(64):
            if not self._read():
                break
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)

    def peek(self) -> bytes:
        """What has come so far, including what the loop has not read yet."""
        self._read()
        return self.data

    @property
    def data(self) -> bytes:
        return bytes(self._head + (CUT.encode() if self.truncated else b"") + self._tail)


def clip(data: bytes, room: int) -> tuple[str, bool]:
    """The text of ``data``, head and tail kept so that its JSON form has at most ``room`` characters; whether anything was cut."""
    text = data.decode("utf-8", errors="replace")
    if _escaped(text) <= room:
        return text, False
    half = max(0, room - _escaped(CUT)) // 2
    return _prefix(text, half) + CUT + _prefix(text[::-1], half)[::-1], True


def _prefix(text: str, room: int) -> str:
    return text[: bisect_right(range(len(text) + 1), room, key=lambda length: _escaped(text[:length])) - 1]


def _escaped(text: str) -> int:
    return len(json.dumps(text)) - 2 if text else 0


def statements(data: bytes, room: int) -> tuple[tuple[JsonValue, ...], int]:
    """The JSON objects among the lines while their JSON forms fit in ``room``, and how many lines were dropped."""
    lines = [line for line in data.split(b"\n") if line.strip()]
    good: list[JsonValue] = []
    for line in lines:
        value = _statement(line)
        size = 0 if value is None else len(json.dumps(value))
        room -= size
        if value is not None and room >= 0:
            good.append(value)
    return tuple(good), len(lines) - len(good)


def _statement(line: bytes) -> JsonValue:
    if len(line) > MAX_LINE:
        return None
    try:
        value = json.loads(line.decode("utf-8"), parse_constant=_refuse)
        return value if isinstance(value, dict) and _plain(value, MAX_DEPTH) else None
    except (ValueError, RecursionError):
        return None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _plain(value: object, depth: int) -> bool:
    """Whether every leaf survives any JSON reader: finite numbers, 64-bit integers, text without lone surrogates."""
    match value:
        case str():
            return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)
        case list():
            return depth > 0 and all(_plain(item, depth - 1) for item in value)
        case dict():
            return depth > 0 and all(_plain(key, 0) and _plain(item, depth - 1) for key, item in value.items())
        case float():
            return math.isfinite(value)
        case int():
            return abs(value) <= MAX_INTEGER
    return value is None
