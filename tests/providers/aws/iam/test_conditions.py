"""Every operator people use: met, unmet, absent, unknown."""

from __future__ import annotations

import pytest

from nephoscope_aws.iam.conditions import judge
from nephoscope_aws.iam.documents import Condition
from nephoscope_aws.iam.request import Context

ABSENT, UNKNOWN = (), None


def truth(operator, values, given, variables=True):
    context = Context({"k": given} if given else {}, frozenset({"k"}) if given == ABSENT else frozenset())
    return judge(Condition(operator, "K", tuple(values)), context, variables=variables).truth


@pytest.mark.parametrize(
    ("operator", "values", "given", "expected"),
    [
        ("StringEquals", ["a", "b"], ("b",), True),
        ("StringEquals", ["a"], ("b",), False),
        ("StringEquals", ["a*"], ("ab",), False),
        ("StringEquals", ["a"], ABSENT, False),
        ("StringEquals", ["a"], UNKNOWN, None),
        ("StringEqualsIfExists", ["a"], ABSENT, True),
        ("StringNotEquals", ["a", "b"], ("b",), False),
        ("StringNotEquals", ["a", "b"], ("c",), True),
        ("StringNotEquals", ["a"], ABSENT, True),
        ("StringEqualsIgnoreCase", ["AbC"], ("aBc",), True),
        ("StringNotEqualsIgnoreCase", ["AbC"], ("aBc",), False),
        ("StringLike", ["a*c", "?"], ("abc",), True),
        ("StringNotLike", ["a*"], ("b",), True),
        ("ArnLike", ["arn:aws:s3:::*"], ("arn:aws:s3:::b",), True),
        ("ArnLike", ["arn:aws:iam::*:role/x"], ("arn:aws:iam::1:user:role/x",), False),
        ("ArnEquals", ["arn:aws:iam::*:role/x"], ("arn:aws:iam::1:role/x",), True),
        ("ArnNotLike", ["arn:aws:iam::*:role/x"], ("arn:aws:iam::1:role/x",), False),
        ("NumericLessThan", ["10"], ("9",), True),
        ("NumericLessThanEquals", ["10"], ("11",), False),
        ("NumericNotEquals", ["10"], ("11",), True),
        ("NumericGreaterThan", ["ten"], ("11",), None),
        ("DateGreaterThan", ["2026-01-01T00:00:00Z"], ("2026-11-22T10:00:00Z",), True),
        ("DateLessThan", ["2026-01-01"], ("2026-11-22T10:00:00Z",), False),
        ("Bool", ["true"], ("false",), False),
        ("Bool", ["true"], ABSENT, False),
        ("BoolIfExists", ["false"], ABSENT, True),
        ("IpAddress", ["10.0.0.0/8"], ("10.2.3.4",), True),
        ("NotIpAddress", ["10.0.0.0/8"], ("10.2.3.4",), False),
        ("IpAddress", ["2001:db8::/32"], ("10.2.3.4",), False),
        ("IpAddress", ["everywhere"], ("10.2.3.4",), None),
        ("Null", ["true"], ABSENT, True),
        ("Null", ["true"], ("x",), False),
        ("Null", ["false"], UNKNOWN, None),
        ("ForAllValues:StringEquals", ["a", "b"], ("a", "b"), True),
        ("ForAllValues:StringEquals", ["a"], ("a", "b"), False),
        ("ForAllValues:StringEquals", ["a"], ABSENT, True),
        ("ForAnyValue:StringEquals", ["a"], ("a", "b"), True),
        ("ForAnyValue:StringLike", ["z*"], ("a", "b"), False),
        ("ForAnyValue:StringNotEquals", ["a"], ABSENT, False),
        ("StringEquals", ["a"], ("a", "b"), None),
        ("StringResembles", ["a"], ("a",), None),
        ("StringEquals", ["‹redacted:string:4:ab›"], ("a",), None),
        ("StringEquals", ["${K}"], ("a",), True),
    ],
)
def test_operators(operator, values, given, expected):
    assert truth(operator, values, given) is expected


def test_a_null_operator_needs_no_value_to_say_present():
    assert truth("Null", ["false"], ("x",)) is True
