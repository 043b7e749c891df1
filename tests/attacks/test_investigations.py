"""Whole investigations against a cloud that writes everything down: only reads, nothing changed, no secret kept, nothing useful lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from account import KEPT, LISTERS, SECRETS
from batch import Snippet, endings, load, runner
from caller import CANARIES, IN_FILE, Caller
from cloud import Cloud, changes, operation, secret

from nephoscope.comparison.scenario import load_scenarios
from nephoscope_aws.emulator.seed import Seed, plant

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(400)]

ACCOUNTS = (
    "s3-lambda-permission-missing", "sqs-lambda-mapping-disabled", "access-bucket-policy-denies", "access-identity-explicit-deny",
    "ec2-security-group-egress-closed", "rds-security-group-for-other-group",
)  # fmt: skip
SERVICES = frozenset(("instances", "networks", "buckets", "functions", "queues", "topics", "rules", "tables", "databases", "parameters", "stacks"))


@pytest.fixture(scope="module")
def empty() -> Iterator[Cloud]:
    cloud = Cloud()
    yield cloud
    cloud.stop()


@pytest.mark.parametrize("name", ACCOUNTS)
def test_an_investigation_only_reads(empty: Cloud, tmp_path: Path, name: str) -> None:
    import nephoscope_suite_aws

    scenario = load_scenarios([Path(nephoscope_suite_aws.__file__).parent / "scenarios"])[name]
    empty.reset()
    plant(Seed.model_validate(scenario.seed("fault")), empty.endpoint)
    compared = {
        lister: LISTERS[lister] for lister in LISTERS if lister in SERVICES and not (lister == "queues" or lister == "tables" or lister == "rules")
    }
    compared["buckets"] = lambda of: [of("s3").list_buckets()["Buckets"], of("iam").get_account_authorization_details(Filter=["User", "Role"])]
    compared["queues"] = lambda of: [of("sqs").list_queues(), of("lambda").list_event_source_mappings(), of("events").list_rules()]
    before = empty.state(compared)
    empty.forget()
    caller = Caller(tmp_path / "home", empty.endpoint)
    done = caller.investigate(scenario.words("fault"), "--json", "--ask", "never")
    requests = empty.log()
    report = json.loads(done.stdout)
    assert report["isolation"] == "bubblewrap"
    assert len(requests) > 3, "it did look"
    assert [operation(each) for each in requests if changes(each) or secret(each)] == []
    assert {each["headers"]["authorization"].partition("Credential=")[2].partition("/")[0] for each in requests} == {IN_FILE["aws_access_key_id"]}
    after = empty.state(compared)
    assert {lister for lister in after if after[lister] != before[lister]} == set()
    assert caller.leaks(CANARIES) == []


def test_nothing_secret_is_kept_of_an_account_full_of_secrets(stage: Any) -> None:
    for words in (
        "uploads to bucket orders-in no longer trigger function resize", "function resize gets AccessDenied from bucket orders-in",
        f"I cannot connect to instance {stage.ids['instance']} on port 22", "the queue jobs is not processed by anybody",
    ):  # fmt: skip
        done = stage.caller.investigate(words, "--json", "--ask", "never")
        assert json.loads(done.stdout)["verdict"], done.stderr
    stage.unharmed()


def test_what_helps_survives_what_is_secret_does_not(stage: Any) -> None:
    """The ordinary scripts print nearly everything of the account: names, policies, prefixes, addresses, and all places of secrets."""
    done = stage.caller.execute(runner(load("benign"), stage.ids))
    said = "".join(each.said for each in endings(done.stdout).values())
    assert [what for what, value in KEPT.items() if value not in said] == []
    assert [what for what, value in SECRETS.items() if value in said] == []
    assert [what for what in ("vpc", "instance", "group", "topic", "secret") if stage.ids[what] not in said] == []
    stage.unharmed()


@pytest.mark.parametrize("granted", ["data", "shape"])
def test_granted_data_is_redacted_too(stage: Any, granted: str) -> None:
    reads = [
        Snippet("object", 'print(c("s3").get_object(Bucket="orders-in", Key="incoming/2026/one.json")["Body"].read())'),
        Snippet("items", 'print(c("dynamodb").scan(TableName="orders-table")["Items"])'),
        Snippet("abroad", 'c("s3").get_object(Bucket="not-ours", Key="drop")'),
    ]
    done = stage.caller.execute(runner(reads, stage.ids), "--grant", granted)
    told = endings(done.stdout)
    assert told["abroad"].status
    if granted == "data":
        assert (told["object"].status, told["items"].status) == (0, 0), told
    stage.unharmed()
