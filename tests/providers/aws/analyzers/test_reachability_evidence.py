"""What the analyzer says when evidence is taken away, spoilt, or denied."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest
from harness import Account, moto_server
from test_reachability_scenarios import CASES, Fast, estate, seed

from nephoscope.knowledge.view import Evidence
from nephoscope.models import Fact, Finding
from nephoscope_aws.analyzers.reachability import ReachabilityAnalyzer

SCENARIOS = [
    "ec2-nacl-ephemeral-blocked",
    "ec2-nat-gateway-in-private-subnet",
    "ec2-vpc-peering-route-missing",
    "elbv2-target-port-mismatch",
    "rds-stopped",
]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto_server() as url:
        yield url


def analyze(view: Evidence) -> list[Finding]:
    return list(ReachabilityAnalyzer().analyze(view))


def clean(findings: list[Finding]) -> bool:
    """A clean bill: every cause ruled out and every observation made."""
    return bool(findings) and all(one.holds == ("no" if one.role == "cause" else "yes") for one in findings)


def faults(findings: list[Finding]) -> set[str]:
    return {one.cause for one in findings if one.role == "cause" and one.holds == "yes"}


@functools.cache
def full(endpoint: str, identity: str, variant: str, denied: frozenset[str] = frozenset()) -> Evidence:
    """Everything an investigation of the scenario collects."""
    import urllib.request

    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")).read()
    scenario = next(one for one, _ in CASES if one["id"] == identity)
    account: Account = Fast(endpoint, deny=denied, estate=estate())
    seed(account, [*scenario["base"], *scenario["variants"][variant]["steps"]])
    view, _ = account.investigate([ReachabilityAnalyzer()], account.understand(scenario["text"]))
    return view


def without(view: Evidence, fact: Fact) -> Evidence:
    return Evidence(view.problem, [one for one in view.all_facts() if one.id != fact.id], view.gaps, view.identities)


def spoilt(view: Evidence, fact: Fact, value: Any) -> Evidence:
    other = fact.model_copy(update={"value": value, "grounding": "absent" if value is None else "exact"})
    return Evidence(view.problem, [*(one for one in view.all_facts() if one.id != fact.id), other], view.gaps, view.identities)


@pytest.mark.parametrize("identity", SCENARIOS)
def test_taking_a_fact_away_never_turns_sick_into_healthy_or_healthy_into_sick(endpoint: str, identity: str) -> None:
    sick, healthy = full(endpoint, identity, "fault"), full(endpoint, identity, "twin")
    known = faults(analyze(sick))
    assert known
    assert clean(analyze(healthy))
    for fact in sick.all_facts():
        findings = analyze(without(sick, fact))
        assert not clean(findings), fact
        assert faults(findings) <= known, fact
    for fact in healthy.all_facts():
        assert not faults(analyze(without(healthy, fact))), fact


@pytest.mark.parametrize("identity", SCENARIOS)
def test_a_fact_that_decides_is_cited(endpoint: str, identity: str) -> None:
    view = full(endpoint, identity, "fault")
    for finding in analyze(view):
        if finding.role == "cause" and finding.holds == "yes":
            assert finding.because
            dropped = [without(view, fact) for fact in view.all_facts() if fact.id in finding.because]
            assert any(finding.key not in {one.key for one in analyze(less) if one.holds == "yes"} for less in dropped)


@pytest.mark.parametrize("identity", SCENARIOS)
@pytest.mark.parametrize("value", [None, [], {}, "", 0])
def test_no_value_of_a_fact_makes_it_raise(endpoint: str, identity: str, value: Any) -> None:
    view = full(endpoint, identity, "fault")
    for fact in view.all_facts():
        if fact.subject.kind != "inventory" and isinstance(value, type(fact.value) | None):
            analyze(spoilt(view, fact, value))


@pytest.mark.parametrize(
    "operation", ["ec2:DescribeSecurityGroups", "ec2:DescribeNetworkAcls", "ec2:DescribeRouteTables", "ec2:DescribeInternetGateways"]
)
def test_a_denied_read_leaves_a_healthy_path_open_to_doubt(endpoint: str, operation: str) -> None:
    findings = analyze(full(endpoint, "ec2-nacl-ephemeral-blocked", "twin", frozenset({operation})))
    assert not faults(findings)
    assert not clean(findings)
    assert any(one.holds == "unknown" and one.needs for one in findings)


def test_a_denied_read_beside_the_fault_does_not_hide_it(endpoint: str) -> None:
    findings = analyze(full(endpoint, "ec2-ssh-port-closed", "fault", frozenset({"ec2:DescribeRouteTables", "ec2:DescribeNetworkAcls"})))
    assert faults(findings) == {"aws.ec2.security-group-port-closed"}
