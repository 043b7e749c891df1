"""What calls cost: estimated before, metered after, unknown where nobody can know."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from nephoscope.models import Call, WireReply
from nephoscope_aws.wire import AwsWire

Make = Callable[..., Call]
GIGABYTE = 1_000_000_000


def answered(document: Any, status: int = 200) -> WireReply:
    return WireReply(status=status, headers=(("content-type", "application/x-amz-json-1.1"),), body=json.dumps(document).encode())


@pytest.mark.parametrize(
    ("name", "params", "usd"),
    [
        ("s3:ListObjectsV2", {"Bucket": "b"}, 0.000005),
        ("s3:GetBucketPolicy", {"Bucket": "b"}, 0.0000004),
        ("cloudwatch:GetMetricData", {"MetricDataQueries": [{}, {}, {}]}, 0.00003),
        ("cloudwatch:GetMetricStatistics", {}, 0.00001),
        ("ce:GetCostAndUsage", {}, 0.01),
        ("ce:GetReservationUtilization", {}, 0.01),
        ("logs:FilterLogEvents", {}, 0.0),
        ("ec2:DescribeVpcs", {}, 0.0),
        ("logs:StartQuery", {}, None),
        ("athena:StartQueryExecution", {}, None),
        ("dynamodb:Scan", {}, None),
        ("nothing:Known", {}, None),
    ],
)
def test_before_it_is_sent(wire: AwsWire, call: Make, name: str, params: dict[str, Any], usd: float | None) -> None:
    price = wire.price(call(name, params), None)
    assert price.usd == (None if usd is None else pytest.approx(usd))
    assert "2026-11" in price.source


def test_what_a_query_read_is_charged_once_it_has_ended(wire: AwsWire, call: Make) -> None:
    asked = call("logs:GetQueryResults", {"queryId": "q"})
    running = {"status": "Running", "statistics": {"bytesScanned": 50.0 * GIGABYTE}, "results": []}
    assert wire.price(asked, answered(running)).usd == 0.0
    assert wire.price(asked, answered({**running, "status": "Complete"})).usd == pytest.approx(0.25)
    athena = call("athena:GetQueryExecution", {"QueryExecutionId": "q"})
    done = {"QueryExecution": {"Status": {"State": "SUCCEEDED"}, "Statistics": {"DataScannedInBytes": 1000 * GIGABYTE}}}
    assert wire.price(athena, answered(done)).usd == pytest.approx(5.0)


def test_more_series_than_were_asked_for_are_paid(wire: AwsWire, call: Make) -> None:
    asked = call("cloudwatch:GetMetricData", {"MetricDataQueries": [{"Id": "s", "Expression": "SEARCH('x', 'Sum', 300)"}]})
    reply = answered({"MetricDataResults": [{"Id": f"s{number}"} for number in range(40)]})
    assert wire.price(asked, reply).usd == pytest.approx(0.0004)


def test_a_refused_request_costs_nothing(wire: AwsWire, call: Make) -> None:
    assert wire.price(call("ce:GetCostAndUsage"), answered({"__type": "AccessDeniedException"}, 400)).usd == 0.0
