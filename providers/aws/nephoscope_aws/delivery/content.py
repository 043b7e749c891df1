"""The content filter language shared by event rules, event source mappings and subscriptions, in three values.

A partial event may hold :data:`UNKNOWN` where nobody can say what the value will be; the outcome is then ``None`` unless what is known decides.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from nephoscope_aws.iam.truth import Truth, all_of, any_of, negated


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()
"""A value, or everything below it, that is not known."""
_ABSENT: Final = object()
_Test = Callable[[object, object], Truth]


def matches(pattern: object, event: object) -> Truth:
    """Whether an event passes a pattern: every field of the pattern must match, ``$or`` one of its alternatives."""
    if not isinstance(pattern, Mapping):
        return None
    return all_of(_field(name, wanted, event) for name, wanted in pattern.items())


def _field(name: str, wanted: object, event: object) -> Truth:
    if name == "$or" and isinstance(wanted, Sequence) and not isinstance(wanted, str):
        return any_of(matches(alternative, event) for alternative in wanted)
    value = _member(event, name)
    if isinstance(wanted, Mapping):
        if isinstance(value, Sequence) and not isinstance(value, str):
            return any_of(matches(wanted, one) for one in value)
        return matches(wanted, {} if value is _ABSENT else value)
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        return any_of(_value(one, value) for one in wanted)
    return None


def _member(event: object, name: str) -> object:
    if event is UNKNOWN:
        return UNKNOWN
    return event.get(name, _ABSENT) if isinstance(event, Mapping) else _ABSENT


def _value(wanted: object, value: object) -> Truth:
    if isinstance(wanted, Mapping):
        return all_of(_operator(name, operand, value) for name, operand in wanted.items())
    return _each(value, wanted, _equal)


def _operator(name: str, operand: object, value: object) -> Truth:
    if name == "exists":
        return None if value is UNKNOWN else (value is not _ABSENT) == bool(operand)
    if name == "anything-but":
        return _anything_but(operand, value)
    test = _TESTS.get(name)
    return None if test is None else _each(value, operand, test)


def _each(value: object, operand: object, test: _Test) -> Truth:
    """An array of the event matches when one of its members does."""
    if value is UNKNOWN:
        return None
    if value is _ABSENT:
        return False
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any_of(_each(one, operand, test) for one in value)
    return test(value, operand)


def _anything_but(operand: object, value: object) -> Truth:
    if value is UNKNOWN:
        return None
    if value is _ABSENT:
        return False
    excluded = operand if isinstance(operand, list | tuple) else [operand]
    return negated(any_of(_value(one, value) for one in excluded))


def _equal(value: object, operand: object) -> Truth:
    if isinstance(value, bool) or isinstance(operand, bool):
        return value is operand
    return value == operand


def _affix(test: Callable[[str, str], bool]) -> _Test:
    def check(value: object, operand: object) -> Truth:
        if isinstance(operand, Mapping):
            folded = operand.get("equals-ignore-case")
            return isinstance(value, str) and isinstance(folded, str) and test(value.lower(), folded.lower())
        options = operand if isinstance(operand, list) else [operand]
        return isinstance(value, str) and any(isinstance(one, str) and test(value, one) for one in options)

    return check


def _fold(value: object, operand: object) -> Truth:
    options = operand if isinstance(operand, list) else [operand]
    return isinstance(value, str) and any(isinstance(one, str) and value.lower() == one.lower() for one in options)


def _wildcard(value: object, operand: object) -> Truth:
    options = operand if isinstance(operand, list) else [operand]
    return isinstance(value, str) and any(isinstance(one, str) and _glob(one).fullmatch(value) is not None for one in options)


def _glob(pattern: str) -> re.Pattern[str]:
    """Only ``*`` is special; a backslash makes it, or itself, literal."""
    pieces = re.findall(r"\\[*\\]|\*|[^*\\]+|\\", pattern)
    return re.compile("".join(".*" if one == "*" else re.escape(one[1:] if len(one) > 1 and one[0] == "\\" else one) for one in pieces), re.DOTALL)


_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "=": lambda left, right: left == right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def _numeric(value: object, operand: object) -> Truth:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isinstance(operand, list):
        return False
    pairs: Iterable[tuple[object, object]] = zip(operand[::2], operand[1::2], strict=False)
    return all(isinstance(bound, int | float) and str(sign) in _ORDER and _ORDER[str(sign)](value, bound) for sign, bound in pairs)


def _cidr(value: object, operand: object) -> Truth:
    try:
        return ipaddress.ip_address(str(value)) in ipaddress.ip_network(str(operand), strict=False)
    except ValueError:
        return False


_TESTS: Mapping[str, _Test] = {
    "prefix": _affix(str.startswith),
    "suffix": _affix(str.endswith),
    "equals-ignore-case": _fold,
    "wildcard": _wildcard,
    "numeric": _numeric,
    "cidr": _cidr,
}


def refusing(pattern: object, event: object, path: str = "") -> list[str]:
    """The fields of a pattern that an event surely fails, as dotted paths with what they ask for."""
    if not isinstance(pattern, Mapping):
        return []
    found: list[str] = []
    for name, wanted in pattern.items():
        if _field(name, wanted, event) is not False:
            continue
        where = f"{path}.{name}" if path else name
        value = _member(event, name)
        inner = refusing(wanted, {} if value is _ABSENT else value, where) if isinstance(wanted, Mapping) else []
        found += inner or [f"{where} must be {_told(wanted)}" + ("" if value is _ABSENT else f", it is {value!r}")]
    return found


def _told(wanted: object) -> str:
    options = wanted if isinstance(wanted, list) else [wanted]
    return " or ".join(str(one) if isinstance(one, Mapping) else repr(one) for one in options)
