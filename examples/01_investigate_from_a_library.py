"""Investigate from a program: `python 01_investigate_from_a_library.py`. Builds an emulated account with one fault, and asks what it is."""

import json
from collections.abc import Mapping

from pydantic import JsonValue

from nephoscope import investigate
from nephoscope.models import Event
from nephoscope.plugin.manager import load_plugins

TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
LISTING_ONLY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::invoices"}]}
ACCOUNT: Mapping[str, JsonValue] = {
    "region": "eu-west-1",
    "steps": [
        {"do": "s3:CreateBucket", "params": {"Bucket": "invoices", "CreateBucketConfiguration": {"LocationConstraint": "${region}"}}},
        {"do": "iam:CreateRole", "params": {"RoleName": "invoice-app", "AssumeRolePolicyDocument": json.dumps(TRUST)}},
        {"do": "iam:PutRolePolicy", "params": {"RoleName": "invoice-app", "PolicyName": "bucket", "PolicyDocument": json.dumps(LISTING_ONLY)}},
    ],
}
"""The fault: the role may list the bucket, and read nothing in it."""
PROBLEM = "role invoice-app gets AccessDenied when it reads files from bucket invoices"


def tell(event: Event) -> None:
    """Progress, as it happens."""
    if event.kind == "step_started":
        print("step:", event.data["intent"])


def main() -> None:
    emulator = load_plugins().emulators["aws"]
    emulator.start(ACCOUNT)
    try:
        # For an account of yours only this call is needed, with scope={"profile": "prod", "region": "eu-west-1"}.
        report = investigate(PROBLEM, scope=emulator.scope().options, on_event=tell)
    finally:
        emulator.stop()
    print(report.verdict)
    for cause in report.root_causes:
        print(f"{cause.id}: {cause.title} ({', '.join(cause.resources)})")
    for advice in report.recommendations:
        print("fix:", *advice.commands, sep="\n  ")
    for gap in report.gaps:
        print("not seen:", gap.what, gap.needs)


if __name__ == "__main__":
    main()
