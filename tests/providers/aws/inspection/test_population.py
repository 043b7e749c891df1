"""Questions about a whole population are told from problems."""

from __future__ import annotations

import pytest

from nephoscope.comparison.scenario import load_scenarios
from nephoscope.knowledge.population import asked
from nephoscope.plugin.manager import load_plugins
from nephoscope_aws.estate import AwsEstate

PLUGINS, ESTATE = load_plugins(), AwsEstate()


def names(text: str) -> list[str]:
    return [one.name.removeprefix("aws.") for one in asked(text, PLUGINS.controls, list(ESTATE.mentions(text)))]


@pytest.mark.parametrize(
    ("text", "controls"),
    [
        ("which of our buckets are public?", ["s3.bucket-public-policy", "s3.bucket-public-acl"]),
        ("Do any functions run on a deprecated runtime", ["lambda.runtime-deprecated"]),
        ("list volumes nobody uses", ["ec2.volume-unattached"]),
        ("please show me all unencrypted databases", ["rds.instance-unencrypted"]),
        ("how many of our queues are not encrypted?", ["sqs.queue-unencrypted"]),
        ("are there any security groups open to the world", [f"ec2.security-group-open-{what}" for what in ("admin", "data", "everything")]),
        ("Can you tell me which log groups never expire?", ["logs.retention-unlimited"]),
    ],
)
def test_a_question_about_a_kind_is_put_to_its_controls(text: str, controls: list[str]) -> None:
    assert names(text) == controls


@pytest.mark.parametrize(
    "text",
    [
        "is bucket acme-uploads public?",
        "why are our buckets public",
        "which of our buckets are red?",
        "our buckets are public",
        "list what is wrong with queue orders",
        "which function cannot reach the public internet since yesterday",
        "do we have a problem? uploads to the public bucket stopped",
    ],
)
def test_what_names_a_thing_or_tells_a_story_is_no_such_question(text: str) -> None:
    assert names(text) == []


def test_no_problem_of_the_suite_is_taken_for_one() -> None:
    texts = {words for one in load_scenarios(PLUGINS.suites).values() for words in (*map(one.words, one.variants), *one.wordings)}
    texts |= {str(one["text"]) for composer in PLUGINS.composers.values() for one in composer.compose(7, 60)}
    assert len(texts) > 150
    assert {text: found for text in texts if (found := names(text))} == {}
