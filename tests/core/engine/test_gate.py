"""The gate: whoever touches the record between the loop and the verdict loses the verdict; claims stand on facts or not at all."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nephoscope.engine.dossier import dossier
from nephoscope.engine.gate import gate
from nephoscope.interfaces import FactView
from nephoscope.knowledge.paths import at
from nephoscope.models import Check, Claim, Conclusion, Diagnosis, Fact, Finding, Predicate, Read, ResourceRef
from nephoscope.store import canonical
from nephoscope.testing.fakes import Answer, source_of

GET_POND = Check(
    id="weir",
    intent="weir of deep",
    cloud="brook",
    reads=(Read(cloud="brook", service="ponds", operation="GetPond", region="north", params={"Pond": "deep"}),),
)
STOP = Conclusion(stop="enough")


@pytest.fixture
def concluded(begin: Callable[..., Any]) -> Any:
    """A finished run that confirmed the shut weir."""
    run = begin(planner=[[GET_POND]])
    report = run.drive()
    assert (report.verdict, [cause.id for cause in report.root_causes]) == ("confirmed", ["brook.ponds.weir-shut"])
    return run


def cited(run: Any) -> list[Fact]:
    """Facts the diagnosis of the run rests on, with the calls that show them."""
    view = dossier(run.context)
    diagnosis = run.context.store.load("diagnosis", Diagnosis)
    assert diagnosis is not None
    told = [*diagnosis.causes, *diagnosis.ruled_out, *diagnosis.observations]
    facts = {fact_id: view.by_id(fact_id) for one in told for fact_id in one.because}
    assert all(facts.values())
    return [fact for fact in facts.values() if fact]


def blob_of(run: Any, call: str) -> Path:
    entry = run.context.ledger.reply(call)
    return Path(run.dir / "blobs" / entry.blob[:2] / entry.blob)


def replaced(document: Any, pointer: str, change: Callable[[Any, str], None]) -> Any:
    fresh = json.loads(json.dumps(document))
    parent, _, key = pointer.rpartition("/")
    change(at(fresh, parent), key)
    return fresh


def flip(parent: Any, key: str) -> None:
    parent[key] = "tampered" if isinstance(parent[key], str) else not parent[key] if isinstance(parent[key], bool) else parent[key] + 7


def delete(parent: Any, key: str) -> None:
    del parent[key]


def swap(parent: Any, key: str) -> None:
    other = next(name for name in sorted(parent) if name != key)
    parent[key], parent[other] = parent[other], parent[key]


TAMPERINGS = [flip, delete, swap]


@pytest.mark.parametrize("change", TAMPERINGS)
def test_a_stored_reply_changed_in_place_proves_nothing(concluded: Any, change: Callable[[Any, str], None]) -> None:
    for fact in cited(concluded):
        path = blob_of(concluded, fact.calls[0])
        before = path.read_bytes()
        path.write_text(canonical(replaced(json.loads(before), fact.pointer, change)))
        diagnosis = gate(concluded.context, STOP)
        assert (diagnosis.verdict, diagnosis.causes) == ("inconclusive", ())
        path.write_bytes(before)
    assert gate(concluded.context, STOP).verdict == "confirmed"


@pytest.mark.parametrize("change", TAMPERINGS)
def test_a_reply_changed_with_hashes_and_ledger_in_step_proves_nothing(concluded: Any, change: Callable[[Any, str], None]) -> None:
    """The facts are not those that the loop saw, even where the same fault would follow from them."""
    for fact in cited(concluded):
        entry = concluded.context.ledger.reply(fact.calls[0])
        text = canonical(replaced(entry.document, fact.pointer, change)).encode()
        name = hashlib.sha256(text).hexdigest()
        target = concluded.dir / "blobs" / name[:2] / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(text)
        with sqlite3.connect(concluded.dir / "ledger.db") as ledger:
            ledger.execute("UPDATE answers SET blob = ? WHERE call_id = ?", (name, fact.calls[0]))
        diagnosis = gate(concluded.context, STOP)
        told = {fact_id for one in (*diagnosis.causes, *diagnosis.ruled_out, *diagnosis.observations) for fact_id in one.because}
        assert fact.id not in told
        assert diagnosis.verdict in ("inconclusive", "likely") or fact.attribute != "weir"
        assert told <= {one.id for one in concluded.context.store.facts()}
        with sqlite3.connect(concluded.dir / "ledger.db") as ledger:
            ledger.execute("UPDATE answers SET blob = ? WHERE call_id = ?", (entry.blob, fact.calls[0]))
    assert gate(concluded.context, STOP).verdict == "confirmed"


def test_a_fault_that_would_follow_from_other_facts_is_dropped_by_name(concluded: Any) -> None:
    """Another reading says the same, but it is not what the loop saw."""
    script = concluded.context.store.blobs.put(source_of(GET_POND.reads).encode())
    concluded.boundary.execute(2, 1, script, "person")
    diagnosis = gate(concluded.context, STOP)
    assert diagnosis.causes == ()
    assert any(one.startswith("brook.ponds.weir-shut") for one in diagnosis.dropped)


def test_health_is_not_proven_by_a_changed_reply(begin: Callable[..., Any], pond: Any) -> None:
    pond.answers["GetPond"] = Answer({"Depth": 9, "Weir": "open"})
    run = begin(planner=[[GET_POND]])
    assert run.drive().verdict == "no_fault_found"
    path = blob_of(run, "s1.c1")
    path.write_text(canonical({"Depth": 9, "Weir": "wide open"}))
    assert gate(run.context, STOP).verdict == "inconclusive"


def test_where_an_analyzer_failed_health_is_not_claimed(begin: Callable[..., Any], pond: Any) -> None:
    """What it would have said nobody knows."""
    pond.answers["GetPond"] = Answer({"Depth": 9, "Weir": "open"})
    run = begin(planner=[[GET_POND]])
    assert run.drive().verdict == "no_fault_found"
    run.context.analysis.broken["loose"] = "ValueError: no idea"
    diagnosis = gate(run.context, STOP)
    assert (diagnosis.verdict, diagnosis.confidence) == ("inconclusive", 0.2)


def test_where_an_analyzer_failed_the_causes_may_not_be_all(concluded: Any) -> None:
    concluded.context.analysis.broken["loose"] = "ValueError: no idea"
    diagnosis = gate(concluded.context, STOP)
    assert (diagnosis.verdict, [one.cause for one in diagnosis.causes]) == ("likely", ["brook.ponds.weir-shut"])


class Loose:
    """An analyzer that says what it is told."""

    name = "loose"
    version = "1"

    def __init__(self, say: Callable[[FactView], list[Finding]]) -> None:
        self.say = say

    def analyze(self, view: FactView) -> list[Finding]:
        return self.say(view)


def said(view: FactView, *because: str) -> list[Finding]:
    (pond,) = view.problem.matched("ponds:pond")
    return [Finding(cause="brook.ponds.hunch", subject=pond, holds="yes", because=because)]


@pytest.mark.parametrize("because", [(), ("f:invented",), ("supposed",)])
def test_a_fault_without_facts_of_the_record_is_dropped(begin: Callable[..., Any], because: tuple[str, ...]) -> None:
    report = begin(analyzers=[Loose(lambda view: said(view, *because))]).drive()
    assert (report.verdict, report.root_causes) == ("inconclusive", ())


def test_an_analyzer_that_fails_under_a_supposition_proves_nothing(begin: Callable[..., Any]) -> None:
    """Its silence about the mended account must not read as a path that is clear."""
    from nephoscope.models import Supposition

    def say(view: FactView) -> list[Finding]:
        (pond,) = view.problem.matched("ponds:pond")
        depth = view.fact(pond, "depth")
        assert depth is not None
        if depth.value == 100:
            raise ValueError("too deep for me")
        return [
            Finding(
                cause="brook.ponds.shallow",
                subject=pond,
                holds="yes",
                because=(depth.id,),
                suppose=(Supposition(subject=pond, attribute="depth", value=100),),
            ),
            Finding(cause="brook.ponds.rival", subject=pond, holds="no", because=(depth.id,)),
        ]

    report = begin(analyzers=[Loose(say)]).drive()
    assert (report.verdict, report.root_causes) == ("inconclusive", ())
    assert any("too deep for me" in one for one in report.assumptions)


# -- claims --------------------------------------------------------------------------------------------------------


@pytest.fixture
def quiet(begin: Callable[..., Any]) -> Iterator[Any]:
    """A run that knows the listing and has no opinion."""
    run = begin(analyzers=())
    run.drive()
    yield run


def facts_of(run: Any) -> dict[tuple[str, str], Fact]:
    return {(fact.subject.label, fact.attribute): fact for fact in dossier(run.context).all_facts()}


def claimed(run: Any, *predicates: Predicate, prose: str = "", subject: str = "deep", cause: str = "brook.ponds.thing") -> Diagnosis:
    ref = facts_of(run)[subject, "exists"].subject
    return gate(run.context, Conclusion(stop="s", claims=(Claim(cause=cause, resources=(ref,), predicates=predicates, prose=prose),)))


def depth_is(run: Any, **condition: Any) -> Predicate:
    return Predicate.model_validate({"fact": facts_of(run)["deep", "depth"].id, **condition})


@pytest.mark.parametrize(
    "condition",
    [
        {"is_": "equals", "value": 9},
        {"is_": "present"},
        {"is_": "in", "value": [8, 9]},
        {"is_": "gt", "value": 2, "times": 4.0},
        {"is_": "lt", "value": 2, "times": 5.0},
    ],
)
def test_a_claim_that_holds_is_likely_never_confirmed(quiet: Any, condition: dict[str, Any]) -> None:
    diagnosis = claimed(quiet, depth_is(quiet, **condition))
    assert (diagnosis.verdict, [one.cause for one in diagnosis.causes], diagnosis.dropped) == ("likely", ["brook.ponds.thing"], ())
    assert diagnosis.causes[0].decided_by.startswith("model:")


@pytest.mark.parametrize(
    "condition",
    [
        {"is_": "equals", "value": 8},
        {"is_": "equals", "value": "9"},
        {"is_": "absent"},
        {"is_": "in", "value": [8]},
        {"is_": "in", "value": 9},
        {"is_": "gt", "value": 9},
        {"is_": "lt", "value": "10"},
        {"is_": "matches", "value": "9"},
        {"is_": "same_as"},
        {"is_": "same_as", "other": "f:invented"},
        {"fact": "f:invented", "is_": "present"},
        {"fact": "f:invented", "is_": "absent"},
    ],
)
def test_a_claim_that_fails_is_dropped(quiet: Any, condition: dict[str, Any]) -> None:
    diagnosis = claimed(quiet, depth_is(quiet, **condition))
    assert (diagnosis.verdict, diagnosis.causes, len(diagnosis.dropped)) == ("inconclusive", (), 1)


def test_facts_are_compared_with_facts(quiet: Any) -> None:
    facts = facts_of(quiet)
    same = Predicate(fact=facts["deep", "exists"].id, is_="same_as", other=facts["flat", "exists"].id)
    deeper = Predicate(fact=facts["deep", "depth"].id, is_="gt", other=facts["flat", "depth"].id, times=8.0)
    assert claimed(quiet, same, deeper).verdict == "likely"
    assert claimed(quiet, same, deeper.model_copy(update={"times": 9.0})).verdict == "inconclusive"


@pytest.mark.parametrize("pattern", ["(", "(a+)+$", "(.*)*x", ".*.*.*.*.*x", "a{1,9}.*.+b"])
def test_patterns_that_are_broken_or_endless_match_nothing(quiet: Any, pattern: str) -> None:
    keeper = facts_of(quiet)["deep", "keeper"].id
    assert claimed(quiet, Predicate(fact=keeper, is_="matches", value="^an+$")).verdict == "likely"
    assert claimed(quiet, Predicate(fact=keeper, is_="matches", value=pattern)).verdict == "inconclusive"


def test_a_claim_without_condition_or_resource_is_dropped(quiet: Any) -> None:
    assert claimed(quiet).verdict == "inconclusive"
    bare = Claim(cause="x", resources=(), predicates=(depth_is(quiet, is_="present"),))
    assert gate(quiet.context, Conclusion(stop="s", claims=(bare,))).dropped


def test_an_invented_resource_is_dropped(quiet: Any) -> None:
    ghost = ResourceRef(cloud="brook", kind="storage.object_store", native_type="ponds:pond", native_id="pond:north:4711:ghost", name="ghost")
    claim = Claim(cause="x", resources=(ghost,), predicates=(depth_is(quiet, is_="present"),))
    (why,) = gate(quiet.context, Conclusion(stop="s", claims=(claim,))).dropped
    assert "ghost" in why


@pytest.mark.parametrize(
    ("prose", "kept"),
    [
        ("the depth of “deep” is 9, which cannot be", True),
        ("pond:north:4711:deep is fed by re-used, cross-account water", True),
        ("`ghost` drains it", False),
        ("pond:north:4711:ghost drains it", False),
        ("f-0123456789abcdef lives there", False),
        ("account 123456789012 drains it", False),
        ("10.1.2.3 drains it", False),
        ("drain_pipe leaks", False),
        ("drain-pipe-7 leaks", False),
    ],
)
def test_prose_names_only_what_facts_show(quiet: Any, prose: str, kept: bool) -> None:
    assert bool(claimed(quiet, depth_is(quiet, is_="present"), prose=prose).causes) is kept


def test_a_claim_that_the_facts_rule_out_or_know_better_changes_nothing(concluded: Any) -> None:
    fact = next(fact for fact in cited(concluded) if fact.attribute == "weir")
    predicate = Predicate(fact=fact.id, is_="present")
    for cause in ("brook.ponds.dry", "brook.ponds.other", "brook.ponds.weir-shut"):
        claim = Claim(cause=cause, resources=(fact.subject,), predicates=(predicate,))
        diagnosis = gate(concluded.context, Conclusion(stop="s", claims=(claim,)))
        assert (diagnosis.verdict, [one.cause for one in diagnosis.causes]) == ("confirmed", ["brook.ponds.weir-shut"])
