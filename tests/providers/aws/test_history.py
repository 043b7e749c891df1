"""Changes as the audit trail tells them."""

from __future__ import annotations

from typing import Any

import pytest

from nephoscope.interfaces.cloud import Historian
from nephoscope.models import Call, Identity, Reply, ResourceRef
from nephoscope_aws.estate import AwsEstate

WHO = Identity(cloud="aws", account="123456789012", principal="arn:aws:iam::123456789012:role/reader", regions=("eu-west-1",))


FEED = "arn:aws:lambda:eu-west-1:123456789012:function:feed"
APP = "arn:aws:iam::123456789012:role/path/app"
B = [{"ResourceName": "b"}]
ODD = {"EventTime": "t", "EventName": "A", "Resources": ["x"], "CloudTrailEvent": "{"}


def ref(native_type: str, native_id: str, name: str, region: str = "eu-west-1") -> ResourceRef:
    return ResourceRef(cloud="aws", kind="x", native_type=native_type, native_id=native_id, account=WHO.account, region=region, name=name)


def answered(*events: dict[str, Any]) -> Reply:
    call = Call(id="s0.c9", identity=WHO, region="eu-west-1", service="cloudtrail", operation="LookupEvents")
    return Reply(call=call, status=200, document={"Events": list(events)})


@pytest.mark.parametrize(
    ("thing", "region", "names"),
    [
        (ref("lambda:function", FEED, "feed"), "eu-west-1", ["feed", FEED]),
        (ref("ec2:security-group", "sg-0a1b2c3d", "web"), "eu-west-1", ["web", "sg-0a1b2c3d"]),
        (ref("iam:role", APP, "app", ""), "us-east-1", ["app", APP]),
        (ref("s3:bucket", "arn:aws:s3:::b", "b", ""), "eu-west-1", ["b", "arn:aws:s3:::b"]),
    ],
)  # fmt: skip
def test_a_thing_is_asked_for_by_the_names_services_write(thing: ResourceRef, region: str, names: list[str]) -> None:
    estate = AwsEstate()
    assert isinstance(estate, Historian)
    reads = estate.history(thing, WHO, "2026-11-29T12:00:00Z")
    assert [read.params["LookupAttributes"][0]["AttributeValue"] for read in reads] == names  # type: ignore[index,call-overload]
    assert {(read.region, read.params["StartTime"], read.params["EndTime"]) for read in reads} == {
        (region, "2026-11-22T12:00:00Z", "2026-11-29T12:00:00Z")
    }
    assert {estate.operation(read.name).tier for read in reads if estate.operation(read.name)} <= {"config", "identity", "telemetry"}  # type: ignore[union-attr]


def test_changes_are_told_oldest_first_and_reads_are_not() -> None:
    told = AwsEstate().happenings(
        answered(
            {
                "EventTime": "2026-11-28T10:00:00Z",
                "EventName": "PutBucketPolicy",
                "Username": "jana",
                "ReadOnly": "false",
                "Resources": [{"ResourceName": "b"}],
            },
            {"EventTime": "2026-11-28T09:00:00Z", "EventName": "GetBucketPolicy", "Username": "jana", "ReadOnly": "true"},
            {"EventTime": "2026-11-27T10:00:00Z", "EventName": "UpdateFunctionConfiguration20150331v2", "ReadOnly": "false"},
            {
                "EventTime": "2026-11-28T11:00:00Z",
                "EventName": "DeleteBucketPolicy",
                "Username": "tom",
                "CloudTrailEvent": '{"errorCode": "AccessDenied"}',
            },
        )
    )
    assert [(one.at[:10], one.what) for one in told] == [
        ("2026-11-27", "UpdateFunctionConfiguration"),
        ("2026-11-28", "PutBucketPolicy on b by jana"),
        ("2026-11-28", "DeleteBucketPolicy by tom, refused (AccessDenied)"),
    ]


@pytest.mark.parametrize("document", [None, [], {"Events": None}, {"Events": ["x", {}, {"EventName": 1}, ODD]}])  # fmt: skip
def test_odd_answers_break_nothing(document: Any) -> None:
    call = Call(id="s0.c9", identity=WHO, region="eu-west-1", service="cloudtrail", operation="LookupEvents")
    assert len(AwsEstate().happenings(Reply(call=call, status=200, document=document))) <= 1
