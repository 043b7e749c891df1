"""Every reachability scenario, from its words to findings, against an emulated account."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jmespath
import pytest
from botocore import xform_name
from harness import ACCOUNT, REGION, Account, moto_server, open_wordings, scenarios, substitute, suffices

import nephoscope_aws
import nephoscope_suite_aws
from nephoscope.knowledge.playbooks import load_playbooks, tell, values_for
from nephoscope.models import Finding
from nephoscope_aws.analyzers.reachability import ReachabilityAnalyzer
from nephoscope_aws.estate import AwsEstate

CASES = scenarios(Path(nephoscope_suite_aws.__file__).parent / "scenarios" / "reachability")
ANALYZERS = [ReachabilityAnalyzer()]
CARDS = load_playbooks([Path(nephoscope_aws.__file__).parent / "playbooks"])
LEFT_OVER = re.compile(r"\{[a-z_]+\}")
FOR_A_PERSON = re.compile(r"\"(PORT|[A-Z]+(-[A-Z]+)+(/32)?)\"")
estate = cache(AwsEstate)


class Fast(Account):
    """An account whose clients are made once: making one costs more than a call."""

    def client(self, service: str, region: str = REGION) -> Any:
        known = self.__dict__.setdefault("clients", {})
        if service not in known:
            known[service] = super().client(service, region)
        return known[service]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto_server() as url:
        yield url


@pytest.fixture
def empty(endpoint: str) -> str:
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")).read()
    return endpoint


def seed(account: Account, steps: list[dict[str, Any]]) -> dict[str, Any]:
    """Run the steps; what they named."""
    names: dict[str, Any] = {"account": ACCOUNT, "region": REGION}
    for step in steps:
        service, operation = step["do"].split(":")
        reply = getattr(account.client(service), xform_name(operation))(**substitute(step.get("params", {}), names))
        if "as" in step:
            names[step["as"]] = reply
    return names


def told(findings: list[Finding]) -> str:
    return "\n".join(f"{one.holds:8} {one.role:12} {one.cause} {one.subject.label}: {one.note}" for one in findings)


@pytest.mark.parametrize(("scenario", "variant"), CASES, ids=[f"{scenario['id']}-{variant}" for scenario, variant in CASES])
def test_scenario(scenario: dict[str, Any], variant: str, empty: str) -> None:
    chosen = scenario["variants"][variant]
    front = chosen.get("front") or {}
    names = seed(Fast(empty, estate=estate()), [*scenario["base"], *chosen["steps"]])
    texts = [chosen["text"]] if "text" in chosen else [scenario["text"], *open_wordings(scenario)]
    for text in texts:  # each an investigation of its own
        account = Fast(empty, deny=frozenset(front.get("deny", ())), answers=front.get("answer", ()), estate=estate(), names=names)
        view, findings = account.investigate(ANALYZERS, account.understand(text))
        judge(substitute(chosen["truth"], names), view, findings)


@pytest.mark.parametrize("scenario", [scenario for scenario, variant in CASES if variant == "fault"], ids=lambda scenario: scenario["id"])
def test_the_told_fix_mends_it(scenario: dict[str, Any], empty: str) -> None:
    """Every placeholder of the card is filled; the changes, where nothing is left to a person, make the fault go away."""
    chosen = scenario["variants"]["fault"]
    answers = (chosen.get("front") or {}).get("answer", ())
    account = Fast(empty, answers=answers, estate=estate())
    names = seed(account, [*scenario["base"], *chosen["steps"]])
    account.names.update(names)
    _, findings = account.investigate(ANALYZERS, account.understand(scenario["text"]))
    for fault in [one for one in findings if one.role == "cause" and one.holds == "yes"]:
        card = CARDS[fault.cause].card
        telling = tell(card.model_dump(mode="json", exclude={"id", "extra"}), values_for(fault))
        assert isinstance(telling, dict)
        assert not LEFT_OVER.search(json.dumps(telling)), telling
        given: dict[str, Any] = {}
        for change in telling["changes"]:
            if not FOR_A_PERSON.search(json.dumps(change["params"])):
                params = {name: given.get(value, value) if isinstance(value, str) else value for name, value in change["params"].items()}
                reply = getattr(account.client(change["service"]), xform_name(change["operation"]))(**params)
                given |= {f"${name}": jmespath.search(where, reply) for name, where in change.get("gives", {}).items()}
        if telling["changes"] and not FOR_A_PERSON.search(json.dumps(telling["changes"])):
            kept = [one for one in answers if not one["operation"].endswith("Health")]  # who is let in again answers checks again
            again = Fast(empty, answers=kept, estate=estate(), names=names)
            _, after = again.investigate(ANALYZERS, again.understand(scenario["text"]))
            assert not [one for one in after if one.role == "cause" and one.holds != "no"], told(after)


def judge(truth: dict[str, Any], view: Any, findings: list[Finding]) -> None:
    faults = [one for one in findings if one.role == "cause" and one.holds == "yes"]
    seen = [one for one in findings if one.role == "observation"]
    assert seen, "nothing was observed"
    if truth["verdict"] == "confirmed":
        assert sorted({one.cause for one in faults}) == sorted(truth["causes"]), told(findings)
        assert sorted({one.subject.native_id for one in faults}) == sorted(truth["resources"]), told(findings)
        assert all(one.because and (suffices(ANALYZERS, view, one) or view.gaps) for one in faults), told(findings)
        assert any(one.role == "cause" and one.holds == "no" for one in findings)
    else:
        assert truth["verdict"] == "no_fault_found"
        assert not [one for one in findings if one.role == "cause" and one.holds != "no"], told(findings)
        assert all(one.holds == "yes" for one in seen), told(findings)
