"""What a model means by a path, a fact's id or a value that it wrote in its own way. Guesses are tried on the record, which decides."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from nephoscope.interfaces import View
from nephoscope.knowledge.claims import PART, look
from nephoscope.models import Fact, JsonValue, Predicate
from nephoscope_planner_llm.said import PredicateSaid

JMESPATH = "in JMESPath a text is 'in single quotes', a number, true or false `in backquotes`"
_DOUBLE = re.compile(r"""([=!<>]=?|\()\s*"((?:[^"\\]|\\.)*)\"""")
_BARE = re.compile(r"([=!<>]=)\s*(true|false|null|-?\d+(?:\.\d+)?)(?=[\s\])&|]|$)")
_MEMBER = re.compile(r"[A-Za-z_]\w*")


def fact_meant(said: str, view: View) -> str:
    """The id of a fact as it is recorded, where the words are one with another beginning, or one with the path into it."""
    text = said.strip().strip("`'\"[]")
    for one in (said, text, f"f:{text}", text.partition(PART)[0], text.partition(" ")[0]):
        if view.by_id(one) is not None:
            return one
    return said


def path_meant(said: str, fact: Fact | None) -> str:
    """The path as a JMESPath that finds something, where one of the usual ways to write it does; else as it was said."""
    path = said.strip()
    if fact is None or not path:
        return path
    for one in _spellings(path, fact):
        try:
            if look(fact.value, one) not in (None, []):
                return one
        except ValueError:
            continue
    return path


def _spellings(path: str, fact: Fact) -> Iterator[str]:
    """The path itself, then literals in double quotes, JSONPath, pointers, and the fact's own name before it."""
    yield path
    quoted = _BARE.sub(r"\1`\2`", _DOUBLE.sub(lambda match: f"{match[1]}'{match[2]}'", path))
    yield quoted
    for one in (path, quoted):
        rooted = re.sub(r"^\$\.?", "", one).replace("?(@.", "?").replace(")]", "]")
        yield rooted
        for name in ("document", "value", "sample", fact.attribute):
            if rooted == name:
                yield ""
            elif rooted.startswith((f"{name}.", f"{name}[")):
                yield rooted.removeprefix(name).removeprefix(".")
    if path.startswith("/"):
        yield ".".join(f"[{part}]" if part.isdigit() else _quoted(part) for part in path[1:].split("/")).replace(".[", "[")


def _quoted(member: str) -> str:
    return member if _MEMBER.fullmatch(member) else json.dumps(member)


def predicate_meant(said: PredicateSaid, view: View) -> Predicate:
    """The condition with fact, path and value as the record has them."""
    name = fact_meant(said.fact, view)
    fact = view.by_id(name)
    path = path_meant(said.path, fact)
    other = fact_meant(said.other, view) if said.other else None
    return Predicate(fact=name, path=path, is_=said.is_, value=_value(said.value, fact, path), other=other)


def _value(said: JsonValue, fact: Fact | None, path: str) -> JsonValue:
    """``"false"`` is false where the record has a truth, ``"0"`` is 0 where it has a number, and the other way round."""
    if fact is None or isinstance(said, dict | list) or said is None:
        return said
    try:
        found = look(fact.value, path)
    except ValueError:
        return said
    if isinstance(said, str) and isinstance(found, bool | int | float):
        try:
            meant: JsonValue = json.loads(said.strip().lower())
        except ValueError:
            return said
        return meant if isinstance(meant, bool) == isinstance(found, bool) and isinstance(meant, bool | int | float) else said
    return str(said) if isinstance(found, str) and isinstance(said, int | float) and not isinstance(said, bool) else said
