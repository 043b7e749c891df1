"""Accounts made from a number: the same for the same one, whole, and marked with what was changed."""

from __future__ import annotations

import json
import re

import pytest

from nephoscope.comparison.outcome import outcome
from nephoscope.comparison.scenario import read_scenario
from nephoscope.interfaces import UsageError
from nephoscope.models.report import Report
from nephoscope.testing.conformance import ComposerSuite
from nephoscope_suite_aws.mutators import mutants
from nephoscope_suite_aws.unseen import Unseen


class TestUnseen(ComposerSuite):
    subject = Unseen()


def test_every_mutator_has_its_turn_and_every_change_is_told() -> None:
    made = [read_scenario(one) for one in Unseen().mutate(3, 40)]
    assert len({one.id for one in made}) == 40
    assert len({one.family for one in made}) >= 8
    for one in made:
        assert one.truth("mutant").touches
        assert "{" not in one.words("mutant")


def test_composed_accounts_are_whole_scenarios_with_bystanders() -> None:
    made = [read_scenario(one) for one in Unseen().compose(11, 25)]
    for one in made:
        (variant,) = one.variants
        told = json.dumps(one.seed(variant))
        named = set(re.findall(r"\$\{(\w+)\.", told)) - {"account", "region"}
        given = set(re.findall(r'"as": "(\w+)"', told)) | set(one.vars)
        assert named <= given, one.id
        assert any(step.get("ignore_errors") for step in one.base)
    assert len({one.family for one in made}) >= 3


def test_one_change_at_a_time() -> None:
    steps = [
        {"do": "sqs:CreateQueue", "params": {"QueueName": "jobs", "Attributes": {"DelaySeconds": 5}}, "as": "jobs"},
        {"do": "kms:CreateKey", "params": {}, "as": "key"},
    ]
    made = {(one.field, one.how) for one in mutants(steps)}
    assert ("sqs:CreateQueue.Attributes.DelaySeconds", "shifted") in made
    assert ("kms:CreateKey", "kms:DisableKey") in made
    assert not any("QueueName" in field for field, _ in made)


REPORT = {"id": "i", "problem": "p", "started_at": "2026-11-24T10:00Z", "ended_at": "2026-11-24T10:00Z", "status": "concluded", "isolation": "none"}


@pytest.mark.parametrize(
    ("verdict", "resources", "expected"),
    [
        ("confirmed", ["arn:aws:iam::1:role/payroll-reader"], "explained"),
        ("likely", ["sg-0123456789"], "explained"),
        ("confirmed", ["somebody-elses"], "wrong"),
        ("confirmed", [], "inconclusive"),
        ("inconclusive", [], "inconclusive"),
        ("no_fault_found", [], "quiet"),
    ],
)
def test_what_was_made_of_a_change(verdict: str, resources: list[str], expected: str) -> None:
    cause = {"id": "aws.x.y", "title": "t", "explanation": "e", "confidence": 0.5, "resources": resources, "evidence": [], "decided_by": "analyzer:x"}
    report = Report.model_validate({**REPORT, "verdict": verdict, "root_causes": [cause] if resources else []})
    assert outcome(report, ["payroll-reader", "${web}"], {"web": ["sg-0123456789"]}) == expected


def test_a_composed_scenario_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError):
        read_scenario({"id": "x"})
