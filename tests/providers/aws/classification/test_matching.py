"""What rules may ask of parameters: rather refused than misread."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope_aws.classification.matching import fits, single_select


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        " select a, b from t where c = 'x'\n",
        'SELECT * FROM "orders"."by-day" WHERE pk=\'a\' AND sk BETWEEN 1 AND 2',
        "SELECT count(*) FROM t GROUP BY a",
    ],
)
def test_one_select_is_a_read(text: str) -> None:
    assert single_select(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "SELECT", "SELECTED", "DELETE FROM t", "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", "SELECT 1; DROP TABLE t", "SELECT 1;",
        "SELECT * INTO s FROM t", "select * from t -- x", "select /* */ 1", "EXPLAIN SELECT 1", "INSERT INTO t SELECT 1",
        "CREATE TABLE x AS SELECT 1",
        "UNLOAD (SELECT 1) TO 's3://b'", "EXECUTE q", "SELECT\u00a0*\u00a0FROM t; delete from t",
        "USING EXTERNAL FUNCTION f() RETURNS INT LAMBDA 'x' SELECT f()",
        "SELECT f() FROM (MERGE INTO t)", "select 'update' from t", None, 7, ["SELECT 1"], b"SELECT 1",
    ],
)  # fmt: skip
def test_anything_else_is_not(text: Any) -> None:
    assert not single_select(text)


@given(st.text(), st.sampled_from(["insert", "Update", "DELETE", "drop", "into", "call", ";", "--", "/*"]), st.text())
def test_no_text_around_a_writing_word_makes_it_a_read(before: str, word: str, after: str) -> None:
    assert not single_select(f"SELECT {before} {word} {after}")


@pytest.mark.parametrize("value", [True, 1, "true", "True", None, [True], 1.0])
def test_equality_is_of_type_and_value(value: Any) -> None:
    assert fits({"param": "p", "equals": True}, {"p": value}) is (value is True)


@pytest.mark.parametrize(
    ("value", "few"), [(1, True), (100, True), (101, False), (0, False), (-1, False), ("5", False), (None, False), (True, False)]
)
def test_a_limit_is_a_number_that_limits(value: Any, few: bool) -> None:
    assert fits({"param": "Limit", "at_most": 100}, {"Limit": value}) is few


@pytest.mark.parametrize(
    ("start", "end", "wide"),
    [
        ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", False),
        ("2026-11-01T00:00:00Z", "2026-11-03T00:00:01Z", True),
        (1_700_000_000, 1_700_000_060, False),
        (1_700_000_000_000, 1_700_000_060_000, False),
        (1_700_000_000_000, None, True),
        (None, None, True),
        (True, True, True),
        ("yesterday", "today", True),
        (10**30, 0, True),
        ("2026-11-03T00:00:01Z", "2026-11-01T00:00:00Z", True),
    ],
)
def test_a_window_that_cannot_be_told_is_too_wide(start: Any, end: Any, wide: bool) -> None:
    assert fits({"param": "from", "until": "to", "wider_than": 48}, {"from": start, "to": end}) is wide
