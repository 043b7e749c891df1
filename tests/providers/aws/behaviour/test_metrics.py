"""Names of metrics: what services report, and what is a slip of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope_aws.behaviour.metrics import is_documented, nearly, nearly_of_service, reported

NAMES = sorted({name for one in reported().values() for name in one.metrics})


@pytest.mark.parametrize(
    ("namespace", "metric", "dimensions", "is_so"),
    [
        ("AWS/SQS", "NumberOfMessagesSent", ["QueueName"], True),
        ("AWS/SQS", "NumberOfMessageSent", ["QueueName"], False),
        ("AWS/SQS", "NumberOfMessagesSent", ["Queue"], False),
        ("AWS/sqs", "NumberOfMessagesSent", ["QueueName"], False),
        ("AWS/EC2", "CPUUtilization", [], True),
        ("Shop", "Orders", [], False),
    ],
)
def test_what_is_documented(namespace: str, metric: str, dimensions: list[str], is_so: bool) -> None:
    assert is_documented(namespace, metric, dimensions) is is_so


@pytest.mark.parametrize(
    ("namespace", "written", "meant"),
    [
        ("AWS/EC2", "CpuUtilization", "CPUUtilization"),
        ("AWS/EC2", "CPU_Utilization", "CPUUtilization"),
        ("AWS/Lambda", "Error", "Errors"),
        ("AWS/RDS", "FreeStorageSpaces", "FreeStorageSpace"),
        ("AWS/ApplicationELB", "HTTPCode_Target_5xx_Count", "HTTPCode_Target_5XX_Count"),
        ("AWS/ApplicationELB", "HTTPCode_ELB_501_Count", None),
        ("AWS/RDS", "FreeMemory", None),
        ("AWS/Lambda", "ColdStarts", None),
        ("AWS/SQS", "ApproximateAgeOfOldestMessage", None),
    ],
)
def test_a_slip_is_known_and_another_name_is_none(namespace: str, written: str, meant: str | None) -> None:
    assert nearly(written, reported()[namespace].metrics) == meant


@given(st.sampled_from(NAMES), st.data())
def test_another_number_is_never_a_slip(name: str, data: st.DataObject) -> None:
    digits = [index for index, letter in enumerate(name) if letter.isdigit()]
    if digits:
        at = data.draw(st.sampled_from(digits))
        other = name[:at] + str((int(name[at]) + data.draw(st.integers(1, 9))) % 10) + name[at + 1 :]
        assert nearly(other, [name]) is None
    assert nearly(name, [name]) is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("aws/sqs", "AWS/SQS"),
        ("AWS/Sqs", "AWS/SQS"),
        ("AWS/Lamda", "AWS/Lambda"),
        ("AWS/EKS", None),
        ("AWS/SQS", None),
        ("Shop/SQS", None),
        ("SQS", None),
    ],
)
def test_a_slip_in_a_namespace(written: str, meant: str | None) -> None:
    assert nearly_of_service(written) == meant


@pytest.mark.parametrize("namespace", sorted(reported()))
def test_no_service_is_a_slip_of_another(namespace: str) -> None:
    one = reported()[namespace]
    assert one.metrics
    assert one.dimensions
    assert nearly(namespace.removeprefix("AWS/"), [other.removeprefix("AWS/") for other in reported() if other != namespace]) is None
