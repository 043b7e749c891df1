"""One place that settings come from, read into dotted keys so that every value keeps its origin."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_settings import EnvSettingsSource, SettingsError

from nephoscope.interfaces import UsageError
from nephoscope.settings.model import Settings

MAX_FILE_BYTES = 1_000_000
OPEN_TABLES = ("scope", "keys")
"""Tables whose keys are not core's to know."""
OTHER_VARIABLES = frozenset({"NEPHOSCOPE_CONFIG", "NEPHOSCOPE_DEBUG"})
FLAGS = {
    "grant": "grants",
    "model": "models",
    "max_steps": "budget.steps",
    "max_seconds": "budget.seconds",
    "max_calls": "budget.calls",
    "max_tokens": "budget.tokens",
    "max_usd": "budget.usd",
}
"""Command-line names that differ from the setting's."""


@dataclass(frozen=True)
class Layer:
    """``values``: dotted key → value. ``text``: the file's words, to find a line in."""

    origin: str
    values: Mapping[str, Any]
    text: str = field(default="", repr=False)

    def where(self, key: str) -> str:
        """Where a key of this layer stands, for a person: file and line, variable, or option."""
        if self.origin == "environment":
            return f"environment variable {variable(key)}"
        if self.origin == "command line":
            return f"option --{flag(key)}"
        line = line_of(self.text, key)
        return f"{self.origin}, line {line}" if line else self.origin


def from_flags(flags: Mapping[str, Any]) -> Layer:
    """Options as given: nested or dotted, ``None`` and empty collections mean not given."""
    named = {FLAGS.get(key, key): value for key, value in flags.items()}
    return Layer("command line", {key: value for key, value in flat(named) if value is not None and value not in ((), [])})


def from_environment() -> tuple[Layer, list[str]]:
    """``NEPHOSCOPE_*`` variables (``__`` between table and key), and those among them that mean nothing."""
    source = EnvSettingsSource(Settings)
    try:
        values = dict(flat(source()))
    except SettingsError as error:
        raise UsageError(f"A NEPHOSCOPE_ variable cannot be read: {error}.", "correct or unset it") from None
    known = {variable(key) for key in known_keys()} | OTHER_VARIABLES
    tables = tuple(f"{variable(table)}__" for table in OPEN_TABLES)
    unknown = [name for name in os.environ if name.startswith("NEPHOSCOPE_") and name not in known and not name.startswith(tables)]
    return Layer("environment", {key: value for key, value in values.items() if is_known(key)}), sorted(unknown)


def from_file(path: Path, *, required: bool = False) -> Layer | None:
    """A TOML file; ``None`` when there is none. Raises ``UsageError`` with file, line and what to do."""
    text = ""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UsageError(f"{path} is no settings file: it is larger than {MAX_FILE_BYTES} bytes.", "move it away")
        text = path.read_bytes().decode("utf-8")
        table = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        if required:
            raise UsageError(f"There is no settings file {path}.", "create it, or unset NEPHOSCOPE_CONFIG") from None
        return None
    except OSError as error:
        raise UsageError(f"The settings file {path} cannot be read: {error.strerror}.", "make it a file you may read, or remove it") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        told = str(error).replace("at end of document", f"at line {len(text.splitlines())}, the last")
        raise UsageError(f"The settings file {path} is not TOML: {told}.", "correct that line, or move the file away") from None
    return Layer(str(path), dict(flat(table)), text)


def flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys of nested tables. An empty table has none."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse of :func:`flat`."""
    result: dict[str, Any] = {}
    for key, value in values.items():
        *tables, last = key.split(".")
        place = result
        for table in tables:
            place = place.setdefault(table, {})
        place[last] = value
    return result


def known_keys(model: type[BaseModel] = Settings, prefix: str = "") -> list[str]:
    """Every setting as a dotted key, in the order they are documented."""
    keys: list[str] = []
    for name, info in model.model_fields.items():
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            keys += known_keys(inner, f"{prefix}{name}.")
        else:
            keys.append(f"{prefix}{name}")
    return keys


def is_known(key: str) -> bool:
    """Whether there is such a setting."""
    table, _, rest = key.partition(".")
    return (table in OPEN_TABLES and bool(rest)) or (key in known_keys() and key not in OPEN_TABLES)


def nearest(key: str) -> str:
    """Words that lead from a misspelt key to the right one."""
    near = difflib.get_close_matches(key, known_keys(), n=1)
    return f"did you mean {near[0]}?" if near else "nephoscope settings lists all there are"


def line_of(text: str, key: str) -> int:
    """The line a dotted key stands on, best effort; 0 when it is not found."""
    *tables, last = key.split(".")
    current: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line)
        if header:
            current = [part.strip(" \"'") for part in header[1].split(".")]
        elif (match := re.match(r"\s*([\w.\"'-]+)\s*=", line)) and _names(current, match[1], tables, last):
            return number
    return 0


def _names(current: list[str], written: str, tables: list[str], last: str) -> bool:
    path = [*current, *(part.strip("\"'") for part in written.split("."))]
    return path in ([*tables, last], tables)  # the second: an inline table


def variable(key: str) -> str:
    """Name of the environment variable for a setting."""
    return f"NEPHOSCOPE_{key.replace('.', '__').upper()}"


def flag(key: str) -> str:
    """Name of the command-line option for a setting."""
    reverse = {setting: name for name, setting in FLAGS.items()}
    return reverse.get(key, key.removeprefix("scope.")).replace("_", "-")
