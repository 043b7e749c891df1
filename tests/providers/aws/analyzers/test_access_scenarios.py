"""Every access scenario against the emulated account: fault, healthy twin, near miss."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import ACCOUNT, REGION, Account, moto_server, open_wordings, scenarios, substitute, suffices, truth_of

import nephoscope_aws
import nephoscope_suite_aws
from nephoscope.knowledge.playbooks import load_playbooks
from nephoscope_aws.analyzers.access import AccessAnalyzer

FOLDER = Path(nephoscope_suite_aws.__file__).parent / "scenarios" / "access"
CASES = scenarios(FOLDER)
ANALYZERS = [AccessAnalyzer()]
CARDS = load_playbooks([Path(nephoscope_aws.__file__).parent / "playbooks"])


def verdict(view, findings):
    """What the findings amount to, by the rules of the evidence gate."""
    on_path = [one for one in findings if one.on_path]
    causes = [one for one in on_path if one.role == "cause" and one.holds == "yes" and suffices(ANALYZERS, view, one)]
    if causes:
        return "confirmed", causes
    healthy = all(one.holds == ("yes" if one.role == "observation" else "no") for one in on_path)
    return ("no_fault_found" if on_path and healthy else "inconclusive"), []


@pytest.mark.parametrize(("scenario", "variant"), CASES, ids=[f"{scenario['id']}-{variant}" for scenario, variant in CASES])
def test_scenario(scenario, variant):
    body = scenario["variants"][variant]
    expected = truth_of(scenario, variant)
    with moto_server() as endpoint:
        seeded = Account(endpoint, names=dict(scenario.get("vars", {})))
        seeded.seed([*scenario["base"], *body.get("steps", ())])
        expected["resources"] = substitute(expected.get("resources", ()), {"account": ACCOUNT, "region": REGION, **seeded.names})
        for text in [body["text"]] if "text" in body else [scenario["text"], *open_wordings(scenario)]:
            account = Account(endpoint, deny=frozenset(body.get("front", {}).get("deny", ())))
            check(text, *account.investigate(ANALYZERS, account.understand(text)), expected)


def check(text, view, findings, expected):
    reached, causes = verdict(view, findings)
    told = [text, *((one.cause, one.subject.label, one.holds, one.note, [need.key for need in one.needs]) for one in findings)]
    assert reached == expected["verdict"] or (expected["verdict"] == "likely" and not causes), told
    if expected["verdict"] == "likely":
        assert {one.cause for one in findings if one.role == "cause" and one.holds == "yes"} == set(expected["causes"]), told
        return
    assert {one.cause for one in causes} == set(expected.get("causes", ())), told
    assert {*expected.get("resources", ())} <= {one.subject.native_id for one in causes}, told
    assert all(one.because for one in causes)
    assert {one.cause for one in findings if one.role == "cause"} <= CARDS.keys()
    assert all(one.details["operation"] for one in causes if not one.cause.startswith("aws.kms.key-") or "policy" in one.cause)
