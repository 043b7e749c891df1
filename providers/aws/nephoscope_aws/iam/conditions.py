"""Conditions of a statement against what is known of the circumstances, three-valued."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from nephoscope_aws.iam.documents import Condition
from nephoscope_aws.iam.patterns import Resolve, Wild, compile_pattern, glob, glob_arn, matches
from nephoscope_aws.iam.request import UNKNOWN, Context
from nephoscope_aws.iam.truth import Truth, all_of, any_of, negated

Compare = Callable[[str, str, "Resolve | None"], Truth]
_OPERATOR = re.compile(r"^(?:(?P<many>ForAnyValue|ForAllValues):)?(?P<base>[A-Za-z]+?)(?P<optional>IfExists)?$")


@dataclass(frozen=True, slots=True)
class Judged:
    """One condition's outcome. ``actual`` is ``None`` where the key is not known, ``()`` where it is known to be absent."""

    condition: Condition
    truth: Truth
    actual: tuple[str, ...] | None

    @property
    def sentence(self) -> str:
        """What the condition asks for, and what it met."""
        wanted = " or ".join(self.condition.values) or "nothing"
        met = "not known here" if self.actual is None else "absent" if not self.actual else f"“{', '.join(self.actual)}”"
        return f"{self.condition.key} must satisfy {self.condition.operator} {wanted}; it is {met}"


def judge(condition: Condition, context: Context, *, variables: bool) -> Judged:
    """Evaluate one condition. An operator that is not in the language leaves it unknown."""
    values = context.get(condition.key)
    actual = None if values == UNKNOWN else values or ()
    parsed = _OPERATOR.match(condition.operator)
    if parsed is None or actual is None:
        return Judged(condition, None, actual)
    if parsed["base"] == "Null":
        return Judged(condition, any_of(_null(wanted, actual) for wanted in condition.values), actual)
    compare, inverted = _comparison(parsed["base"])
    if compare is None:
        return Judged(condition, None, actual)
    if not actual:
        return Judged(condition, _when_absent(parsed["many"], bool(parsed["optional"]), inverted), actual)
    resolve = (lambda key: _lookup(context, key)) if variables else None
    hits = [any_of(compare(wanted, given, resolve) for wanted in condition.values) for given in actual]
    return Judged(condition, _together([negated(hit) for hit in hits] if inverted else hits, parsed["many"]), actual)


def _together(results: list[Truth], many: str | None) -> Truth:
    """Several values of one key count only under an operator that says how."""
    if many == "ForAllValues":
        return all_of(results)
    if many == "ForAnyValue" or len(results) == 1:
        return any_of(results)
    return None


def _when_absent(many: str | None, optional: bool, inverted: bool) -> Truth:
    if many == "ForAnyValue":
        return optional
    return optional or inverted or many == "ForAllValues"


def _null(wanted: str, actual: tuple[str, ...]) -> Truth:
    return {"true": not actual, "false": bool(actual)}.get(wanted.lower())


def _lookup(context: Context, key: str) -> str | bool | None:
    values = context.get(key)
    if values is None:
        return False
    return values[0] if values != UNKNOWN and len(values) == 1 else None


def resolver(context: Context) -> Resolve:
    """Values for policy variables out of the context."""
    return lambda key: _lookup(context, key)


def _comparison(base: str) -> tuple[Compare | None, bool]:
    if base in _COMPARISONS:
        return _COMPARISONS[base], False
    plain = base.replace("Not", "", 1)
    return (_COMPARISONS.get(plain), True) if plain != base else (None, False)


def _equal(wanted: str, given: str, resolve: Resolve | None) -> Truth:
    if "‹redacted:" in given:
        return None
    tokens = compile_pattern(wanted, resolve)
    literal = None if tokens is None else tuple(token.value if token in (Wild.ANY, Wild.ONE) else token for token in tokens)
    return matches(literal, tuple(given))


def _equal_folded(wanted: str, given: str, resolve: Resolve | None) -> Truth:
    return _equal(wanted.lower(), given.lower(), resolve)


def _like(wanted: str, given: str, resolve: Resolve | None) -> Truth:
    return None if "‹redacted:" in given else glob(wanted, given, resolve)


def _arn_like(wanted: str, given: str, resolve: Resolve | None) -> Truth:
    return None if "‹redacted:" in given else glob_arn(wanted, given, resolve)


def _boolean(wanted: str, given: str, _resolve: Resolve | None) -> Truth:
    known = {"true": True, "false": False}
    one, other = known.get(wanted.lower()), known.get(given.lower())
    return None if one is None or other is None else one == other


def _address(wanted: str, given: str, _resolve: Resolve | None) -> Truth:
    try:
        return ipaddress.ip_address(given) in ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return None


def _ordered(read: Callable[[str], float], test: Callable[[float, float], bool]) -> Compare:
    def compare(wanted: str, given: str, _resolve: Resolve | None) -> Truth:
        try:
            return test(read(given), read(wanted))
        except (ValueError, OverflowError):
            return None

    return compare


def _seconds(text: str) -> float:
    """Seconds since the epoch of an ISO 8601 time, or the number itself."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "Equals": lambda given, wanted: given == wanted,
    "LessThan": lambda given, wanted: given < wanted,
    "LessThanEquals": lambda given, wanted: given <= wanted,
    "GreaterThan": lambda given, wanted: given > wanted,
    "GreaterThanEquals": lambda given, wanted: given >= wanted,
}
_COMPARISONS: dict[str, Compare] = {
    "StringEquals": _equal,
    "StringEqualsIgnoreCase": _equal_folded,
    "StringLike": _like,
    "BinaryEquals": _equal,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": _boolean,
    "IpAddress": _address,
    **{f"Numeric{name}": _ordered(float, test) for name, test in _ORDERS.items()},
    **{f"Date{name}": _ordered(_seconds, test) for name, test in _ORDERS.items()},
}
