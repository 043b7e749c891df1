"""Text in disguise: base64 (compressed or not), hexadecimal, percent signs, escapes, look-alike letters."""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
import zlib
from urllib.parse import unquote_plus

MAX_TEXT = 1_000_000
"""Longer texts are not unpacked: what is judged is the packing itself, which looks random."""
LEAST = 12
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")
_HEX = re.compile(r"(?:[0-9a-f]{2})+|(?:[0-9A-F]{2})+")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})|\\+x([0-9a-fA-F]{2})")
_ENTITY = re.compile(r"&(?:#\d{1,6}|#x[0-9a-fA-F]{1,5}|[a-z]{2,8});")
_STRANGE = re.compile(r"[^\x00-\x7f‹›]")
_CONTROLS = frozenset("\n\r\t\f\v\b\x1b")


def unpacked(text: str) -> str | None:
    """The text in a base64 string, decompressed where it was compressed; ``None`` when there is none."""
    compact = "".join(text.split())
    if len(compact) < LEAST or len(compact) > MAX_TEXT or not _BASE64.fullmatch(compact):
        return None
    bare = compact.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        data = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return as_text(data)


def unhexed(text: str) -> str | None:
    """The text in a hexadecimal string."""
    if len(text) < 2 * LEAST or len(text) > MAX_TEXT or not _HEX.fullmatch(text):
        return None
    return as_text(bytes.fromhex(text))


def as_text(data: bytes) -> str | None:
    """Bytes as text, decompressed first where they are compressed; ``None`` when they are no text."""
    if data[:2] == b"\x1f\x8b" or data[:1] == b"\x78":
        data = _inflated(data) or data
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
    except UnicodeDecodeError:
        return None
    return text if text and all(char.isprintable() or char in _CONTROLS for char in text) else None


def plainer(text: str) -> str:
    """The text without escapes, percent signs, entities, invisible characters and look-alike letters."""
    if _ESCAPE.search(text):
        text = _ESCAPE.sub(lambda match: _char(match[1] or match[2], match[0]), text)
    if _PERCENT.search(text):
        text = unquote_plus(text)
    if _ENTITY.search(text):
        text = html.unescape(text)
    if not _STRANGE.search(text):
        return text
    return "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf")


def _char(digits: str, written: str) -> str:
    char = chr(int(digits, 16))
    return written if "\ud800" <= char <= "\udfff" else char


def _inflated(data: bytes) -> bytes | None:
    unpacker = zlib.decompressobj(wbits=47)
    try:
        text = unpacker.decompress(data, MAX_TEXT)
    except zlib.error:
        return None
    return text if not unpacker.unconsumed_tail else None
