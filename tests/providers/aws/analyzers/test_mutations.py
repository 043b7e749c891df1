"""One field of a healthy account is changed, the symptom is told from the ends alone: the cause, or honest doubt, never "no fault"."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from nephoscope_suite_aws import mutators

BENCH = Path(__file__).parents[4] / "bench"


def load(name: str) -> ModuleType:
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, BENCH / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


mutation = load("mutation")

HARMFUL = [
    ("connect", "ec2-default-route-missing", "ec2:CreateRoute", "left out"),
    ("connect", "ec2-default-route-missing", "ec2:CreateRoute.DestinationCidrBlock", "moved"),
    ("connect", "ec2-internet-gateway-detached", "ec2:AttachInternetGateway", "left out"),
    ("connect", "ec2-nat-gateway-in-private-subnet", "ec2:CreateNatGateway", "ec2:DeleteNatGateway"),
    ("connect", "ec2-vpc-peering-route-missing", "ec2:AcceptVpcPeeringConnection", "left out"),
    ("connect", "elbv2-target-group-empty", "elbv2:CreateListener.Port", "shifted"),
    ("connect", "rds-stopped", "rds:CreateDBInstance", "rds:StopDBInstance"),
    ("access", "access-key-disabled", "kms:CreateKey", "kms:DisableKey"),
    ("access", "access-boundary-allow-missing", "iam:CreatePolicy.PolicyDocument.Statement.0.Effect", "swapped"),
    ("access", "access-user-without-policies", "iam:AttachGroupPolicy", "left out"),
    ("access", "access-secret-pending-deletion", "secretsmanager:CreateSecret", "secretsmanager:DeleteSecret"),
]


def changed(family: str, scenario: str, field: str, how: str) -> Iterator[Any]:
    steps = mutation.steps_of(family, scenario)
    concerned = mutators.near(steps, " ".join(map(str, mutation.EDGES[family][scenario].values())))
    told = [step.get("params") for step in concerned]
    for one in mutators.mutants(steps):
        if (one.field, one.how) == (field, how) and (one.touched.get("params") in told or "Attach" in field):
            yield one


@pytest.mark.parametrize(("family", "scenario", "field", "how"), HARMFUL, ids=lambda value: value)
def test_what_was_changed_is_found(family: str, scenario: str, field: str, how: str) -> None:
    """In two phrasings; the same change of a bystander may leave everything in order."""
    phrasings, edge = mutation.EDGES["phrasings"][family], mutation.EDGES[family][scenario]
    seen: list[Any] = []
    for index, mutant in enumerate(changed(family, scenario, field, how)):
        told = [mutation.trial(family, scenario, mutant, phrasings[(index + shift) % 10].format(**edge)) for shift in (0, 3)]
        seen += told
        assert all(one is None or one.kind in ("explained", "inconclusive", "quiet") for one in told), told
        if all(one is not None and one.kind == "explained" for one in told):
            return
    pytest.fail(f"nothing was explained: {seen}")


@pytest.mark.parametrize("scenario", ["ec2-security-group-egress-closed", "rds-security-group-for-other-group", "ec2-vpc-endpoint-blocks-443"])
@pytest.mark.parametrize("phrasing", (1, 6, 9))
def test_the_healthy_account_is_called_healthy(scenario: str, phrasing: int) -> None:
    edge = mutation.EDGES["connect"][scenario]
    steps = tuple(mutation.steps_of("connect", scenario))
    unchanged = mutators.Mutant("nothing", "unchanged", steps, {"do": "", "params": {}})
    outcome = mutation.trial("connect", scenario, unchanged, mutation.EDGES["phrasings"]["connect"][phrasing].format(**edge))
    assert outcome.kind == "quiet", outcome.told
