"""The corpus as people's own scripts, which the static checks judge before anything runs."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from batch import Ending, Snippet

from nephoscope.executing import UNASKED
from nephoscope.models import Check, Script
from nephoscope.plugin.manager import Plugins, load_plugins
from nephoscope.validation import Validated, validate

_ALIKE = ("base64", "ctypes", "io", "json", "os", "select", "signal", "socket", "subprocess", "sys", "threading", "time", "traceback")
_PLACES = {"http": "http.client", "urllib": "urllib.error, urllib.parse, urllib.request"}
_CONFIG = "from botocore.config import Config"
_TOOLS = {"raw": "socket", "form": "socket", "authorization": "os", "LISTENER": "os"}
"""What the tools of the harness are made of: whoever uses one needs that too."""
_BEGUN = "== "


def alone(snippet: Snippet, ids: Mapping[str, str]) -> str:
    """A whole script: the imports of what is used, the ids of the account, the attack."""
    return f"{_head([snippet], ids)}\n{_plain(snippet)}\n"


def together(snippets: Sequence[Snippet], ids: Mapping[str, str]) -> str:
    """One script of several that need no process of their own."""
    attacks = "\n".join(f"def attack_{number}():\n{textwrap.indent(_plain(each), '    ')}" for number, each in enumerate(snippets))
    calls = ", ".join(f"attack_{number}" for number in range(len(snippets)))
    return f"""\
{_head(snippets, ids, "sys", "traceback")}
{attacks}
for number, attack in enumerate([{calls}]):
    print("{_BEGUN}" + str(number))
    try:
        attack()
    except BaseException:
        traceback.print_exc(file=sys.stdout)
print("{_BEGUN}{len(snippets)}")
"""


def told_by(output: str, snippets: Sequence[Snippet]) -> dict[str, Ending]:
    """What each of them said, of those that began; the last line says that all of them ended."""
    pieces = re.split(rf"^{_BEGUN}(\d+)\n", output, flags=re.MULTILINE)
    told = dict(zip(map(int, pieces[1::2]), pieces[2::2], strict=True))
    assert len(snippets) in told, output[-2000:]
    return {each.name: Ending(0, told[number]) for number, each in enumerate(snippets)}


def judged(source: str) -> Validated:
    """What ``nephoscope exec --script`` says of it before it runs."""
    check = Check(id="exec", intent="an attack", cloud="")
    plugins = _plugins()
    judges = [judge for judge in plugins.judges if judge.name not in UNASKED]
    return validate(Script(source=source, check=check, cloud="", author="person"), plugins.estates["aws"].environment(), (), judges)


@cache
def _plugins() -> Plugins:
    return load_plugins()


def _head(snippets: Sequence[Snippet], ids: Mapping[str, str], *always: str) -> str:
    text = "\n".join(each.script for each in snippets)
    used: set[Any] = {name for name in (*_ALIKE, *_PLACES, *_TOOLS) if re.search(rf"\b{name}\b", text)} | set(always)
    used |= {_TOOLS[name] for name in used & set(_TOOLS)}
    lines = [f"import {_PLACES.get(name, name)}" for name in sorted(used - set(_TOOLS))]
    lines += ["import boto3", _CONFIG if "Config(" in text else "", f"IDS = {dict(ids)!r}"]
    return "\n".join(filter(None, lines))


def _plain(snippet: Snippet) -> str:
    """As anybody would write it: a client behind a name of ours is one that the checks do not see."""
    return re.sub(r"\bc\(", "boto3.client(", snippet.script)
