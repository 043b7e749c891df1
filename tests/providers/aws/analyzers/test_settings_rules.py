"""The rules of the playbooks as data: what they look at exists, and each comparison says what it means."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope.knowledge.playbooks import load_playbooks
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Fact, Identity, Problem, ResourceRef
from nephoscope_aws.analyzers.setting.conditions import Judging, compare, judge
from nephoscope_aws.analyzers.setting.judges import JUDGES
from nephoscope_aws.analyzers.setting.rules import PACK, Condition, Rule, rules, things
from nephoscope_aws.estate import AwsEstate
from nephoscope_aws.looking.look import Look
from nephoscope_aws.looking.referring import refer

NOW = "2026-11-24T10:00:00Z"
ME = Identity(cloud="aws", account="123456789012", principal="arn:aws:iam::123456789012:role/reader", regions=("eu-west-1",))
ESTATE = AwsEstate()
RULES = [rule for some in rules().values() for rule in some]
CARDS = load_playbooks([PACK / "playbooks"])
JSON = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(-9, 9), st.text(max_size=5), st.lists(st.integers(), max_size=2))


def parts(condition: Condition) -> Iterator[Condition]:
    yield condition
    for part in (*condition.all, *condition.any, condition.not_):
        if part is not None:
            yield from parts(part)


def shown(native_type: str) -> set[str]:
    """Attributes that some question about a thing of the type answers."""
    asks = [(spec, ask) for spec in ESTATE.operations.values() for ask in spec.ask if ask.about == native_type]
    own = {name for spec, ask in asks if spec.subject and spec.subject.type == native_type and not ask.collects for name in spec.attributes}
    listed = {name for spec in ESTATE.operations.values() if spec.subject and spec.subject.type == native_type for name in spec.attributes}
    return {name for _, ask in asks for name in (*ask.attributes, ask.collects)} | own | listed | {"exists"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.cause)
def test_a_rule_looks_at_what_can_be_seen(rule: Rule) -> None:
    known = shown(rule.about)
    assert rule.about in things()
    assert set(rule.mended) <= known
    for part in parts(rule.when):
        for place in (part.than, part.missing, part.of):
            assert place is None or (place.attribute in known and (not place.type or place.type in ESTATE.types))
        assert not part.attribute or part.attribute in known
        assert not part.judge or part.judge in JUDGES


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.cause)
def test_a_cause_that_is_told_can_be_mended_in_thought(rule: Rule) -> None:
    judged = {part.judge for part in parts(rule.when)} - {""}
    lost = any(part.missing for part in parts(rule.when))
    assert rule.mended or judged or lost, "without a supposition it is never confirmed"
    assert CARDS[rule.cause].card.ruled_out
    assert rule.note


def test_every_judge_is_used() -> None:
    seen = [when for thing in things().values() for trace in thing.traces for when in (trace.when, trace.uncounted) if when is not None]
    used = {part.judge for when in (*(rule.when for rule in RULES), *seen) for part in parts(when)}
    assert set(JUDGES) <= used


@pytest.mark.parametrize(
    ("is_", "here", "against", "expected"),
    [
        ("equals", "0", 0, True), ("equals", False, "false", True), ("equals", False, 0, False), ("equals", None, 0, False),
        ("differs", None, "Enabled", True), ("differs", "Enabled", "Enabled", False), ("in", "A", ["A", "B"], True), ("in", None, ["A"], False),
        ("absent", None, None, True), ("present", [], None, True), ("empty", [], None, True), ("empty", 0, None, False),
        ("matches", "web-1", "^web", True), ("matches", 1, "1", False), ("lt", "5", 6, True), ("lt", None, 6, False), ("gt", "x", 6, False),
        ("ge", 6, 6, True), ("le", 7, 6, False), ("before", "2026-11-23T00:00:00+00:00", None, True), ("before", "2026-11-25T00:00:00Z", None, False),
        ("after", "2026-11-25T00:00:00Z", None, True), ("after", "soon", None, False),
    ],
)  # fmt: skip
def test_comparisons(is_: str, here: object, against: object, expected: bool) -> None:
    assert compare(is_, here, against, NOW) is expected


@given(here=JSON, against=JSON)
def test_comparisons_never_fail_and_exclude_each_other(here: object, against: object) -> None:
    assert compare("equals", here, against) is not compare("differs", here, against)
    assert compare("absent", here, None) is not compare("present", here, None)
    assert not (compare("lt", here, against) and compare("ge", here, against))


TABLE = ResourceRef(
    cloud="aws",
    kind="k",
    native_type="dynamodb:table",
    native_id="arn:aws:dynamodb:eu-west-1:123456789012:table/t",
    account=ME.account,
    region="eu-west-1",
    name="t",
)


def judging(**values: object) -> Judging:
    facts = [
        Fact(id=f"f:{name}", subject=TABLE, attribute=name.replace("__", "."), value=value, grounding="exact" if value is not None else "absent",
             calls=("s1.c1",), pointer="/", identity=ME, observed_at=NOW)
        for name, value in values.items()
    ]  # fmt: skip
    return Judging(Look(Evidence(Problem(text="", symptom="suspicion", now=NOW), facts, identities=[ME])), TABLE)


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        ({"attribute": "a", "is": "equals", "value": 1}, {}, None),
        ({"attribute": "a", "is": "equals", "value": 1}, {"a": "‹redacted:string:4:aaaa›"}, None),
        ({"attribute": "a", "path": "[0].b", "is": "equals", "value": 1}, {"a": [{"b": 1}]}, True),
        ({"attribute": "a", "is": "ge", "than": {"attribute": "b", "times": 2}}, {"a": 4, "b": 2}, True),
        ({"attribute": "a", "is": "ge", "than": {"attribute": "b", "times": 2}}, {"a": 3, "b": 2}, False),
        ({"all": [{"attribute": "a", "is": "absent"}, {"attribute": "b", "is": "absent"}]}, {"a": 1}, False),
        ({"any": [{"attribute": "a", "is": "absent"}, {"attribute": "b", "is": "absent"}]}, {"a": 1}, None),
        ({"not": {"attribute": "a", "is": "absent"}}, {"a": 1}, True),
        ({"not": {"attribute": "a", "is": "absent"}}, {}, None),
        ({"missing": {"attribute": "a", "type": "sns:topic"}}, {"a": []}, False),
        ({"missing": {"attribute": "a", "type": "sns:topic"}}, {"a": ["arn:aws:lambda:eu-west-1:123456789012:function:f"]}, False),
        ({"missing": {"attribute": "a", "type": "sns:topic"}}, {"a": ["arn:aws:sns:eu-west-1:123456789012:t"]}, None),
        ({"missing": {"attribute": "a", "type": "sns:topic"}}, {"a": ["arn:aws:sns:eu-west-1:999999999999:t"]}, False),
    ],
)
def test_conditions(condition: dict[str, object], values: dict[str, object], expected: bool | None) -> None:
    seen = judging(**values)
    assert judge(Condition.model_validate(condition), TABLE, seen, JUDGES) is expected
    if expected is None and "‹" not in str(values):
        assert seen.look.needs, "what is unknown is asked for"


def test_a_role_with_a_path_is_asked_for_by_its_name() -> None:
    role = refer(judging().view, TABLE, "iam:role", "arn:aws:iam::123456789012:role/service-role/app")
    assert role is not None
    assert (role.native_id, role.name) == ("arn:aws:iam::123456789012:role/service-role/app", "app")


@pytest.mark.parametrize(
    ("words", "symptoms", "spoken", "text", "expected"),
    [
        ("old cert", {"nothing_happens"}, {"event_not_delivered"}, "still the old cert", True),
        ("old cert", {"nothing_happens"}, {"event_not_delivered"}, "nothing arrives", False),
        ("old cert", {"cost"}, {"event_not_delivered"}, "still the old cert", False),
        ("old cert", {"nothing_happens"}, {"access_denied"}, "still the old cert", False),
        ("", {"nothing_happens"}, {"event_not_delivered"}, "still the old cert", False),
    ],
)
def test_words_of_its_own_make_up_for_a_vague_class(words: str, symptoms: set[str], spoken: set[str], text: str, expected: bool) -> None:
    rule = Rule.model_validate({"about": "acm:certificate", "when": {"attribute": "a", "is": "empty"}, "words": words, "symptoms": symptoms})
    assert rule.concerns(frozenset(spoken), text, "") is expected
