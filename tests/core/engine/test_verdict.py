"""Verdicts by rule: what suffices is computed by thinking the faults away, and health is never an empty hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from nephoscope.engine.analysis import Analysis
from nephoscope.engine.peel import peel
from nephoscope.engine.verdict import diagnose
from nephoscope.interfaces import FactView
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Diagnosis, Entity, Fact, FactQuery, Finding, Gap, Identity, Problem, ResourceRef, Supposition
from nephoscope.testing.fakes import NOW

WHO = Identity(cloud="brook", account="4711", principal="reader", regions=("north",))
REF = ResourceRef(cloud="brook", kind="k", native_type="t", native_id="x", name="x")
Switches = Mapping[str, Any]


def evidence(switches: Switches, **entity: Any) -> Evidence:
    facts = [
        Fact(id=f"f:{name}", subject=REF, attribute=name, value=value, grounding="exact", calls=("s1.c1",), pointer="", identity=WHO, observed_at="")
        for name, value in switches.items()
    ]
    one = Entity.model_validate({"text": "x", "matches": (REF,), **entity})
    return Evidence(Problem(text="x", symptom="suspicion", entities=(one,), now=NOW), facts, identities=[WHO])


class Hops:
    """A path of hops in a row, each blocked while its switch is off. A hop behind a blocked one is not seen (``masked``)."""

    version = "1"

    def __init__(self, *hops: str, masked: bool = False, observed: bool = True, mendable: bool = True, name: str = "hops") -> None:
        self.hops, self.masked, self.observed, self.mendable, self.name = hops, masked, observed, mendable, name

    def analyze(self, view: FactView) -> list[Finding]:
        found, stopped = [], False
        for hop in self.hops:
            fact = view.fact(REF, hop)
            if fact is None or (self.masked and stopped):
                found += [self.cause(hop, "unknown"), self.seen(hop, "unknown")]
                continue
            found += [self.cause(hop, "no" if fact.value else "yes", fact.id), self.seen(hop, "yes" if fact.value else "no", fact.id)]
            stopped = stopped or not fact.value
        return [one for one in found if self.observed or one.role == "cause"]

    def cause(self, hop: str, holds: str, *because: str) -> Finding:
        suppose = (Supposition(subject=REF, attribute=hop, value=True),) if holds == "yes" and self.mendable else ()
        needs = (FactQuery(subject=REF, attribute=hop),) if holds == "unknown" else ()
        return Finding.model_validate({"cause": f"c.{hop}", "subject": REF, "holds": holds, "because": because, "suppose": suppose, "needs": needs})

    def seen(self, hop: str, holds: str, *because: str) -> Finding:
        return Finding.model_validate({"cause": f"c.seen-{hop}", "subject": REF, "holds": holds, "because": because, "role": "observation"})


class Says:
    """Findings out of a function."""

    version = "1"

    def __init__(self, say: Callable[[FactView], Sequence[Finding]], name: str = "says") -> None:
        self.analyze, self.name = say, name


def judged(switches: Switches, *analyzers: Any, **entity: Any) -> Diagnosis:
    view, analysis = evidence(switches, **entity), Analysis(analyzers)
    return diagnose(view, analysis(view), analysis)


def told(diagnosis: Diagnosis) -> tuple[str, list[str]]:
    return diagnosis.verdict, [one.cause for one in diagnosis.causes]


def test_one_fault_that_explains_everything_is_confirmed() -> None:
    diagnosis = judged({"a": True, "b": False, "c": True}, Hops("a", "b", "c"))
    assert told(diagnosis) == ("confirmed", ["c.b"])
    assert diagnosis.causes[0].sufficient
    assert [one.cause for one in diagnosis.ruled_out] == ["c.a", "c.c"]


def test_two_faults_are_two_causes() -> None:
    assert told(judged({"a": False, "b": True, "c": False}, Hops("a", "b", "c"))) == ("confirmed", ["c.a", "c.c"])


def test_a_second_fault_behind_the_first_is_uncovered() -> None:
    switches = {"a": True, "b": False, "c": True, "d": False}
    diagnosis = judged(switches, Hops("a", "b", "c", "d", masked=True))
    assert told(diagnosis) == ("confirmed", ["c.b", "c.d"])
    assert told(judged({"b": False, "d": False}, Hops("b", "d", masked=True))) == ("likely", ["c.b", "c.d"]), "nothing was seen in order"


def test_what_follows_from_a_thing_made_up_for_the_peel_is_no_cause() -> None:
    """The mend invents a subscriber; that the invented one does not exist is nothing the account shows."""

    def say(view: FactView) -> list[Finding]:
        wired = view.fact(REF, "wired")
        assert wired is not None
        mend = (Supposition(subject=REF, attribute="wired", value="made-up"),)
        missing = Finding(cause="c.wiring-missing", subject=REF, holds="no" if wired.value else "yes", because=(wired.id,), suppose=mend)
        if not wired.value:
            return [missing]
        imagined = (wired.id, "f:inventory~made-up")
        return [missing, Finding(cause="c.target-deleted", subject=REF, holds="yes", because=imagined, suppose=mend)]

    assert told(judged({"wired": ""}, Says(say))) == ("likely", ["c.wiring-missing"])


def test_a_fault_that_goes_with_another_is_noticed_only() -> None:
    """``echo`` holds because ``b`` is off: with that mended it is gone."""

    def echo(view: FactView) -> list[Finding]:
        fact = view.fact(REF, "b")
        assert fact is not None
        suppose = (Supposition(subject=REF, attribute="unrelated", value=1),)
        holds = "no" if fact.value else "yes"
        return [Finding.model_validate({"cause": "c.echo", "subject": REF, "holds": holds, "because": (fact.id,), "suppose": suppose})]

    diagnosis = judged({"a": True, "b": False}, Says(echo), Hops("a", "b"))
    assert told(diagnosis) == ("confirmed", ["c.b"])
    assert [one.cause for one in diagnosis.also_noticed] == ["c.echo"]


def test_a_defect_off_the_path_is_noticed_only() -> None:
    latent = Hops("x").cause("x", "yes", "f:x").model_copy(update={"on_path": False})
    diagnosis = judged({"a": True, "x": False}, Hops("a"), Says(lambda _: [latent]))
    assert told(diagnosis) == ("no_fault_found", [])
    assert diagnosis.also_noticed == (latent.model_copy(update={"decided_by": "analyzer:says"}),)


def test_a_fault_that_leaves_the_path_blocked_is_likely_at_most() -> None:
    closed = Says(lambda _: [Hops("z").seen("z", "no", "f:z")], "closed")
    diagnosis = judged({"a": False, "b": True, "z": False}, Hops("a", "b"), closed)
    assert told(diagnosis) == ("likely", ["c.a"])
    assert not diagnosis.causes[0].sufficient


def test_a_fault_that_nobody_can_think_away_is_likely_at_most() -> None:
    assert told(judged({"a": True, "b": False}, Hops("a", "b", mendable=False))) == ("likely", ["c.b"])


def test_a_fault_without_any_rival_or_observation_is_likely_at_most() -> None:
    assert told(judged({"a": False}, Hops("a", observed=False))) == ("likely", ["c.a"])


def test_a_fault_of_a_guessed_thing_is_likely_at_most() -> None:
    assert told(judged({"a": True, "b": False}, Hops("a", "b"), assumed=True, near=(REF,))) == ("likely", ["c.b"])


def test_what_cannot_be_seen_beside_a_sufficient_fault_changes_nothing_but_is_listed() -> None:
    diagnosis = judged({"a": False, "b": True}, Hops("a", "b", "hidden"))
    assert told(diagnosis) == ("confirmed", ["c.a"])
    assert [one.cause for one in diagnosis.open] == ["c.hidden"]
    assert diagnosis.confidence < judged({"a": False, "b": True, "hidden": True}, Hops("a", "b", "hidden")).confidence


def test_health_needs_every_observation_and_every_thing_named() -> None:
    healthy = {"a": True, "b": True}
    assert judged(healthy, Hops("a", "b")).verdict == "no_fault_found"
    assert judged(healthy, Hops("a", "b", "hidden")).verdict == "inconclusive"
    assert judged(healthy, Hops("a", "b", observed=False)).verdict == "inconclusive", "nothing ruled out is nothing seen"
    assert judged(healthy).verdict == "inconclusive"
    assert judged(healthy, Hops("a", "b"), matches=(), native_types=("t",)).verdict == "inconclusive"
    assert judged(healthy, Hops("a", "b"), matches=(), near=(REF, REF)).verdict == "inconclusive"
    assert judged(healthy, Hops("a", "b"), matches=()).verdict == "inconclusive", "nothing was identified"
    assert judged(healthy, Hops("a", "b"), assumed=True, near=(REF,)).verdict == "inconclusive", "a guess"
    assert judged(healthy, Hops("a", "b"), assumed=True).verdict == "no_fault_found", "the only one there is"


def test_an_open_cause_or_an_observation_that_fails_is_not_health() -> None:
    open_ = Says(lambda _: [Hops("z").cause("z", "unknown")], "open")
    failing = Says(lambda _: [Hops("z").seen("z", "no", "f:z")], "failing")
    for analyzer in (open_, failing):
        assert judged({"a": True}, Hops("a"), analyzer).verdict == "inconclusive"


def test_more_layers_than_anybody_peels_end_honestly() -> None:
    hops = [f"h{number}" for number in range(12)]
    diagnosis = judged(dict.fromkeys(hops, False), Hops(*hops, masked=True))
    assert diagnosis.verdict == "likely"


def test_supposing_does_not_change_what_is_known() -> None:
    view, analysis = evidence({"a": False, "b": False}), Analysis([Hops("a", "b")])
    before = analysis(view)
    assert peel(view, before, analysis).clears
    assert analysis(view) == before


def test_confidence_stays_within_bounds() -> None:
    many = {f"h{number}": True for number in range(30)} | {"bad": False}
    assert 0.9 < judged(many, Hops(*many)).confidence <= 0.99
    assert judged({}, Hops(*many)).confidence == 0.2


# -- analysis ------------------------------------------------------------------------------------------------------


def test_an_analyzer_that_raises_is_left_out_and_named() -> None:
    calls: list[int] = []

    def fail(_: FactView) -> list[Finding]:
        calls.append(1)
        raise RuntimeError("no idea")

    analysis = Analysis([Says(fail, "bad"), Hops("a"), Says(lambda _: ["no finding"], "odd")])  # type: ignore[list-item, return-value]
    view = evidence({"a": True})
    assert {one.cause for one in analysis(view)} == {"c.a", "c.seen-a"} == {one.cause for one in analysis(view)}
    assert (analysis.broken.keys(), analysis.broken["bad"], len(calls)) == ({"bad", "odd"}, "RuntimeError: no idea", 1)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_of_findings_on_the_same_thing_the_decided_one_counts(order: tuple[int, ...]) -> None:
    holds = ["unknown", "no", "yes"]
    analyzers = [Says(lambda _, one=holds[index]: [Hops("a").cause("a", one, "f:a")], f"n{index}") for index in order]  # type: ignore[misc]
    (finding,) = Analysis(analyzers)(evidence({}))
    assert (finding.holds, finding.decided_by) == ("yes", "analyzer:n2")


def test_nobody_declares_what_suffices_or_who_decided() -> None:
    boast = Hops("a").cause("a", "yes", "f:a").model_copy(update={"sufficient": True, "decided_by": "analyzer:somebody-else"})
    (finding,) = Analysis([Says(lambda _: [boast], "me")])(evidence({}))
    assert (finding.sufficient, finding.decided_by) == (False, "analyzer:me")
    told_by = boast.model_copy(update={"decided_by": "playbook:ponds"})
    (finding,) = Analysis([Says(lambda _: [told_by], "playbooks")])(evidence({}))
    assert finding.decided_by == "playbook:ponds"


def test_gaps_are_no_evidence() -> None:
    view = Evidence(evidence({}).problem, (), [Gap(what="a", subject=REF, attribute="a", reason="access_denied")], [WHO])
    analysis = Analysis([Hops("a")])
    diagnosis = diagnose(view, analysis(view), analysis)
    assert (diagnosis.verdict, diagnosis.causes, diagnosis.ruled_out) == ("inconclusive", (), ())


def test_health_is_not_claimed_while_something_named_was_left_aside() -> None:
    """What no judgement rests on may be where the fault is; what merely places the thing, or is said to work, need not be looked at."""
    other = ResourceRef(cloud="brook", kind="k", native_type="u", native_id="y", name="y")
    analysis = Analysis([Hops("a")])

    def verdict(**more: Any) -> str:
        view = evidence({"a": True})
        second = Entity.model_validate({"text": "y", "matches": (other,), **more})
        entities = (*view.problem.entities, second)
        asked = Evidence(view.problem.model_copy(update={"entities": entities}), view.all_facts(), identities=[WHO])
        return diagnose(asked, analysis(asked), analysis).verdict

    assert verdict() == "inconclusive"
    assert verdict(role="healthy") == "no_fault_found"
    assert verdict(named=False) == "no_fault_found"
    assert verdict(matches=(other, REF)) == "no_fault_found"
