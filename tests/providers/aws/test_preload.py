"""What a warm sandbox imports of the SDK: shortcuts that change nothing an ordinary script could see. Run apart, for they stay."""

from __future__ import annotations

import json
import subprocess
import sys

from nephoscope.plugin.manager import load_plugins

SCRIPT = """
import json, os, sys
import nephoscope_aws.preload as preload
for step in preload.STEPS:
    step()
os.environ.update(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b", AWS_ENDPOINT_URL="http://aws.neph", AWS_EC2_METADATA_DISABLED="true")
import boto3, botocore.hooks
assert boto3.DEFAULT_SESSION is None
seen = {}
for region in ("eu-west-1", "ap-south-1"):
    os.environ["AWS_DEFAULT_REGION"] = region
    client = boto3.Session().client("s3")
    seen[region] = [client.meta.region_name, client._request_signer._credentials.access_key, len(dir(client))]
one, other = boto3.client("ec2", region_name="eu-west-1"), boto3.client("ec2", region_name="us-west-2")
one.meta.events.register("before-call", lambda **_: 1)
seen["models"] = one.meta.service_model is other.meta.service_model
seen["classes"] = type(one) is not type(other) and one.describe_vpcs != other.describe_vpcs
seen["urls"] = [one.meta.endpoint_url, boto3.client("sqs", endpoint_url="http://127.0.0.1:1").meta.endpoint_url]
seen["paginator"] = one.can_paginate("describe_vpcs")
seen["events"] = boto3.Session()._session.get_component("event_emitter")._alias_event_name("before-call.elasticloadbalancing")
print(json.dumps(seen))
"""


def test_every_rehearsal_succeeds_and_nothing_of_it_stays_in_clients() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["eu-west-1"][:2] == ["eu-west-1", "a"] and seen["ap-south-1"][:2] == ["ap-south-1", "a"]
    assert seen["models"] and seen["classes"] and seen["paginator"]
    assert seen["urls"] == ["http://aws.neph", "http://127.0.0.1:1"]
    assert seen["events"] == "before-call.elastic-load-balancing"


def test_the_pack_brings_it() -> None:
    assert "nephoscope_aws.preload" in load_plugins().preloads
