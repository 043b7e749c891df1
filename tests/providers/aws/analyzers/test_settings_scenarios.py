"""Every scenario of the families that the settings analyzer decides, against the emulated account, in every wording that is not held."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from harness import IDENTITY, Account, but_for, moto_server, open_wordings, scenarios, substitute, truth_of

import nephoscope_suite_aws
from nephoscope.engine.analysis import Analysis
from nephoscope.engine.verdict import diagnose
from nephoscope_aws.analyzers.every import ANALYZERS

ROOT = Path(nephoscope_suite_aws.__file__).parent / "scenarios"
FAMILIES = ("alarms", "containers", "stores", "platform", "schedules", "functions")
STAND_IN = IDENTITY.model_copy(update={"emulated": True})
"""As who reads knows of an endpoint on loopback: what it counts says nothing."""
CASES = [case for family in FAMILIES for case in scenarios(ROOT / family)]
UNASKED = "one of its wordings is not understood: nobody asks how many tasks run"
KNOWN = {("ecs-start-network", variant): UNASKED for variant in ("fault", "twin", "shut")}


@pytest.fixture(scope="module")
def endpoint():
    with moto_server() as endpoint:
        yield endpoint


@pytest.mark.parametrize(("scenario", "variant"), but_for(CASES, KNOWN))
def test_scenario(scenario, variant, endpoint):
    body, expected = scenario["variants"][variant], truth_of(scenario, variant)
    fronts = [body.get("front", {}), scenario.get("front", {})]
    deny = frozenset(name for front in fronts for name in front.get("deny", ()))
    answers = [answer for front in fronts for answer in front.get("answer", ())]
    planted = Account(endpoint).reset()
    planted.seed([*scenario["base"], *body.get("steps", ())])
    for text in [body["text"]] if "text" in body else [scenario["text"], *open_wordings(scenario)]:
        account = Account(endpoint, deny=deny, answers=answers, names=planted.names, identity=STAND_IN)
        analysis = Analysis([analyzer() for analyzer in ANALYZERS])
        view, findings = account.investigate([analysis_of(analysis)], account.understand(text))
        told = [(one.cause, one.subject.label, one.holds, one.note, [need.key for need in one.needs]) for one in findings if one.holds != "no"]
        diagnosis = diagnose(view, findings, analysis)
        assert not analysis.broken
        assert (diagnosis.verdict, {one.cause for one in diagnosis.causes}) == (expected["verdict"], set(expected.get("causes", ()))), (text, told)
        assert set(substitute(expected.get("resources", []), planted.names)) <= {one.subject.native_id for one in diagnosis.causes}, told
        assert all(one.because and one.note and not re.search(r"\{[a-z_]+\}", one.note) for one in diagnosis.causes)
        assert {gap.operation for gap in view.gaps} >= set(expected.get("gaps", ())), view.gaps


class analysis_of:
    """All analyzers as one, so that findings are brought together as in the engine."""

    def __init__(self, analysis):
        self.analyze = analysis


def test_every_fault_has_its_counterparts():
    assert all({"fault", "twin", "near_miss"} <= set(scenario["variants"]) for scenario, _ in CASES)
