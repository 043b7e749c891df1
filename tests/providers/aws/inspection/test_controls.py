"""Every control of the pack, on hand-made facts: at fault, and nearly the same but healthy."""

from __future__ import annotations

from nephoscope.testing.conformance import ControlCase as Case
from nephoscope.testing.conformance import ControlSuite
from nephoscope_aws.inspection import controls

CASES = {
    "aws.s3.bucket-public-policy": Case({"policy.public": True}, {"policy.public": None}),
    "aws.s3.versioning-off": Case({"versioning": "Suspended"}, {"versioning": "Enabled"}),
    "aws.ec2.volume-unencrypted": Case({"encrypted": False}, {"encrypted": True}),
    "aws.ec2.volume-unattached": Case({"state": "available"}, {"state": "in-use"}, {"size": 100, "volume_type": "gp2"}),
    "aws.logs.retention-unlimited": Case({"retention_days": None}, {"retention_days": 30}, {"bytes": 5}),
}


class TestAwsControls(ControlSuite):
    subjects = controls()
    cases = CASES
