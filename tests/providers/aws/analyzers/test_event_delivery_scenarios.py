"""Every delivery scenario against the emulated account: fault, healthy twin, near miss, in every wording."""

from __future__ import annotations

from pathlib import Path

import pytest
from harness import IDENTITY, Account, but_for, moto_server, open_wordings, scenarios, truth_of

import nephoscope_suite_aws
from nephoscope.engine.verdict import diagnose
from nephoscope_aws.analyzers.event_delivery import EventDelivery

FOLDER = Path(nephoscope_suite_aws.__file__).parent / "scenarios" / "event-delivery"
STAND_IN = IDENTITY.model_copy(update={"emulated": True})
"""As who reads knows of an endpoint on loopback: what it counts says nothing."""
CASES = scenarios(FOLDER)
KNOWN = {("events-other-bus", "fault"): "decided by what other analyzers see, and one alone is asked here; `bench` asks all"}
ANALYZERS = [EventDelivery()]


@pytest.mark.parametrize(("scenario", "variant"), but_for(CASES, KNOWN))
def test_scenario(scenario, variant):
    body, expected = scenario["variants"][variant], truth_of(scenario, variant)
    with moto_server() as endpoint:
        Account(endpoint).seed([*scenario["base"], *body.get("steps", ())])
        texts = [body["text"]] if "text" in body else [scenario["text"], *open_wordings(scenario)]
        for text in texts:
            account = Account(endpoint, deny=frozenset(body.get("front", {}).get("deny", ())), identity=STAND_IN)
            view, findings = account.investigate(ANALYZERS, account.understand(text))
            told = [(one.cause, one.subject.label, one.holds, one.note, [need.key for need in one.needs]) for one in findings if one.holds != "no"]
            diagnosis = diagnose(view, findings, lambda evidence: list(ANALYZERS[0].analyze(evidence)))
            assert diagnosis.verdict == expected["verdict"], (text, told)
            assert {one.cause for one in diagnosis.causes} == set(expected.get("causes", ())), (text, told)
            named = {one for one in expected.get("resources", ()) if not one.startswith("${")}
            assert named <= {one.subject.native_id for one in diagnosis.causes}, told
            assert all(one.because and one.note for one in diagnosis.causes)
            assert {gap.operation for gap in view.gaps} >= set(expected.get("gaps", ())), view.gaps


def test_every_fault_has_its_counterparts():
    ids = {scenario["id"] for scenario, _ in CASES}
    causes = {cause for scenario, variant in CASES for cause in scenario["variants"][variant]["truth"].get("causes", ())}
    assert len(ids) >= 12
    assert len(causes) >= 14
    assert all({"fault", "twin"} <= set(scenario["variants"]) for scenario, _ in CASES)
