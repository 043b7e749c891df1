"""Options that cloud packs add: the fields of their ``Estate.options``, matched against what the shared options left over."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from nephoscope.interfaces import Estate
from nephoscope.interfaces.errors import UsageError

Fields = Mapping[str, Any]


def fields_of(estates: Mapping[str, Estate], cloud: str = "") -> dict[str, Any]:
    """Option name (``--some-name``) → pydantic field, for one cloud or for all that are installed."""
    chosen = [estate for name, estate in estates.items() if not cloud or name == cloud]
    return {f"--{name.replace('_', '-')}": (name, field) for estate in chosen for name, field in estate.options.model_fields.items()}


def split(words: Sequence[str], fields: Fields, *, known: Iterable[str] = (), leading: bool = False) -> tuple[list[str], dict[str, Any]]:
    """Words that are no options, and the packs' options. ``leading``: stop at the first word, so that a command keeps its own options.

    Raises ``UsageError`` for an option nobody has, and for one without its value. Something with blanks in it is a sentence, not an option.
    """
    rest = list(words)
    text: list[str] = []
    options: dict[str, Any] = {}
    while rest:
        word = rest.pop(0)
        if not word.startswith("-") or word == "-" or any(char.isspace() for char in word):
            text.append(word)
            if leading:
                break
        elif word == "--":
            break
        else:
            _take(word, rest, fields, options, known)
    return text + rest, options


def validated(options: Mapping[str, Any], estates: Mapping[str, Estate], cloud: str) -> dict[str, Any]:
    """The options as the cloud's pack understands them. Raises ``UsageError``."""
    estate = estates.get(cloud) if cloud else next(iter(estates.values()), None)
    if not options or estate is None or (not cloud and len(estates) > 1):
        return dict(options)
    try:
        model: BaseModel = estate.options.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = "-".join(str(part) for part in first["loc"]).replace("_", "-")
        raise UsageError(f"option --{name}: {first['msg']}.", f"see the options of {estate.cloud}: nephoscope plugins") from None
    return {name: value for name, value in model.model_dump(mode="json").items() if name in options}


def _take(word: str, rest: list[str], fields: Fields, options: dict[str, Any], known: Iterable[str]) -> None:
    flag, equals, value = word.partition("=")
    if flag not in fields:
        raise UsageError(f"There is no option {flag}.", _suggestion(flag, [*fields, *known]))
    name, field = fields[flag]
    if not equals:
        if field.annotation is bool:
            value = "true"
        elif not rest or rest[0].startswith("--"):
            raise UsageError(f"Option {flag} needs a value.", f"{flag} VALUE")
        else:
            value = rest.pop(0)
    if _is_list(field.annotation):
        options.setdefault(name, []).append(value)
    else:
        options[name] = value


def _is_list(annotation: object) -> bool:
    return any(word in str(annotation) for word in ("list[", "tuple[", "Sequence["))


def _suggestion(flag: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(flag, known, n=1)
    return f"did you mean {near[0]}?" if near else "see --help, and nephoscope plugins for the options of each cloud"
