"""Findings of other tools, in the shapes that they write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nephoscope.interfaces import UsageError
from nephoscope.knowledge.importing import take_in
from nephoscope.testing.conformance import ImporterSuite
from nephoscope_aws.inspection.importing import Custodian, Prowler

ARN = "arn:aws:s3:::open-bucket"
OCSF: dict[str, Any] = {
    "metadata": {"event_code": "s3_bucket_public_access", "product": {"name": "Prowler", "vendor_name": "Prowler"}, "version": "1.4.0"},
    "severity": "Critical",
    "severity_id": 5,
    "status": "New",
    "status_code": "FAIL",
    "status_detail": "S3 Bucket open-bucket has public access due to bucket policy.",
    "finding_info": {"title": "Ensure there are no S3 buckets open to Everyone", "uid": "prowler-1"},
    "resources": [{"uid": ARN, "name": "open-bucket", "type": "AwsS3Bucket", "region": "eu-west-1"}],
    "cloud": {"account": {"uid": "123456789012"}, "provider": "aws", "region": "eu-west-1"},
    "remediation": {"desc": "Enable Block Public Access.", "references": []},
    "time_dt": "2026-11-19T10:00:00",
}
ASFF: dict[str, Any] = {
    "SchemaVersion": "2018-10-08",
    "GeneratorId": "prowler-s3_bucket_public_access",
    "AwsAccountId": "123456789012",
    "Title": "Open buckets",
    "Description": "open to Everyone",
    "Severity": {"Label": "CRITICAL"},
    "Resources": [{"Type": "AwsS3Bucket", "Id": ARN, "Region": "eu-west-1"}],
    "Compliance": {"Status": "FAILED"},
}
THIRD: dict[str, Any] = {
    "CheckID": "s3_bucket_public_access",
    "CheckTitle": "Open buckets",
    "Status": "PASS",
    "StatusExtended": "not public",
    "Severity": "critical",
    "ResourceId": "open-bucket",
    "ResourceArn": ARN,
    "Region": "eu-west-1",
    "AccountId": "123456789012",
}
SECOND: dict[str, Any] = {
    "Account Number": "123456789012",
    "Control": "Open",
    "Control ID": "7.3",
    "Message": "m",
    "Severity": "Medium",
    "Status": "FAIL",
}


class TestProwler(ImporterSuite):
    subject = Prowler()
    files = {"ocsf.json": [OCSF, OCSF], "asff.json": [ASFF], "v3.json": [THIRD], "v2.json": [SECOND]}


class TestCustodian(ImporterSuite):
    subject = Custodian()
    files = {"resources.json": [{"VolumeId": "vol-1", "Size": 5}, {"FunctionArn": "arn:aws:lambda:x", "FunctionName": "f"}]}


def test_shapes_say_the_same_of_the_same(tmp_path: Path) -> None:
    told = [Prowler().read(tmp_path / "x.json", [one]) for one in (OCSF, ASFF, THIRD)]
    rows = [one.findings[0] for one in told if one]
    assert {(row.check, row.severity, row.resource.id, row.resource.account) for row in rows} == {
        ("s3_bucket_public_access", "critical", ARN, "123456789012")
    }
    assert [row.status for row in rows] == ["failed", "failed", "passed"]


def test_a_policy_folder_says_what_the_policy_is_and_where(tmp_path: Path) -> None:
    folder = tmp_path / "unused-volumes"
    folder.mkdir()
    (folder / "resources.json").write_text(json.dumps([{"VolumeId": "vol-1"}]))
    about = {
        "policy": {"name": "unused-volumes", "resource": "aws.ebs", "metadata": {"severity": "low"}},
        "config": {"account_id": "1", "region": "eu-west-1"},
    }
    (folder / "metadata.json").write_text(json.dumps(about))
    found = take_in([folder / "resources.json"], {"cloud-custodian": Custodian()}).findings[0]
    assert (found.check, found.severity, found.resource.id, found.resource.region) == ("unused-volumes", "low", "vol-1", "eu-west-1")
    (folder / "metadata.json").write_text("{")
    broken = take_in([folder / "resources.json"], {"cloud-custodian": Custodian()})
    assert len(broken.findings) == 1 and "metadata.json" in broken.troubles[0]


@pytest.mark.parametrize("text", ["", "{", '[{"a": 1},\n{"b": }]', "\x00", "[" * 100_000], ids=["empty", "cut off", "misspelt", "binary", "deep"])
def test_what_is_no_json_is_refused_with_its_place(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"odd\.json"):
        take_in([path], {"prowler": Prowler()})


def test_a_file_of_nobody_and_one_that_is_not_there_are_told(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('[{"a": 1}]')
    with pytest.raises(UsageError, match="no tool that is known"):
        take_in([tmp_path / "other.json"], {"prowler": Prowler()})
    with pytest.raises(UsageError, match="cannot be read"):
        take_in([tmp_path / "gone.json"], {"prowler": Prowler()})


def test_one_record_a_line_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "v2.json"
    path.write_text("\n".join(json.dumps(SECOND) for _ in range(3)))
    assert len(take_in([path], {"prowler": Prowler()}).findings) == 3
