"""A fallback analyzer speaks where the others have no answer, and only there; suppositions change nothing of that."""

from __future__ import annotations

from typing import Any

import pytest

from nephoscope.engine.analysis import Analysis
from nephoscope.engine.verdict import diagnose
from nephoscope.interfaces import FactView
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Entity, Fact, Finding, Identity, Problem, ResourceRef, Supposition
from nephoscope.testing.fakes import NOW

WHO = Identity(cloud="brook", account="4711", principal="reader", regions=("north",))
REF = ResourceRef(cloud="brook", kind="k", native_type="t", native_id="x", name="x")


def evidence(**switches: Any) -> Evidence:
    facts = [
        Fact(id=f"f:{name}", subject=REF, attribute=name, value=value, grounding="exact", calls=("s1.c1",), pointer="", identity=WHO, observed_at="")
        for name, value in switches.items()
    ]
    entity = Entity(text="x", matches=(REF,))
    return Evidence(Problem(text="x", symptom="suspicion", entities=(entity,), now=NOW), facts, identities=[WHO])


class Valve:
    version = "1"

    def __init__(self, name: str, *, fallback: bool = False) -> None:
        self.name, self.fallback = name, fallback

    def analyze(self, view: FactView) -> list[Finding]:
        fact = view.fact(REF, self.name)
        holds = "unknown" if fact is None else "no" if fact.value else "yes"
        because = (fact.id,) if fact else ()
        suppose = (Supposition(subject=REF, attribute=self.name, value=True),) if holds == "yes" else ()
        cause = {"cause": f"c.{self.name}", "subject": REF, "holds": holds, "because": because, "suppose": suppose}
        seen = {"cause": f"c.seen-{self.name}", "subject": REF, "holds": {"yes": "no", "no": "yes"}.get(holds, holds), "because": because}
        return [Finding.model_validate(cause), Finding.model_validate({**seen, "role": "observation"})]


ANALYSIS = Analysis([Valve("walk", fallback=True), Valve("gate")])


def verdict(**switches: Any) -> tuple[str, list[str]]:
    view = evidence(**switches)
    diagnosis = diagnose(view, ANALYSIS(view), ANALYSIS)
    return diagnosis.verdict, [one.cause for one in diagnosis.causes]


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({"gate": False, "walk": False}, ("likely", ["c.gate"])),
        ({"gate": True, "walk": False}, ("no_fault_found", [])),
        ({"walk": False}, ("likely", ["c.walk"])),
        ({"walk": True}, ("inconclusive", [])),
        ({}, ("inconclusive", [])),
    ],
)
def test_it_is_heard_where_nothing_else_is_known(switches: dict[str, bool], expected: tuple[str, list[str]]) -> None:
    assert verdict(**switches) == expected


class Traceless(Valve):
    """What it watches leaves no trace here: whether it works is not seen, and that speaks against nothing."""

    def analyze(self, view: FactView) -> list[Finding]:
        unseen = {"cause": f"c.seen-{self.name}-working", "subject": REF, "holds": "unknown", "role": "observation", "on_path": False}
        return [*super().analyze(view), Finding.model_validate(unseen)]


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({"gate": True, "walk": False}, ("confirmed", ["c.walk"])),
        ({"gate": False, "walk": False}, ("likely", ["c.gate"])),
        ({"gate": True, "walk": True}, ("no_fault_found", [])),
        ({"gate": True}, ("no_fault_found", [])),
    ],
)
def test_a_cause_is_heard_where_nothing_was_seen_to_work(switches: dict[str, bool], expected: tuple[str, list[str]]) -> None:
    analysis, view = Analysis([Valve("walk", fallback=True), Traceless("gate")]), evidence(**switches)
    diagnosis = diagnose(view, analysis(view), analysis)
    assert (diagnosis.verdict, [one.cause for one in diagnosis.causes]) == expected


def test_what_it_needs_comes_last_and_it_cannot_say_so_itself() -> None:
    assert {one.cause: one.last for one in ANALYSIS(evidence())} == {
        "c.gate": False, "c.seen-gate": False, "c.walk": True, "c.seen-walk": True,
    }  # fmt: skip


def test_a_supposition_does_not_call_it_in() -> None:
    view = evidence(gate=False, walk=False)
    mended = view.suppose([Supposition(subject=REF, attribute="gate", value=True)])
    assert [one.cause for one in ANALYSIS(mended)] == ["c.gate", "c.seen-gate"]
