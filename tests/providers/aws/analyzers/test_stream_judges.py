"""Streams and what reads them, on hand-made facts: each fault beside what is nearly the same, but healthy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from test_settings_judges import ACCOUNT, REGION, told

from nephoscope_aws.analyzers.setting.mappings import _headed

CLICKS = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/clicks"
RULES = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/rules"
NEW, OLD = f"{RULES}/stream/2026-02-02T00:00:00.000", f"{RULES}/stream/2026-01-01T00:00:00.000"
REFUSED = {"metrics__write_throttles": [{"Sum": 40.0}], "metrics__read_throttles": [], "shards": 1, "mode": "PROVISIONED"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"kinesis.throttled"}),
        ({"metrics__write_throttles": [{"Sum": 0.0}]}, set()),
        ({"mode": "ON_DEMAND"}, set()),  # there are no shards to be had more of
    ],
)
def test_a_stream_has_too_few_shards(changes: Mapping[str, Any], expected: set[str]) -> None:
    assert told("kinesis:stream", "clicks", "producers of stream clicks get throttled", {**REFUSED, **changes}) == expected


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ([OLD], {"lambda.mapping-reads-old-stream"}),
        ([NEW], set()),
        ([OLD, NEW], set()),  # what is left over reads what was written before
    ],
)
def test_a_function_reads_the_stream_that_its_table_no_longer_writes(sources: list[str], expected: set[str]) -> None:
    names = [f"m-{number}" for number, _ in enumerate(sources)]
    others = {("lambda:event-source-mapping", name): {"source": source, "filters": None} for name, source in zip(names, sources, strict=True)}
    table = {"exists": True, "stream__arn": NEW, "stream": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}}
    others[("dynamodb:table", "rules")] = table
    assert told("lambda:function", "enrich", "function enrich does not get the changes any more", {"mappings": names}, others) == expected


@pytest.mark.parametrize(
    ("pattern", "service", "right"),
    [
        ({"body": {"event": ["buy"]}}, "kinesis", {"data": {"event": ["buy"]}}),
        ({"data": {"event": ["buy"]}}, "sqs", {"body": {"event": ["buy"]}}),
        ({"event": ["buy"]}, "kinesis", {"data": {"event": ["buy"]}}),
        ({"event": ["buy"], "body": {"a": [1]}}, "kinesis", {"data": {"event": ["buy"], "body": {"a": [1]}}}),
        ({"event": ["buy"], "partitionKey": ["1"]}, "kinesis", None),  # a part of it is held against the record
        ({"body": {"event": ["buy"]}}, "dynamodb", None),  # its records write everything with its type
    ],
)
def test_a_pattern_is_put_where_the_senders_words_stand(pattern: dict[str, Any], service: str, right: dict[str, Any] | None) -> None:
    strange = sorted(pattern.keys() - {"partitionKey"})
    assert json.dumps(_headed(pattern, strange, service)) == json.dumps(right)
