"""The content filter language, in three values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope_aws.delivery.content import UNKNOWN, matches, refusing

EVENT = {
    "source": "aws.s3",
    "detail-type": "Object Created",
    "resources": ["arn:aws:s3:::orders"],
    "detail": {"bucket": {"name": "orders"}, "object": {"key": "in/a.csv", "size": 12}, "source-ip": "10.1.2.3", "note": None, "flag": True},
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["aws.s3"]}, True),
        ({"source": ["aws.S3"]}, False),
        ({"source": ["aws.s3"], "detail-type": ["Object Deleted"]}, False),
        ({"resources": ["arn:aws:s3:::orders", "x"]}, True),
        ({"detail": {"bucket": {"name": ["orders"]}}}, True),
        ({"detail": {"object": {"key": [{"prefix": "in/"}]}}}, True),
        ({"detail": {"object": {"key": [{"suffix": ".CSV"}]}}}, False),
        ({"detail": {"object": {"key": [{"suffix": {"equals-ignore-case": ".CSV"}}]}}}, True),
        ({"detail": {"object": {"key": [{"wildcard": "in/*.csv"}]}}}, True),
        ({"detail": {"object": {"key": [{"wildcard": "out/*"}]}}}, False),
        ({"detail": {"object": {"size": [{"numeric": [">", 10, "<=", 12]}]}}}, True),
        ({"detail": {"object": {"size": [{"numeric": ["<", 12]}]}}}, False),
        ({"detail": {"object": {"key": [{"anything-but": ["x", "y"]}]}}}, True),
        ({"detail": {"object": {"key": [{"anything-but": {"prefix": "in/"}}]}}}, False),
        ({"detail": {"missing": [{"exists": False}]}}, True),
        ({"detail": {"missing": [{"exists": True}]}}, False),
        ({"detail": {"missing": ["x"]}}, False),
        ({"detail": {"source-ip": [{"cidr": "10.0.0.0/8"}]}}, True),
        ({"detail": {"note": [None]}}, True),
        ({"detail": {"flag": [True]}}, True),
        ({"detail": {"flag": [1]}}, False),
        ({"$or": [{"source": ["x"]}, {"detail-type": ["Object Created"]}]}, True),
        ({"source": [{"equals-ignore-case": "AWS.s3"}]}, True),
        ({"source": [{"brand-new-operator": 1}]}, None),
        ({}, True),
        ("text", None),
    ],
)
def test_patterns(pattern, expected):
    assert matches(pattern, EVENT) is expected


VALUES = st.one_of(st.text(max_size=4), st.integers(-5, 5), st.booleans(), st.none())
EVENTS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)
TESTS = st.one_of(
    VALUES,
    st.builds(lambda value: {"prefix": value}, st.text(max_size=2)),
    st.builds(lambda value: {"exists": value}, st.booleans()),
    st.builds(lambda value: {"anything-but": [value]}, VALUES),
    st.builds(lambda value: {"numeric": [">", value]}, st.integers(-5, 5)),
)
PATTERNS = st.dictionaries(st.sampled_from("abc"), st.lists(TESTS, min_size=1, max_size=3), max_size=3)


@given(PATTERNS, EVENTS, st.sampled_from("abc"))
def test_what_is_decided_without_a_value_stays_decided_with_it(pattern, event, hidden):
    if hidden in event:
        veiled = matches(pattern, {**event, hidden: UNKNOWN})
        assert veiled is None or veiled is matches(pattern, event)


@given(PATTERNS, EVENTS)
def test_a_whole_event_is_always_decided_and_a_refusal_explained(pattern, event):
    outcome = matches(pattern, event)
    assert outcome is not None
    assert bool(refusing(pattern, event)) is not outcome


def test_a_refusal_names_the_field():
    assert refusing({"detail": {"bucket": {"name": ["order"]}}}, EVENT) == ["detail.bucket.name must be 'order', it is 'orders'"]
