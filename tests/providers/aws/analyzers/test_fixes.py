"""What fixes are made of: names that were meant, settings that are put again, the way that is known in full."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephoscope.engine.advice import advise
from nephoscope.knowledge.playbooks import load_playbooks
from nephoscope.models import CauseCard, Fact, Finding, Identity, JsonValue, Problem, ResourceRef, Way
from nephoscope.plugin.manager import load_plugins
from nephoscope_aws.analyzers.names import _stem
from nephoscope_aws.analyzers.setting.filters import _put_right
from nephoscope_aws.analyzers.setting.putting import puttings
from nephoscope_aws.analyzers.setting.rules import Putting, Rule, rules
from nephoscope_aws.looking.nearness import edits, meant, slip

ME = Identity(cloud="aws", account="123456789012", principal="", regions=("eu-west-1",))
WORDS = st.text("abcdefg12-_", min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("written", "other", "same"),
    [
        ("audit-trial", "audit-trail", True),
        ("quotes_prod", "quotes-prod", True),
        ("QuotesProd", "quotes-prod", True),
        ("recieve-orders", "receive-orders", True),
        ("shop.acme.com", "shopp.acme.com", True),  # a letter twice is a slip in short words too
        ("db-a", "db-aa", False),
        ("orders-eu", "orders-us", False),  # another region
        ("queue-1", "queue-2", False),  # the next of a series
        ("orders-prod", "orders-prod2", False),
        ("orders-test", "orders-text", False),  # short words are often one letter apart
        ("export-all", "export", False),
        ("archive-lines", "archive-other", False),
        ("orders-staging", "orders-production", False),
    ],
)
def test_a_slip_is_told_from_a_sibling(written: str, other: str, same: bool) -> None:
    assert slip(written, other) is same
    assert slip(other, written) is same


def test_a_name_is_meant_only_where_no_other_could_be() -> None:
    assert meant("audit-trial", ["audit-trail", "billing"]) == "audit-trail"
    assert meant("audit-trial", ["audit-trail", "audit_trial"]) == ""
    assert meant("audit", []) == ""


@given(WORDS, WORDS)
def test_edits_are_a_distance(left: str, right: str) -> None:
    assert edits(left, right) == edits(right, left) <= max(len(left), len(right))
    assert (edits(left, right) == 0) == (left == right)


class View:
    """One thing with the facts given."""

    def __init__(self, **facts: JsonValue) -> None:
        self.subject = ResourceRef(cloud="aws", kind="x", native_type="x:thing", native_id="thing", account=ME.account, name="thing")
        self._facts = facts
        self.problem = Problem(text="the service is at 95% cpu and does not scale", symptom="slow", now="2026-11-24T10:00:00Z")

    def fact(self, subject: ResourceRef, attribute: str) -> Fact | None:
        if attribute not in self._facts:
            return None
        return Fact(
            id=f"f:{attribute}",
            subject=subject,
            attribute=attribute,
            value=self._facts[attribute],
            grounding="exact",
            calls=("s1.c1",),
            pointer="/",
            identity=ME,
            observed_at="2026-11-24T10:00:00Z",
        )


def _put(putting: dict[str, JsonValue], details: dict[str, JsonValue], **facts: JsonValue) -> JsonValue:
    view = View(**facts)
    rule = Rule.model_validate({"about": "x:thing", "when": {"attribute": "a", "is": "present"}, "puts": {"made": putting}})
    return puttings(rule, view, view.subject, details).get("made")  # type: ignore[arg-type]


def test_settings_are_put_as_they_are_but_for_one() -> None:
    written: JsonValue = {"Name": "n", "State": "DISABLED", "Arn": "arn", "Target": {"Arn": "queue-old", "Input": "to queue-old"}}
    path = "merge(only(@, ['Name', 'State', 'Target']), {State: 'ENABLED'})"
    assert _put({"attribute": "settings", "path": path}, {}, settings=written) == {
        "Name": "n",
        "State": "ENABLED",
        "Target": {"Arn": "queue-old", "Input": "to queue-old"},
    }
    swapped = _put(
        {"attribute": "settings", "path": "Target", "swap": {"{missing_id}": "{near_id}"}},
        {"missing_id": "queue-old", "near_id": "queue"},
        settings=written,
    )
    assert swapped == {"Arn": "queue", "Input": "to queue"}


@pytest.mark.parametrize(
    ("putting", "details", "facts"),
    [
        ({"attribute": "settings"}, {}, {}),  # nobody read it
        ({"attribute": "settings"}, {}, {"settings": {"Input": "‹redacted:string:9:abcd›"}}),  # half of it must not be put
        ({"attribute": "settings", "swap": {"{missing_id}": "{near_id}"}}, {"missing_id": "a"}, {"settings": {"Arn": "a"}}),  # nothing is near
        (
            {"attribute": "settings", "swap": {"{missing_id}": "{near_id}"}},
            {"missing_id": "a", "near_id": "b"},
            {"settings": {"Arn": "c"}},
        ),  # it is not there
    ],
)
def test_nothing_is_put_where_a_part_is_not_known(putting: dict[str, JsonValue], details: dict[str, JsonValue], facts: dict[str, JsonValue]) -> None:
    assert _put(putting, details, **facts) is None


def test_what_is_put_may_depend_on_what_is_spoken_of() -> None:
    metric = {"attribute": "desired", "path": "'ByLoad'"}
    assert _put({**metric, "words": r"\bcpu\b"}, {}, desired=2) == "ByLoad"
    assert _put({**metric, "words": r"\bmemory\b"}, {}, desired=2) is None
    assert _put({"attribute": "cluster", "path": "last(@, '/')"}, {}, cluster="arn:aws:ecs:eu-west-1:1:cluster/shop") == "shop"


def test_every_putting_of_the_playbooks_serves_a_change() -> None:
    books = load_playbooks(load_plugins().playbooks)
    for some in rules().values():
        for rule in some:
            card = books[rule.cause].card
            text = str([card.changes, [(way.changes, way.undo) for way in card.ways]])
            assert all(f"{{{name}}}" in text for name in rule.puts), rule.cause
            assert all(isinstance(one, Putting) for one in rule.puts.values())


def test_a_metric_filter_is_spelt_as_every_line_is() -> None:
    written = {
        "logGroupName": "g",
        "filterName": "f",
        "filterPattern": "?ERROR ?FATAL",
        "metricTransformations": [{"metricName": "m"}],
        "creationTime": 1,
    }
    put = _put_right(written, "?ERROR ?FATAL", ["error: a", "error: b"])["filter"]
    assert isinstance(put, dict)
    assert put["filterPattern"] == "?error ?FATAL"
    assert "creationTime" not in put
    assert _put_right(written, "?ERROR ?FATAL", ["error: a", "Error: b"]) == {}


def test_generations_of_a_load_balancer_have_one_stem() -> None:
    assert _stem("storefront-old-77.eu-west-1.elb.amazonaws.com") == _stem("internal-storefront-12.eu-west-1.elb.amazonaws.com") == "storefront"
    assert _stem("warehouse-1.eu-west-1.elb.amazonaws.com") != "storefront"


CARD = CauseCard(
    id="aws.x.y",
    title="t",
    explanation="e",
    fix="in words",
    risk="low",
    ways=(Way(fix="point it at {near}", risk="medium", changes=({"service": "x", "operation": "Put", "params": {"Arn": "{near_id}"}},)),),
    changes=({"service": "x", "operation": "Create", "params": {"Name": "n-{missing}"}},),
)


class _Books:
    """As much of a context as advice asks for."""

    def __init__(self) -> None:
        self.playbooks = {CARD.id: self}
        self.card = CARD
        self.estates: dict[str, object] = {}


@pytest.mark.parametrize(
    ("details", "title", "operations"),
    [
        ({"near": "b", "near_id": "arn:b", "missing": "a"}, "point it at b", ["Put"]),
        ({"near": "", "near_id": "", "missing": "a"}, "in words", ["Create"]),
        ({"missing": "a"}, "in words", ["Create"]),
        ({}, "in words", []),  # half a command is worse than none
    ],
)
def test_the_first_way_is_taken_that_is_known_in_full(details: dict[str, JsonValue], title: str, operations: list[str]) -> None:
    finding = Finding(cause=CARD.id, subject=View().subject, holds="yes", details=details)
    advice = advise(finding, _Books())  # type: ignore[arg-type]
    assert advice is not None
    assert (advice.title, [one.operation for one in advice.changes]) == (title, operations)
    assert advice.risk == ("medium" if operations == ["Put"] else "low")
