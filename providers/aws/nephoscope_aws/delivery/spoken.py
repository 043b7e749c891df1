"""Whether words tell of the very events a pattern asks for.

Words can vouch for a pattern, and never refute one: people leave most of an event unsaid. So the outcome is true or not known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from nephoscope_aws.delivery import content
from nephoscope_aws.iam.truth import Truth, all_of, any_of

_CLOUDS_OWN = "aws."
_WORD = re.compile(r"[A-Za-z0-9]+")
_DOTTED = re.compile(r"(?<![\w./-])[A-Za-z][\w-]*(?:\.[A-Za-z][\w-]*)+(?![\w-])")
_AFFIRMING = frozenset({"prefix", "suffix", "wildcard", "equals-ignore-case"})


def sources(text: str) -> list[str]:
    """Names of event sources in a text, such as ``shop.orders``."""
    return _DOTTED.findall(text)


def tells(pattern: object, text: str, *, account: str, region: str) -> Truth:
    """True when every field of the pattern asks for something the text names, or for where we are; else not known."""
    if not isinstance(pattern, Mapping):
        return None
    here = {"account": account, "region": region}
    return all_of(_field(name, wanted, text, here, (name,)) for name, wanted in pattern.items())


def _field(name: str, wanted: object, text: str, here: Mapping[str, str], path: tuple[str, ...]) -> Truth:
    if name == "$or" and isinstance(wanted, Sequence) and not isinstance(wanted, str):
        return any_of(_all(one, text, here, path[:-1]) for one in wanted)
    if isinstance(wanted, Mapping):
        return _all(wanted, text, here, path)
    options = wanted if isinstance(wanted, Sequence) and not isinstance(wanted, str) else ()
    if len(path) == 1 and name in here:
        return True if here[name] and content.matches({name: wanted}, {name: here[name]}) else None
    return True if any(_option(one, text, source=path == ("source",)) for one in options) else None


def _all(wanted: object, text: str, here: Mapping[str, str], path: tuple[str, ...]) -> Truth:
    if not isinstance(wanted, Mapping):
        return None
    return all_of(_field(name, one, text, here, (*path, name)) for name, one in wanted.items())


def _option(option: object, text: str, *, source: bool) -> bool:
    """One of the values that a field may have. What is only excluded is vouched for by nothing."""
    if isinstance(option, str):
        return _named(option, text) or (source and option.startswith(_CLOUDS_OWN) and _service(option) in _words(text))
    if source and isinstance(option, Mapping) and set(option) <= _AFFIRMING:
        return bool(content.matches({"source": [option]}, {"source": sources(text)}))
    return False


def _named(value: str, text: str) -> bool:
    return bool(value.strip()) and re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", text) is not None


def _service(source: str) -> str:
    return source.removeprefix(_CLOUDS_OWN).lower()


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}
