"""Where AWS tells of a fix: the page of the guide for its topic, and that of each command. Addresses are data, by schemes that are regular."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from nephoscope.models import Documentation
from nephoscope.models.yaml_text import parse_yaml

_DOCS = "https://docs.aws.amazon.com"
_COMMANDS = f"{_DOCS}/cli/latest/reference"
_WORD = re.compile(r"[a-z0-9][a-z0-9-]*")


@cache
def _pages() -> tuple[tuple[re.Pattern[str], Documentation], ...]:
    """Pages by what a cause's id begins with or holds, the closer ones first."""
    raw: Any = parse_yaml(Path(__file__).with_name("documentation.yaml").read_text("utf-8"))
    return tuple((re.compile(one["causes"]), Documentation(title=one["title"], url=f"{_DOCS}/{one['page']}")) for one in raw["pages"])


def documented(cause: str, commands: Sequence[tuple[str, str]]) -> list[Documentation]:
    """The guide's page for the cause first. ``commands``: service and command of each change, as the command line spells them."""
    topic = next((page for pattern, page in _pages() if pattern.search(cause)), None)
    told = [topic] if topic else []
    for service, command in commands:
        if _WORD.fullmatch(service) and _WORD.fullmatch(command):
            told.append(Documentation(title=f"aws {service} {command}", url=f"{_COMMANDS}/{service}/{command}.html"))
    return list(dict.fromkeys(told))
