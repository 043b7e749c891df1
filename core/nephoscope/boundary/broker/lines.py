"""Documents written line by line (YAML, settings files): what stands behind a name is judged under that name and those above it."""

from __future__ import annotations

import re
from collections.abc import Callable

Judge = Callable[[tuple[str, ...], str], str]
"""Names from the outside in, and the value behind the last; gives what of the value may be seen."""

_LINE = re.compile(r"(?P<indent>[ \t]*)(?P<dash>(?:- +)*)[\"']?(?P<key>[A-Za-z_][\w.-]{0,80})[\"']?(?P<sep>[ \t]*:(?=[ \t]|$)[ \t]*)(?P<value>.*)")
_ITEM = re.compile(r"(?P<indent>[ \t]*)(?P<dash>(?:- +)+)(?P<value>[^\s].*)")
_QUOTED = re.compile(r"(?P<quote>[\"'])(?P<text>.*)(?P=quote)(?P<rest>\s*(?:#.*)?)")
_NAMES = frozenset(("name", "key", "parameterkey", "outputkey", "variable"))
_VALUES = frozenset(("value", "parametervalue", "outputvalue", "default"))
_NOT_VALUES = ("!", "&", "*", "|", ">", "{", "[", "#")
"""How a value begins that is none: a tag, an anchor, a block, an inner document."""


def judged(text: str, judge: Judge) -> str:
    """The text with values judged; the very same text when it is not such a document."""
    lines = text.split("\n")
    if sum(_LINE.fullmatch(line) is not None for line in lines[:400]) < 2:
        return text
    above: list[tuple[int, str]] = []
    named: dict[int, str] = {}
    written = []
    for line in lines:
        match = _LINE.fullmatch(line.rstrip("\r"))
        if match is None:
            item = _ITEM.fullmatch(line.rstrip("\r"))
            written.append(_judged_item(line, item, above, judge) if item else line)
            continue
        depth = len(match["indent"]) + len(match["dash"])
        while above and above[-1][0] >= depth:
            named.pop(above.pop()[0], None)
        key = match["key"]
        if match["dash"]:
            named.pop(depth, None)
        if key.lower() in _NAMES and match["value"]:
            named[depth] = match["value"].strip().strip("\"'")
        told = named.get(depth, key) if key.lower() in _VALUES else key
        keys = (*(name for _, name in above), told)
        above.append((depth, key))
        written.append(line[: match.start("value")] + _value(keys, line[match.start("value") :], judge))
    return "\n".join(written)


def _judged_item(line: str, item: re.Match[str], above: list[tuple[int, str]], judge: Judge) -> str:
    keys = tuple(name for depth, name in above if depth <= len(item["indent"]))
    return line[: item.start("value")] + _value(keys, line[item.start("value") :], judge)


def _value(keys: tuple[str, ...], value: str, judge: Judge) -> str:
    if not value.strip() or value.startswith(_NOT_VALUES):
        return value
    quoted = _QUOTED.fullmatch(value)
    if quoted is None:
        bare = value.rstrip()
        return judge(keys, bare) + value[len(bare) :]
    return f"{quoted['quote']}{judge(keys, quoted['text'])}{quoted['quote']}{quoted['rest']}"
