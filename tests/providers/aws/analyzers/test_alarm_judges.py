"""What alarms watch by name, and whom they tell: on hand-made facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from test_settings_judges import ACCOUNT, ALARM, ME, NOW, PEAK, REGION, SILENT, fact, series, thing, told

from nephoscope.knowledge.view import Evidence
from nephoscope.models import Problem
from nephoscope_aws.analyzers.setting.conditions import Judging
from nephoscope_aws.analyzers.setting.judges import JUDGES
from nephoscope_aws.looking.look import Look

QUEUED = [{"Name": "QueueName", "Value": "q"}]
STUCK = {"namespace": "AWS/SQS", "metric": "ApproximateAgeOfOldestMessage", "dimensions": QUEUED}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, set()),
        ({"metric": "ApproximateNumberOfMessagesVisible"}, set()),
        ({"metric": "ApproximateAgeOfOldestMessages"}, {"cloudwatch.alarm-metric-mismatch"}),
        ({"metric": "StuckOrders"}, set()),
        ({"namespace": "AWS/Sqs"}, {"cloudwatch.alarm-namespace-mismatch"}),
        ({"namespace": "AWS/Sqs", "metric": "StuckOrders"}, set()),
        ({"namespace": "Shop/SQS"}, set()),
        ({"dimensions": [{"Name": "Queue", "Value": "q"}]}, {"cloudwatch.alarm-dimension-mismatch"}),
        ({"dimensions": [{"Name": "Site", "Value": "q"}]}, set()),
        ({"dimensions": []}, set()),
    ],
)
def test_where_nothing_reports_the_service_says_what_its_metrics_are_called(changes: dict[str, Any], expected: set[str]) -> None:
    config = {**SILENT, **STUCK, **changes}
    dimension = next((f"dimension:{one['Name']}#{one['Value']}" for one in config["dimensions"]), "")
    others = {
        ("cloudwatch:metric", f"{config['namespace']}#{config['metric']}"): {"listed": []},
        ("cloudwatch:namespace", config["namespace"]): {"listed": []},
        **({("cloudwatch:dimension", dimension): {"listed": []}} if dimension else {}),
        ("sqs:queue", "q"): {"exists": True},
    }
    assert told("cloudwatch:alarm", "a", "alarm a never fires", config, others) == expected


@pytest.mark.parametrize("others", [[], ["pages"], ["pages", "pages"], ["pages", "chat"]])
def test_an_alarm_that_tells_nobody_is_told_what_the_others_act_on_where_that_is_one_thing(others: list[str]) -> None:
    topics = [f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}" for name in others]
    beside = {("cloudwatch:alarm", f"b{at}"): {"actions__alarm": [topic]} for at, topic in enumerate(topics)}
    config = {**ALARM, "series": series(PEAK, 300), "actions__alarm": []}
    assert told("cloudwatch:alarm", "a", "alarm a never fires", config, beside) == {"cloudwatch.alarm-without-actions"}
    judging = judging_of("cloudwatch:alarm", "a", config, beside)
    assert JUDGES["alarm_tells_nobody"](judging)
    put = judging.details.get("config")
    assert (put["AlarmActions"] if isinstance(put, dict) else None) == ([topics[0]] if len(set(topics)) == 1 else None)


def judging_of(native_type: str, name: str, facts: Mapping[str, Any], others: Mapping[tuple[str, str], Mapping[str, Any]]) -> Judging:
    subject = thing(native_type, name)
    known = [fact(subject, key.replace("__", "."), value) for key, value in facts.items()]
    known += [fact(thing(*other), key.replace("__", "."), value) for other, values in others.items() for key, value in values.items()]
    return Judging(Look(Evidence(Problem(text="", symptom="suspicion", now=NOW), known, identities=[ME])), subject)
