"""Settings as they are to be put again, for fixes: taken from what was read, with the one at fault written otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jmespath
import jmespath.functions

from nephoscope.interfaces import FactView
from nephoscope.knowledge.playbooks import tell
from nephoscope.models import JsonValue, ResourceRef
from nephoscope_aws.analyzers.delivering.mending import sendable
from nephoscope_aws.analyzers.setting.rules import Putting, Rule


def puttings(rule: Rule, view: FactView, subject: ResourceRef, details: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """What a rule's fix puts, by name. Nothing is asked on its behalf: it serves the fix, not the verdict."""
    made = {name: _made(putting, view, subject, details) for name, putting in rule.puts.items()}
    return {name: value for name, value in made.items() if value is not None}


def _made(putting: Putting, view: FactView, subject: ResourceRef, details: Mapping[str, JsonValue]) -> JsonValue:
    fact = view.fact(subject, putting.attribute)
    if fact is None or fact.known_absent or not _spoken(putting, view):
        return None
    swaps = [(str(tell(old, details)), str(tell(new, details))) for old, new in putting.swap.items()]
    if not all(old and new and "{" not in old + new for old, new in swaps):
        return None
    value = jmespath.search(putting.path, fact.value, options=_OPTIONS) if putting.path else fact.value
    for old, new in swaps:
        swapped = _swapped(value, old, new)
        if swapped == value:
            return None
        value = swapped
    return sendable(value)


def _spoken(putting: Putting, view: FactView) -> bool:
    """Whether the problem's words ask for this one, where that is a condition."""
    return not putting.words or putting.concerns(frozenset((view.problem.symptom, *view.problem.symptoms)), view.problem.text)


def _swapped(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: _swapped(member, old, new) for key, member in value.items()}
    if isinstance(value, list):
        return [_swapped(member, old, new) for member in value]
    return value.replace(old, new) if isinstance(value, str) else value


class _Functions(jmespath.functions.Functions):  # type: ignore[misc]
    """What settings need besides JMESPath's own functions."""

    @jmespath.functions.signature({"types": ["object"]}, {"types": ["array"]})  # type: ignore[untyped-decorator]
    def _func_only(self, value: dict[str, Any], names: list[str]) -> dict[str, Any]:
        """Some members of an object."""
        return {key: member for key, member in value.items() if key in names and member is not None}

    @jmespath.functions.signature({"types": ["object"]}, {"types": ["array"]})  # type: ignore[untyped-decorator]
    def _func_without(self, value: dict[str, Any], names: list[str]) -> dict[str, Any]:
        """An object less some members."""
        return {key: member for key, member in value.items() if key not in names}

    @jmespath.functions.signature({"types": ["string"]}, {"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_last(self, text: str, mark: str) -> str:
        """The part after the last mark."""
        return text.rpartition(mark)[2]


_OPTIONS = jmespath.Options(custom_functions=_Functions())
