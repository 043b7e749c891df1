"""The brain of the server as data: which request gets which reply."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError, field_validator

from nephoscope.models.base import Frozen
from nephoscope.testing.llm_server.exchange import Asked, Reply, Trouble

Brain = Callable[[Asked], Reply]


class When(Frozen):
    """All that is given must hold. ``text`` and ``last``: regular expressions, searched in everything said or in what the user said last.

    ``model`` and ``dialect``: patterns. ``tool``: one that the request offers. ``property``: one of the JSON asked for.
    ``sends``: dotted keys of the request's body. ``number``: which request to the server, from 1.
    """

    text: str = ""
    last: str = ""
    model: str = "*"
    dialect: str = "*"
    tool: str = ""
    property: str = ""
    sends: tuple[str, ...] = ()
    number: int | None = None

    @field_validator("text", "last")
    @classmethod
    def _readable(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        return pattern

    def fits(self, asked: Asked) -> bool:
        """Whether the request is of this kind."""
        return (
            fnmatch.fnmatchcase(asked.model, self.model)
            and fnmatch.fnmatchcase(asked.dialect, self.dialect)
            and (self.number is None or self.number == asked.number)
            and (not self.tool or self.tool in asked.tools)
            and (not self.property or self.property in _properties(asked))
            and all(_holds(asked.body, key) for key in self.sends)
            and re.search(self.text, asked.text, re.DOTALL) is not None
            and re.search(self.last, asked.last, re.DOTALL) is not None
        )


class Entry(Frozen):
    """One line of a script. ``times``: how often it is used before the next that fits gets its turn; always, when it is not said."""

    when: When = When()
    times: int | None = Field(default=None, ge=1)
    reply: Reply


class Script(Frozen):
    """Entries are tried from the first to the last; a request that none fits is refused with words that say so."""

    replies: tuple[Entry, ...] = ()
    otherwise: Reply | None = None

    def brain(self) -> Brain:
        """A brain with counts of its own."""
        used = [0] * len(self.replies)

        def reply(asked: Asked) -> Reply:
            for place, entry in enumerate(self.replies):
                if (entry.times is None or used[place] < entry.times) and entry.when.fits(asked):
                    used[place] += 1
                    return entry.reply
            refused = Reply(trouble=Trouble(kind="invalid", message=f"no reply of the script fits request {asked.number}: {asked.last[:200]!r}"))
            return self.otherwise or refused

        return reply


def load_script(path: Path) -> Script:
    """The script in a YAML file. Raises ``ValueError`` with file and place."""
    try:
        return Script.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{path}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path} cannot be read as YAML: {error}") from None


def _properties(asked: Asked) -> set[str]:
    schemas: list[Any] = [asked.wanted, *asked.tools.values()]
    return {name for schema in schemas if isinstance(schema, Mapping) for name in schema.get("properties", {})}


def _holds(body: Mapping[str, Any], key: str) -> bool:
    place: Any = body
    for part in key.split("."):
        if not isinstance(place, Mapping) or part not in place:
            return False
        place = place[part]
    return True
