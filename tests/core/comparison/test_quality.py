"""How well a script is written is read from its text, and the same is asked of all."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nephoscope.comparison.quality import quality

PAGED = """
import boto3
from botocore.exceptions import ClientError

def queues(client):
    try:
        for page in client.get_paginator("list_queues").paginate():
            for url in page["QueueUrls"]:
                if "orders" in url and url.startswith("https"):
                    print(url)
    except ClientError as error:
        print(error)

queues(boto3.client("sqs"))
"""


def test_a_careful_script() -> None:
    found = quality(PAGED)
    assert (found.parses, found.lists, found.pages, found.handles) == (True, True, True, True)
    assert found.complexity == 6, "one, two loops, a condition of two parts, a handler"


@pytest.mark.parametrize(
    ("source", "lists", "pages", "handles"),
    [
        ("print(client.list_queues()['QueueUrls'])", True, False, False),
        ("r = c.scan(TableName='t')\nwhile r.get('LastEvaluatedKey'):\n    r = c.scan(TableName='t', ExclusiveStartKey=1)", True, True, False),
        ("client.get_role(RoleName='r')", False, False, False),
        ("try:\n    c.get_item()\nexcept Exception:\n    pass", False, False, False),
        ("try:\n    c.get_item()\nexcept:\n    print(1)", False, False, False),
        ("try:\n    c.get_item()\nexcept ValueError:\n    pass", False, False, True),
    ],
)
def test_habits(source: str, lists: bool, pages: bool, handles: bool) -> None:
    found = quality(source)
    assert (found.lists, found.pages, found.handles) == (lists, pages, handles)


@given(st.text(max_size=200))
@settings(max_examples=60, deadline=None)
def test_whatever_is_written_is_looked_at(source: str) -> None:
    assert quality(source).complexity >= 0


def test_what_is_no_python_has_no_quality() -> None:
    assert not quality("for x in").parses
