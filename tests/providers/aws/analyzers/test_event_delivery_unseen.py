"""Healthy accounts that count nothing, and faults and words from the delivery bench: one of each mechanism."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[4] / "bench"))

import delivery
from delivery_accounts import ACCOUNTS, PAYMENTS, S3_LAMBDA, Change

BY_NAME = {f"{example.name}/{change.name}": (example, change) for example in ACCOUNTS for change in example.changes}
CHOSEN = (
    "s3-sqs-lambda/queue-deleted",
    "s3-sqs-lambda/policy-stringequals-wildcard",
    "s3-sqs-lambda/two-faults",
    "s3-sns-sqs/topic-deleted",
    "s3-sns-sqs/body-filter",
    "sns-lambda/topic-recreated",
    "schedule-lambda/rule-deleted",
    "schedule-lambda/permission-other-rule",
    "s3-bus-lambda/pattern-bucket",
    "rule-sqs/source-typo",
)
UNTOLD = {"s3-bus-lambda": "the emulator does not keep the setting", "rule-sqs": "no wording names every part of the pattern"}
ROUTES = tuple(f"{example.name}/healthy" for example in ACCOUNTS if example.name not in UNTOLD)


@pytest.mark.parametrize("name", [*ROUTES, *CHOSEN])
def test_said_in_every_wording(name):
    example, change = BY_NAME[name]
    for text in (text for text in example.texts if change.about in text):
        assert delivery.trial(example, change, text)[0] == "explained", text


def test_a_filter_whose_effect_nobody_counts_is_left_open():
    example, change = BY_NAME["sns-sqs/filter-set"]
    assert delivery.trial(example, change, example.texts[0])[0] == "inconclusive"


@pytest.mark.parametrize(
    "change", [change for change in PAYMENTS.changes if change.name in ("healthy", "source-typo", "type-typo")], ids=lambda one: one.name
)
def test_what_a_pattern_should_ask_for_is_not_guessed(change):
    """Health and fault look alike where neither words nor traffic tell what the events are."""
    for text in (text for text in PAYMENTS.texts if change.about not in text or not change.about):
        assert delivery.trial(PAYMENTS, change, text)[0] == "inconclusive", text


def test_of_many_buckets_those_with_a_name_akin_are_asked():
    def crowded(world):
        for number in range(50):
            world.bucket(f"team-data-{number:03}")
        world.unpermit("imageResizer")

    kind, told = delivery.trial(S3_LAMBDA, Change("crowded", crowded, ("aws.lambda.permission-missing",)), "S3 trigger broken for imageResizer")
    assert kind == "explained", told
