"""``nephoscope exec`` as people use it: a script of their own behind the real boundary, and the document it leaves."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(300)]

READ = """\
import boto3
ec2 = boto3.client("ec2")
print(len(ec2.describe_vpcs()["Vpcs"]))
for call in (lambda: boto3.client("s3").create_bucket(Bucket="mine"), lambda: boto3.client("secretsmanager").get_secret_value(SecretId="x")):
    try:
        call()
    except Exception as error:
        print(error)
"""
NATS = 'import boto3\nprint(boto3.client("ec2", region_name="eu-west-1").describe_nat_gateways()["NatGateways"])\n'


def executed(terminal: Any, tmp_path: Path, source: str, *words: str, **variables: str) -> tuple[int, Any]:
    (tmp_path / "it.py").write_text(source)
    done = terminal.run("exec", "--script", str(tmp_path / "it.py"), *words, "--result", str(tmp_path / "out.json"), variables=variables, seconds=150)
    return done.code, json.loads((tmp_path / "out.json").read_text())


def test_a_script_reads_is_refused_and_all_is_told(terminal: Any, account: Any, tmp_path: Path) -> None:
    where = ["--upstream", account.endpoint, "--region", "eu-west-1"]
    code, told = executed(terminal, tmp_path, READ, *where)
    assert (code, told["status"], told["calls"]) == (125, "refused", [])
    assert {one["rule"] for one in told["violations"] if one["severity"] == "error"} == {"changes-something"}
    assert account.upstream().count("ec2:DescribeVpcs") == 0

    code, told = executed(terminal, tmp_path, READ, *where, "--no-static-checks")
    assert (code, told["status"], told["exit_code"]) == (0, "ok", 0), told
    assert [(one["operation"], one["tier"], one["status"]) for one in told["calls"]] == [("ec2:DescribeVpcs", "config", 200)]
    assert {one["operation"]: (one["tier"], one["code"]) for one in told["refusals"]} == {
        "s3:CreateBucket": ("mutation", "forbidden"),
        "secretsmanager:GetSecretValue": ("secret", "forbidden"),
    }
    assert (told["scopes"][0]["account"], told["isolation"], told["cost"]["usd"]) == ("123456789012", "bubblewrap", 0.0)
    assert set(account.upstream()) <= {"sts:GetCallerIdentity", "ec2:DescribeVpcs"}


def test_a_killed_script_leaves_its_result(terminal: Any, account: Any, tmp_path: Path) -> None:
    source = "print('before')\nwhile True:\n    pass\n"
    where = ["--upstream", account.endpoint, "--region", "eu-west-1", "--no-static-checks"]
    code, told = executed(terminal, tmp_path, source, *where, NEPHOSCOPE_LIMITS__SECONDS="3")
    assert (code, told["status"], told["limit_hit"], told["output"]) == (137, "killed", "seconds", "before\n")


def test_facts_of_a_script_count_in_the_investigation(terminal: Any, account: Any, investigate: Sequence[str], tmp_path: Path) -> None:
    first = terminal.run(*investigate, "--max-steps", "1").document
    code, told = executed(terminal, tmp_path, NATS, "--investigation", first["id"])
    assert (code, told["id"]) == (0, first["id"]), told
    assert told["new_facts"] > 0
    assert [one["operation"] for one in told["calls"]] == ["ec2:DescribeNatGateways"]
    resumed = terminal.run("resume", first["id"], "--json").document
    assert [step["intent"] for step in resumed["steps"]].count(str(tmp_path / "it.py")) == 1
    assert resumed["ledger"]["by_operation"]["ec2:DescribeNatGateways"] == 1
    assert (resumed["status"], resumed["verdict"]) == ("concluded", "confirmed")
