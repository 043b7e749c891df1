"""Which object events a notification covers, and which keys."""

from __future__ import annotations

from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope_aws.delivery.s3_events import KeyFilter, covers, uncovered

KEYS = st.text(alphabet="abcAB/._- +%üé", min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("configured", "event", "expected"),
    [
        ("s3:ObjectCreated:*", "s3:ObjectCreated:CompleteMultipartUpload", True),
        ("s3:ObjectCreated:Put", "s3:ObjectCreated:CompleteMultipartUpload", False),
        ("s3:ObjectCreated:Put", "s3:ObjectCreated:Put", True),
        ("ObjectCreated:*", "s3:ObjectCreated:Copy", True),
        ("s3:ObjectRemoved:*", "s3:ObjectCreated:Put", False),
        ("s3:ObjectCreated", "s3:ObjectCreated:Put", False),
    ],
)
def test_event_types(configured, event, expected):
    assert covers(configured, event) is expected


def test_uncovered_names_what_is_left():
    assert uncovered(["s3:ObjectCreated:Put"], ["s3:ObjectCreated:Put", "s3:ObjectCreated:Copy"]) == ("s3:ObjectCreated:Copy",)


@given(KEYS, KEYS, KEYS)
def test_a_key_made_of_prefix_and_suffix_passes(prefix, middle, suffix):
    assert KeyFilter(prefix, suffix).matches(prefix + middle + suffix)


@given(KEYS, KEYS)
def test_an_encoded_filter_takes_the_plain_key(prefix, rest):
    assert KeyFilter(quote_plus(prefix)).matches(prefix + rest)


@given(KEYS, KEYS, KEYS)
def test_what_is_ruled_out_for_a_prefix_is_ruled_out_for_each_key_under_it(filtered, prefix, rest):
    one = KeyFilter(filtered)
    compatible = one.compatible(prefix, "")
    if compatible is not None:
        assert one.matches(prefix + rest) is compatible


def test_a_filter_is_read_whatever_the_case_of_its_names():
    entry = {"Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".csv"}]}}}
    assert KeyFilter.of(entry) == KeyFilter("in/", ".csv")
    assert KeyFilter.of({}).empty


@pytest.mark.parametrize("broken", [{"Filter": None}, {"Filter": {"Key": []}}, {"Filter": {"Key": {"FilterRules": "x"}}}])
def test_a_broken_filter_is_no_filter(broken):
    assert KeyFilter.of(broken).empty


def test_the_miss_is_told():
    assert KeyFilter("In/").miss("in/a") == "differs from the prefix “In/” in case only"
    assert KeyFilter("", ".csv").miss("a.CSV") == "differs from the suffix “.csv” in case only"
    assert KeyFilter("in/", ".csv").miss("out/a.csv") == "does not start with “in/”"
    assert KeyFilter("in/*").literal_wildcard
