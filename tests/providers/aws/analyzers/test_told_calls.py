"""Words that tell a call, and words that only sound like one; what a bucket "does not reach"; faults that hide behind one another."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from harness import ACCOUNT, REGION, problem

from nephoscope.knowledge import symptoms
from nephoscope.models import Entity
from nephoscope_aws.access.calls import named_call, told_call
from nephoscope_aws.analyzers.event_delivery import _other_duty, _reaching
from nephoscope_aws.analyzers.setting.rules import Rule
from nephoscope_aws.estate import AwsEstate

KINDS = {
    "exporter": "iam:role", "batch-7": "ec2:instance", "save-order": "lambda:function", "resize": "lambda:function",
    "results": "s3:bucket", "orders": "dynamodb:table", "jobs": "sqs:queue", "alerts": "sns:topic",
}  # fmt: skip
ESTATE = AwsEstate()
WHO = SimpleNamespace(account=ACCOUNT, principal=f"arn:aws:iam::{ACCOUNT}:role/look", regions=(REGION,), alias="", cloud="aws")


def view(text: str, actions: tuple[str, ...] = ()) -> SimpleNamespace:
    """The words, with every known name in them matched in the order in which they are said."""
    said = sorted((name for name in KINDS if name in text), key=text.index)
    entities = [Entity(text=name, matches=(ESTATE.named(KINDS[name], name, WHO, REGION),)) for name in said]
    told = problem(text, symptoms.classify(text)[0], entities)
    return SimpleNamespace(problem=told.model_copy(update={"actions": actions, "symptoms": symptoms.classify(text)[1:]}))


@pytest.mark.parametrize(
    ("text", "actions", "named", "told"),
    [
        ("server batch-7: s3:PutObject on bucket results does not work any more", ("s3:PutObject",), True, True),
        ("errors since last night when function save-order is writing items to table orders", (), False, True),
        ("role exporter has trouble uploading objects to bucket results", (), False, True),
        ("s3:ObjectCreated events of bucket results do not start function resize", ("s3:ObjectCreated",), False, False),
        ("function resize is not started on uploads to bucket results", (), False, False),
        ("bucket results is gone", (), False, False),
        ("table orders is slow", (), False, False),
    ],
)
def test_whether_the_words_tell_a_call(text: str, actions: tuple[str, ...], named: bool, told: bool) -> None:
    assert (named_call(view(text, actions)), told_call(view(text, actions))) == (named, told)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nothing from bucket results reaches function resize", True),
        ("topic alerts cannot reach queue jobs", True),
        ("nothing from queue jobs reaches function resize", True),
        ("queue jobs cannot be reached by function resize", False),
        ("function resize cannot reach queue jobs", False),
        ("server batch-7 cannot reach bucket results", False),
        ("nothing reaches bucket results", False),
    ],
)
def test_what_opens_no_connection_reaches_by_what_it_sends(text: str, expected: bool) -> None:
    assert _reaching(view(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bucket results is no longer replicated", True),
        ("there is no access log of bucket results", True),
        ("nothing happens on uploads to bucket results", False),
        ("bucket results is replicated, yet function resize is not called", False),
    ],
)
def test_what_else_a_bucket_does_is_no_matter_of_its_events(text: str, expected: bool) -> None:
    assert _other_duty(view(text)) == expected


def test_words_of_a_rule_say_enough_where_no_class_is_recognized() -> None:
    rule = Rule.model_validate(
        {"cause": "aws.x.y", "about": "x:y", "when": {"attribute": "a", "is": "absent"}, "symptoms": ["missing"], "words": "rotat"}
    )
    assert rule.concerns(frozenset({"suspicion"}), "it is never rotated", "x:y")
    assert not rule.concerns(frozenset({"suspicion"}), "it is odd", "x:y")
    assert not rule.concerns(frozenset({"slow"}), "it is never rotated", "x:y"), "another class was recognized"
