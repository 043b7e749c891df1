"""Untrusted strings made safe, once per medium: ``clean`` and ``clean_block`` for terminals, ``prose``, ``code`` and ``fence`` for Markdown.

Everything in a report may come from a cloud, a model or a person: names, tags, log lines, errors. None of it may move a cursor,
reorder a line, start a colour, become a link or an HTML tag.
"""

from __future__ import annotations

import json
import re
import unicodedata

from nephoscope.models import Json

_ESCAPES = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d).*?(?:\x07|\x1b\\|\x9c)|\x1b[ -/]*[0-~]", re.DOTALL)
_EMOJI_JOINER = re.compile("(?<=[\u2600-\u27bf\ufe0f\U0001f000-\U0001faff])\u200d")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SIMPLE = re.compile(r"[\w@%+=:./*$-]+( [\w@%+=:./*$-]+)*")
_MARKDOWN = re.compile(r"([\\`*_\[\]#|~$])")
_LINKED = re.compile(r"(?i)(:(?=//)|(?<=www)\.)")
_BLOCK_START = re.compile(r"^(?:[-+=]|\d+(?=[.)]))")
_MARK = "\ufffd"


def clean(text: object) -> str:
    """One line of visible characters; what hides, steers or reorders is dropped (escape sequences) or marked ``\ufffd``."""
    return " ".join(clean_block(text).split())


def clean_block(text: object) -> str:
    """Like :func:`clean`, keeping line breaks and leading blanks."""
    bare = _EMOJI_JOINER.sub("", _ESCAPES.sub("", str(text))).replace("\r\n", "\n").replace("\t", "    ")
    return "".join(char if char == "\n" or unicodedata.category(char) not in _HIDDEN else _MARK for char in bare)


def clip(text: str, length: int) -> str:
    """At most ``length`` characters, the cut shown."""
    return text if len(text) <= length else text[: max(length - 1, 0)].rstrip() + "…"


def compact(value: Json, length: int = 240) -> str:
    """A JSON value in one clean line, without the quotes nobody needs."""
    return clip(clean(_flow(value)), length)


def _flow(value: Json) -> str:
    if isinstance(value, str):
        return value if _SIMPLE.fullmatch(value) else json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(str(key))}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return json.dumps(value)


def prose(text: object) -> str:
    """Markdown that reads as exactly this line of text: no emphasis, link, HTML, table cell or list starts in it."""
    escaped = _MARKDOWN.sub(r"\\\1", clean(text)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    unlinked = _LINKED.sub(r"\\\1", escaped).replace("@", "&#64;")
    start = _BLOCK_START.match(unlinked)
    if start is None:
        return unlinked
    return f"{start.group()}\\{unlinked[start.end() :]}" if start.group().isdigit() else f"\\{unlinked}"


def code(text: object) -> str:
    """A Markdown code span. A ``|`` in it would end a table cell, so do not put it in one."""
    plain = clean(text)
    ticks = "`" * (_longest_run(plain) + 1)
    pad = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{ticks}{pad}{plain}{pad}{ticks}" if plain else ""


def fence(text: object, language: str = "") -> str:
    """A Markdown code block that nothing in the text can end."""
    plain = clean_block(text).rstrip("\n")
    ticks = "`" * max(3, _longest_run(plain) + 1)
    return f"{ticks}{language}\n{plain}\n{ticks}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
