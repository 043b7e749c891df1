"""A script may look for things; it may not ask letter by letter for what it is not shown."""

from __future__ import annotations

import string
from typing import Any

import pytest

from nephoscope.boundary.broker.searches import MOST_SEARCHES, Searches, searched


@pytest.mark.parametrize(
    ("params", "texts"),
    [
        ({"filterPattern": '"password=A"', "logGroupName": "g*"}, ['"password=A"']),
        ({"Filters": [{"Name": "tag:deploy", "Values": ["ghp_*", "exact"]}]}, ["ghp_*"]),
        ({"Filters": [{"Name": "instance-id", "Values": ["i-0123456789abcdef0"]}]}, []),
        ({"filterPattern": "2de879ba-198a-0ed0-5e41-6e7752c5fc3f"}, []),
        ({"filterPattern": ""}, []),
        ({"Filters": [{"Name": "tag:Name", "Values": ["*"]}]}, []),
        ({"SearchString": "a"}, ["a"]),
        ({"RoleName": "worker", "StartTime": "2026-11-28T00:00:00Z"}, []),
    ],
)
def test_what_counts_as_a_search(params: Any, texts: list[str]) -> None:
    assert list(searched(params)) == texts


def test_the_same_search_in_many_places_is_one() -> None:
    searches = Searches()
    assert not any(searches.too_many({"logGroupName": f"g{number}", "filterPattern": "ERROR"}) for number in range(500))
    assert not any(searches.too_many({"Filters": [{"Name": "tag:Name", "Values": [f"web-{number}"]}]}) for number in range(500))


def test_letter_by_letter_is_too_much() -> None:
    searches = Searches()
    told = [searches.too_many({"filterPattern": f'"password={letter}"'}) for letter in string.ascii_letters]
    assert told.index(True) == MOST_SEARCHES
    assert all(told[MOST_SEARCHES:])
