"""The real command inspects an emulated account: what is wrong, what may not be seen, and how many calls it takes among hundreds of things."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

VOLUMES, GROUPS = 300, 150


@pytest.fixture(scope="module")
def crowd(shared_account: Any) -> Any:
    """Some hundreds of volumes and log groups, each tenth of them at fault."""
    ec2, logs = shared_account.client("ec2"), shared_account.client("logs")
    shared_account.plain = sum(not one["Encrypted"] for one in ec2.describe_volumes()["Volumes"])  # those of its machines
    for number in range(VOLUMES):
        ec2.create_volume(AvailabilityZone="eu-west-1a", Size=10, VolumeType="gp3", Encrypted=number % 10 != 0)
    for number in range(GROUPS):
        logs.create_log_group(logGroupName=f"/app/{number:03}")
        if number % 10:
            logs.put_retention_policy(logGroupName=f"/app/{number:03}", retentionInDays=30)
    return shared_account


@pytest.mark.timeout(300)
def test_among_hundreds_of_things_each_fault_is_found_by_listings_alone(crowd: Any, terminal: Any) -> None:
    crowd.control("rules", {})
    words = ["inspect", "--endpoint-url", crowd.endpoint, "--region", "eu-west-1", "--json", "--fail-on", "medium"]
    chosen = [
        word for check in ("aws.ec2.volume-unencrypted", "aws.ec2.volume-unattached", "aws.logs.retention-unlimited") for word in ("--check", check)
    ]
    result = terminal.run(*words, *chosen, seconds=250)
    assert result.code == 1, result.err
    document = json.loads(result.out)
    found = Counter(one["check"] for one in document["findings"])
    assert found == {
        "aws.ec2.volume-unencrypted": VOLUMES // 10 + crowd.plain,
        "aws.ec2.volume-unattached": VOLUMES,
        "aws.logs.retention-unlimited": GROUPS // 10,
    }
    facts = {fact["id"]: fact for fact in document["facts"]}
    assert all(one["evidence"] and all(facts[fact]["calls"] and facts[fact]["pointer"] for fact in one["evidence"]) for one in document["findings"])
    passed = {one["id"]: len(one["passed"]) for one in document["checks"]}
    assert passed["aws.ec2.volume-unencrypted"] == VOLUMES - VOLUMES // 10
    operations = Counter(one.partition(":")[2] for one in crowd.upstream())
    assert set(operations) <= {"GetCallerIdentity", "DescribeVolumes", "DescribeLogGroups"}, operations
    assert sum(operations.values()) < 20
    costs = [one["cost"]["usd"] for one in document["findings"] if one["check"] == "aws.ec2.volume-unattached"]
    assert set(costs) == {0.88}
    assert document["summary"]["usd"] == pytest.approx(0.88 * VOLUMES, abs=0.5)


@pytest.mark.timeout(300)
def test_what_is_denied_is_not_evaluated_and_never_passed(account: Any, terminal: Any) -> None:
    client = account.client("s3")
    client.create_bucket(Bucket="inspected", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    account.control("rules", {"deny": ["s3:GetBucketVersioning", "ec2:DescribeVolumes", "secretsmanager:ListSecrets"]})
    checks = ("aws.s3.versioning-off", "aws.s3.lifecycle-missing", "aws.ec2.volume-unencrypted", "aws.secretsmanager.rotation-off")
    chosen = [word for check in checks for word in ("--check", check)]
    result = terminal.run("inspect", "--endpoint-url", account.endpoint, "--region", "eu-west-1", "--json", *chosen, seconds=250)
    assert result.code == 0, result.err
    document = json.loads(result.out)
    status = {one["id"]: (one["status"], one["passed"]) for one in document["checks"]}
    assert status["aws.s3.lifecycle-missing"][0] == "failed"
    for check in ("aws.s3.versioning-off", "aws.ec2.volume-unencrypted", "aws.secretsmanager.rotation-off"):
        assert status[check] == ("not_evaluated", []), check
    needs = {one["check"]: (one["reason"], one["needs"]) for one in document["not_evaluated"]}
    assert needs == {
        "aws.s3.versioning-off": ("access_denied", "s3:GetBucketVersioning"),
        "aws.ec2.volume-unencrypted": ("access_denied", "ec2:DescribeVolumes"),
        "aws.secretsmanager.rotation-off": ("access_denied", "secretsmanager:ListSecrets"),
    }


@pytest.mark.timeout(600)
def test_a_question_about_all_of_a_kind_is_answered_by_an_investigation(account: Any, terminal: Any) -> None:
    """The answer is a report like any other: what is so with its facts, what is not, and what could not be seen."""
    client = account.client("s3")
    for name in ("pop-public-site", "pop-private"):
        client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pop-public-site/*"}
    client.put_bucket_policy(Bucket="pop-public-site", Policy=json.dumps({"Version": "2012-10-17", "Statement": [everybody]}))
    where = ["--endpoint-url", account.endpoint, "--region", "eu-west-1", "--json"]
    report = terminal.run("investigate", "which of our buckets are public?", *where, seconds=250).document
    assert (report["verdict"], report["status"]) == ("confirmed", "concluded")
    assert [(one["id"], one["decided_by"]) for one in report["root_causes"]] == [
        ("aws.s3.bucket-public-policy", "control:aws.s3.bucket-public-policy")
    ]
    assert any("pop-public-site" in one for one in report["root_causes"][0]["resources"])
    assert not any("pop-private" in one for one in report["root_causes"][0]["resources"])
    facts = {fact["id"]: fact for fact in report["facts"]}
    assert all(facts[one]["calls"] for one in report["root_causes"][0]["evidence"])
    assert any("aws.s3.bucket-public" in one["id"] for one in report["ruled_out"])
    account.control("rules", {"deny": ["s3:GetBucketPolicy*"]})
    blind = terminal.run("investigate", "do we have any public buckets?", *where, seconds=250).document
    assert blind["verdict"] == "inconclusive"
    assert any(gap["needs"].startswith("s3:GetBucketPolicy") for gap in blind["gaps"]), blind["gaps"]
