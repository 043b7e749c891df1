"""Playbooks: conditions are three-valued, files are told when they are wrong, cards keep the types of what they tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nephoscope.interfaces import UsageError
from nephoscope.knowledge.harvest import harvest
from nephoscope.knowledge.playbooks import Condition, PlaybookAnalyzer, judge, load_playbooks, tell, values_for
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Entity, Finding, Identity, Problem, Reply, ResourceRef
from nephoscope.testing.fakes import NOW, FakeEstate

KNOWN = {"deep": True, "depth": 9, "keeper": "ann", "tags": ["a"], "empty": []}
GONE = ["weir"]


@pytest.fixture
def deep(ponds: FakeEstate, who: Identity) -> ResourceRef:
    ref = ponds.named("ponds:pond", "deep", who, "north")
    assert ref is not None
    return ref


@pytest.fixture
def view(ponds: FakeEstate, reply: Callable[..., Reply], deep: ResourceRef) -> Evidence:
    replies = [reply("GetPond", {"Depth": 9}, {"Pond": "deep"})]
    facts = list(harvest(replies, (), {"brook": ponds}).facts.values())
    depth = next(fact for fact in facts if fact.attribute == "depth")
    facts += [depth.model_copy(update={"id": f"f:{name}", "attribute": name, "value": value}) for name, value in KNOWN.items() if name != "depth"]
    entity = Entity(text="deep", matches=(deep,))
    return Evidence(Problem(text="deep", symptom="slow", symptoms=("cost",), entities=(entity,), now=NOW), facts)


def leaf(attribute: str, is_: str, value: Any = None) -> dict[str, Any]:
    return {"attribute": attribute, "is": is_, "value": value}


YES, NO, UNKNOWN = leaf("deep", "equals", True), leaf("deep", "equals", False), leaf("mystery", "present")


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (YES, "yes"),
        (NO, "no"),
        (UNKNOWN, "unknown"),
        ({"not": YES}, "no"),
        ({"not": NO}, "yes"),
        ({"not": UNKNOWN}, "unknown"),
        ({"all": [YES, YES]}, "yes"),
        ({"all": [YES, NO, UNKNOWN]}, "no"),
        ({"all": [UNKNOWN, NO]}, "no"),
        ({"all": [YES, UNKNOWN]}, "unknown"),
        ({"any": [NO, NO]}, "no"),
        ({"any": [NO, UNKNOWN]}, "unknown"),
        ({"any": [UNKNOWN, YES]}, "yes"),
        ({"any": [NO, {"all": [YES, {"not": NO}]}]}, "yes"),
        (leaf("weir", "absent"), "yes"),
        (leaf("weir", "present"), "no"),
        (leaf("weir", "empty"), "yes"),
        (leaf("weir", "equals", None), "no"),
        (leaf("weir", "lt", 5), "no"),
        (leaf("empty", "empty"), "yes"),
        (leaf("empty", "absent"), "no"),
        (leaf("depth", "lt", 10), "yes"),
        (leaf("depth", "gt", 9), "no"),
        (leaf("keeper", "in", ["ann", "bob"]), "yes"),
        (leaf("keeper", "in", ["bob"]), "no"),
        (leaf("keeper", "matches", "^a"), "yes"),
        (leaf("depth", "matches", "9"), "no"),
        (leaf("keeper", "lt", 5), "no"),
        (leaf("mystery", "absent"), "unknown"),
    ],
)
def test_conditions_are_three_valued(view: Evidence, deep: ResourceRef, condition: dict[str, Any], holds: str) -> None:
    judged, facts, needs = judge(Condition.model_validate(condition), deep, view)
    assert judged == holds
    assert bool(needs) == (holds == "unknown")
    assert facts or holds == "unknown"


CARD = {"id": "brook.ponds.deep", "title": "deep", "explanation": "it is deep"}


def write(folder: Path, *causes: Any, name: str = "ponds.yaml") -> Path:
    import yaml

    (folder / name).write_text(yaml.safe_dump({"causes": list(causes)}))
    return folder


def test_a_condition_becomes_a_finding_with_what_it_rests_on(tmp_path: Path, view: Evidence, deep: ResourceRef) -> None:
    simple = {**CARD, "subject": "ponds:pond", "when": leaf("depth", "gt", 5), "mended": {"depth": 1}}
    open_ = {**CARD, "id": "brook.ponds.open", "subject": "ponds:pond", "when": UNKNOWN}
    other = {**CARD, "id": "brook.ponds.other", "subject": "ponds:pond", "when": YES, "symptoms": ["exposed"]}
    books = load_playbooks([write(tmp_path, simple, open_, other)])
    yes, unknown = PlaybookAnalyzer(books).analyze(view)
    assert (yes.holds, len(yes.because), yes.details, yes.decided_by) == ("yes", 1, {"depth": 9}, "playbook:ponds")
    assert [(one.attribute, one.value) for one in yes.suppose] == [("depth", 1)]
    assert (unknown.holds, unknown.because, [need.attribute for need in unknown.needs]) == ("unknown", (), ["mystery"])
    (mended,) = [one for one in PlaybookAnalyzer(books).analyze(view.suppose(yes.suppose)) if one.cause == yes.cause]
    assert mended.holds == "no"


@pytest.mark.parametrize(
    "cause",
    [
        {"id": "x"},
        {**CARD, "titel": "typo"},
        {**CARD, "when": YES},
        {**CARD, "subject": "t", "when": {"attribute": "a"}},
        {**CARD, "subject": "t", "when": {}},
        {**CARD, "subject": "t", "when": {"all": []}},
        {**CARD, "subject": "t", "when": {"all": [YES], "any": [NO]}},
        {**CARD, "subject": "t", "when": leaf("a", "resembles", 1)},
        {**CARD, "subject": "t", "when": leaf("a", "matches", "(")},
        {**CARD, "subject": "t", "when": leaf("a", "matches", 5)},
        {**CARD, "subject": "t", "when": leaf("a", "in", "words")},
        {**CARD, "subject": "t", "when": leaf("a", "lt", "5")},
        {**CARD, "subject": "t", "when": "a == 1"},
        "words",
    ],
)
def test_bad_causes_name_their_file(tmp_path: Path, cause: Any) -> None:
    with pytest.raises(UsageError, match=r"ponds\.yaml"):
        load_playbooks([write(tmp_path, cause)])


@pytest.mark.parametrize("text", [b"causes: [", b"- a list", b"words", b"causes: 7", b"\xff\xfe"])
def test_bad_files_are_named(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "ponds.yaml").write_bytes(text)
    with pytest.raises(UsageError, match=r"ponds\.yaml"):
        load_playbooks([tmp_path])


def test_a_cause_told_twice_names_both_files(tmp_path: Path) -> None:
    write(tmp_path, CARD, name="a.yaml")
    write(tmp_path, CARD, name="b.yaml")
    with pytest.raises(UsageError, match=r"a\.yaml.*b\.yaml"):
        load_playbooks([tmp_path])
    assert load_playbooks([]) == {}


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{n}", 7),
        ("{list}", ["a", "b"]),
        ("{n} of {list}", "7 of a, b"),
        ("{nobody} and {n}", "{nobody} and 7"),
        ({"A": ["{n}", "x{n}"], "B": True}, {"A": [7, "x7"], "B": True}),
        ("{none}{empty}", "nonenone"),
        ("{inner}", "{n}"),
    ],
)
def test_cards_are_templates(template: Any, told: Any) -> None:
    assert tell(template, {"n": 7, "list": ["a", "b"], "none": None, "empty": [], "inner": "{n}"}) == told


def test_details_win_over_what_everything_has(deep: ResourceRef) -> None:
    finding = Finding(cause="c", subject=deep, holds="yes", details={"subject": "mine", "x": 1})
    assert {"subject": "mine", "x": 1, "region": "north", "account": "4711"}.items() <= values_for(finding).items()
