"""The judge of changed accounts agrees with every story whose truth is known, and can tell what stands in the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nephoscope_suite_aws
from nephoscope.models.yaml_text import parse_yaml
from nephoscope_suite_aws.mutating import mutated
from nephoscope_suite_aws.oracles.acts import Acts, Unreadable
from nephoscope_suite_aws.oracles.deliveries import delivers
from nephoscope_suite_aws.oracles.judging import broken
from nephoscope_suite_aws.oracles.packets import connects
from nephoscope_suite_aws.oracles.permits import allowed

HERE = Path(nephoscope_suite_aws.__file__).parent
EDGES = parse_yaml((HERE / "edges.yaml").read_text(encoding="utf-8"))
UNREAD = {
    "access-bucket-policy-denies-near_miss", "access-no-key-grant-for-topic-near_miss", "access-region-condition-near_miss",
    "s3-queue-filter-mismatch-near_miss",
}  # fmt: skip
"""These say more than the judge reads; accounts like them are not counted."""
FOLDERS = {"connect": "reachability", "access": "access", "deliver": "event-delivery"}


def stories(family: str) -> Iterator[Any]:
    for scenario, edge in EDGES[family].items():
        body = parse_yaml((HERE / "scenarios" / FOLDERS[family] / f"{scenario}.yaml").read_text(encoding="utf-8"))
        for name, variant in body["variants"].items():
            if name in ("fault", "twin", "near_miss") and f"{scenario}-{name}" not in UNREAD:
                yield pytest.param(edge, [*body["base"], *variant.get("steps", ())], variant["truth"]["verdict"], id=f"{scenario}-{name}")


@pytest.mark.parametrize(("edge", "steps", "verdict"), list(stories("connect")))
def test_packets(edge: Any, steps: Any, verdict: str) -> None:
    assert connects(Acts(steps), edge["from"], edge["to"], edge["port"]) == (verdict == "no_fault_found")


@pytest.mark.parametrize(("edge", "steps", "verdict"), list(stories("access")))
def test_permits(edge: Any, steps: Any, verdict: str) -> None:
    told = allowed(Acts(steps), edge["who"], edge["action"], edge["thing"])
    assert (told == "allowed") == (verdict == "no_fault_found")


@pytest.mark.parametrize(("edge", "steps", "verdict"), list(stories("deliver")))
def test_deliveries(edge: Any, steps: Any, verdict: str) -> None:
    told = delivers(Acts(steps), edge["source"], edge["target"])
    by_way_of_a_topic = any(step["do"] == "sns:Subscribe" for step in steps) and edge["target"].startswith("function")
    assert told == (verdict == "no_fault_found") or by_way_of_a_topic


@pytest.mark.parametrize("condition", ["aws:SecureTransport", "kms:ViaService"])
def test_what_is_not_read_is_not_judged(condition: str) -> None:
    body = parse_yaml((HERE / "scenarios/access/access-identity-allow-missing.yaml").read_text(encoding="utf-8"))
    policy = {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {condition: "x"}}}]}
    steps = [*body["base"], {"do": "iam:PutRolePolicy", "params": {"RoleName": "invoice-app", "PolicyName": "more", "PolicyDocument": policy}}]
    with pytest.raises(Unreadable):
        allowed(Acts(steps), "role invoice-app", "s3:GetObject", "bucket invoices-2026")


def test_what_is_in_the_way_is_told() -> None:
    edge = EDGES["connect"]["ec2-nacl-inbound-deny"]
    body = parse_yaml((HERE / "scenarios/reachability/ec2-nacl-inbound-deny.yaml").read_text(encoding="utf-8"))
    symptom, blamed = broken("connect", edge, [*body["base"], *body["variants"]["fault"]["steps"]])
    assert (symptom, blamed) == ("connect", {"acl"})


def test_what_nobody_can_build_is_not_judged() -> None:
    edge = EDGES["connect"]["ec2-ssh-port-closed"]
    body = parse_yaml((HERE / "scenarios/reachability/ec2-ssh-port-closed.yaml").read_text(encoding="utf-8"))
    steps = [*body["base"], *body["variants"]["twin"]["steps"]]
    outside = [step if step["do"] != "ec2:CreateSubnet" else {**step, "params": {**step["params"], "CidrBlock": "10.77.0.0/24"}} for step in steps]
    assert broken("connect", edge, steps) == ("", frozenset())
    assert broken("connect", edge, outside) == ("", frozenset())


def test_every_change_that_counts_breaks_what_is_told_and_others_do_not_count() -> None:
    for one in mutated(4, 30):
        scenario, family = next((name, kind) for kind in FOLDERS for name in EDGES[kind] if f"-{name}-" in str(one["id"]))
        symptom, _ = broken(family, EDGES[family][scenario], one["base"])  # type: ignore[arg-type]
        assert symptom, one["id"]
