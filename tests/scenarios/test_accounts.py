"""One investigation over two accounts: a topic in one, its queue in the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(400)]

OURS, THEIRS = "123456789012", "222222222222"
WORDS = "messages published to topic shipments do not arrive in queue shipments-in"
TWO = f"""
import boto3
for name in ("{OURS}", "{THEIRS}"):
    print(boto3.Session(profile_name=name).client("sts").get_caller_identity()["Account"])
stranger = boto3.client("sqs", aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="x")
try:
    print(stranger.list_queues())
except Exception as error:
    print(error)
"""


def role(account: str) -> str:
    return f"arn:aws:iam::{account}:role/look"


def client(endpoint: str, account: str, service: str) -> Any:
    import boto3

    where = {"endpoint_url": endpoint, "region_name": "eu-west-1"}
    sts = boto3.client("sts", aws_access_key_id="testing", aws_secret_access_key="testing", **where)
    keys = sts.assume_role(RoleArn=role(account), RoleSessionName="seed")["Credentials"]
    return boto3.client(
        service,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
        **where,
    )


@pytest.fixture(scope="module")
def endpoint(emulate: Callable[..., Any]) -> str:
    """Topic here, queue there, subscribed."""
    where = str(emulate("ec2-ssh-port-closed").endpoint)
    topic = client(where, OURS, "sns").create_topic(Name="shipments")["TopicArn"]
    client(where, THEIRS, "sqs").create_queue(QueueName="shipments-in")
    client(where, OURS, "sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:eu-west-1:{THEIRS}:shipments-in")
    return where


def admit(endpoint: str, topic: str) -> None:
    """The queue's policy lets this topic send."""
    sqs = client(endpoint, THEIRS, "sqs")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": f"arn:aws:sqs:eu-west-1:{THEIRS}:shipments-in",
        "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:sns:eu-west-1:{OURS}:{topic}"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=sqs.get_queue_url(QueueName="shipments-in")["QueueUrl"], Attributes={"Policy": policy})


def where(endpoint: str, *accounts: str) -> list[str]:
    roles = [word for account in accounts for word in ("--role-arn", role(account))]
    return ["--endpoint-url", endpoint, "--region", "eu-west-1", *roles]


def test_a_fault_between_accounts_is_found_and_its_twin_is_not(terminal: Any, endpoint: str) -> None:
    admit(endpoint, "shipments-old")
    report = terminal.run("investigate", WORDS, *where(endpoint, OURS, THEIRS), "--json", seconds=200).document
    assert (report["verdict"], [one["id"] for one in report["root_causes"]]) == ("confirmed", ["aws.sqs.queue-policy-missing-service"])
    assert [scope["account"] for scope in report["scopes"]] == [OURS, THEIRS]
    seen = {fact["subject"].split("|")[1]: (fact["account"], f"::{fact['account']}:assumed-role" in fact["principal"]) for fact in report["facts"]}
    assert (seen["sns:topic"], seen["sqs:queue"]) == ((OURS, True), (THEIRS, True))

    admit(endpoint, "shipments")
    twin = terminal.run("investigate", WORDS, *where(endpoint, OURS, THEIRS), "--json", seconds=200).document
    assert twin["root_causes"] == []


def test_a_wrong_account_is_an_error_and_nothing_is_looked_at(terminal: Any, endpoint: str) -> None:
    done = terminal.run("investigate", WORDS, *where(endpoint, OURS), "--account", THEIRS, seconds=150)
    assert (done.code, f"account {OURS} was opened and is not meant" in done.err) == (2, True), done.err
    done = terminal.run("investigate", WORDS, *where(endpoint, OURS), "--account", f"{OURS},{THEIRS}", seconds=150)
    assert (done.code, f"account {THEIRS} was meant and nothing opens it" in done.err) == (2, True), done.err
    assert terminal.runs == []


def test_a_script_chooses_by_profile_and_a_foreign_key_opens_nothing(terminal: Any, endpoint: str, tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text(TWO)
    result = tmp_path / "out.json"
    done = terminal.run("exec", "--script", str(tmp_path / "two.py"), *where(endpoint, OURS, THEIRS), "--result", str(result), seconds=150)
    told = json.loads(result.read_text())
    assert done.out.splitlines()[:2] == [OURS, THEIRS], done.out + done.err
    assert [one["account"] for one in told["calls"]] == [OURS, THEIRS]
    assert [one["code"] for one in told["refusals"]] in (["ambiguous"], ["unknown_identity"])
    assert "stands for no identity" in done.out
