"""References in seeds."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from nephoscope.interfaces.errors import UsageError
from nephoscope_aws.emulator.seed import named, resolve

KNOWN = {"vpc": {"Vpc": {"VpcId": "vpc-1", "Tags": [{"Key": "a"}]}}, "region": "eu-west-1", "count": 3}


def test_a_whole_reference_keeps_its_type() -> None:
    assert resolve({"Count": "${count}", "Tags": ["${vpc.Vpc.Tags.0}"]}, KNOWN) == {"Count": 3, "Tags": [{"Key": "a"}]}


def test_references_inside_text_and_names() -> None:
    assert resolve({"${region}-x": "${vpc.Vpc.VpcId}/${count}"}, KNOWN) == {"eu-west-1-x": "vpc-1/3"}


def test_times_are_relative_to_now() -> None:
    moment = datetime.fromisoformat(resolve("${now-2h}", KNOWN))
    assert abs(datetime.now(UTC) - timedelta(hours=2) - moment) < timedelta(seconds=5)


def test_a_deployment_package() -> None:
    assert resolve("${zip}", KNOWN).startswith(b"PK")
    assert base64.b64encode(resolve("${zip}", KNOWN))


@pytest.mark.parametrize("path", ["nothing", "vpc.Vpc.Nope", "vpc.Vpc.Tags.7", "count.x"])
def test_a_reference_to_nothing(path: str) -> None:
    with pytest.raises(UsageError, match="refers to nothing"):
        resolve(f"${{{path}}}", KNOWN)


def test_what_steps_made_is_known_by_its_path_however_short() -> None:
    made = named({"api": {"id": "q1w2", "policy": "a b", "tags": [{"arn": "arn:aws:x"}]}})
    assert made == {"api": ["arn:aws:x"], "api.id": ["q1w2"], "api.tags.0.arn": ["arn:aws:x"]}
