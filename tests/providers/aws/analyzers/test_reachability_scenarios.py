"""Every reachability scenario, from its words to findings, against an emulated account."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import Any

import nephoscope_suite_aws
import pytest
from botocore import xform_name
from harness import ACCOUNT, REGION, Account, moto_server, scenarios, substitute, suffices

from nephoscope.knowledge.reading import first_reading
from nephoscope.models import Finding
from nephoscope_aws.analyzers.reachability import ReachabilityAnalyzer

FOLDER = Path(nephoscope_suite_aws.__file__).parent / "scenarios" / "reachability"
CASES = scenarios(FOLDER)
ANALYZERS = [ReachabilityAnalyzer()]


def seed(account: Account, steps: list[dict[str, Any]]) -> dict[str, Any]:
    """Run the steps; what they named."""
    names: dict[str, Any] = {"account": ACCOUNT, "region": REGION}
    for step in steps:
        service, operation = step["do"].split(":")
        reply = getattr(account.client(service), xform_name(operation))(**substitute(step.get("params", {}), names))
        if "as" in step:
            names[step["as"]] = reply
    return names


def investigate(account: Account, text: str) -> tuple[Any, list[Finding]]:
    words = first_reading(text, "2026-11-24T10:00Z")
    understood = account.understand(text, words.symptom)
    read = understood.model_copy(update={"symptoms": words.symptoms, "numbers": words.numbers})
    return account.investigate(ANALYZERS, read)


def told(findings: list[Finding]) -> str:
    return "\n".join(f"{one.holds:8} {one.role:12} {one.cause} {one.subject.label}: {one.note} {[need.key for need in one.needs]}" for one in findings)


@pytest.mark.parametrize(("scenario", "variant"), CASES, ids=[f"{scenario['id']}-{variant}" for scenario, variant in CASES])
def test_scenario(scenario: dict[str, Any], variant: str) -> None:
    chosen = scenario["variants"][variant]
    with moto_server() as endpoint:
        urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")).read()
        account = Account(endpoint, deny=frozenset((chosen.get("front") or {}).get("deny", ())))
        names = seed(account, [*scenario["base"], *chosen["steps"]])
        texts = [chosen.get("text") or scenario["text"], *(scenario.get("wordings") or [] if "text" not in chosen else [])]
        for text in texts:
            view, findings = investigate(account, text)
            judge(substitute(chosen["truth"], names), view, findings)


def judge(truth: dict[str, Any], view: Any, findings: list[Finding]) -> None:
    faults = [one for one in findings if one.role == "cause" and one.holds == "yes"]
    seen = [one for one in findings if one.role == "observation"]
    assert seen, "nothing was observed"
    if truth["verdict"] == "confirmed":
        assert sorted({one.cause for one in faults}) == sorted(truth["causes"]), told(findings)
        assert sorted({one.subject.native_id for one in faults}) == sorted(truth["resources"]), told(findings)
        assert all(suffices(ANALYZERS, view, one) or view.gaps for one in faults), told(list(ANALYZERS[0].analyze(view.suppose(faults[0].suppose))))
        assert any(one.role == "cause" and one.holds == "no" for one in findings)
        assert all(one.because for one in faults)
    else:
        assert truth["verdict"] == "no_fault_found"
        assert not [one for one in findings if one.role == "cause" and one.holds != "no"], told(findings)
        assert all(one.holds == "yes" for one in seen), told(findings)
