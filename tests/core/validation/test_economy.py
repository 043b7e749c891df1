"""Waste that can be seen before it is paid for, and scripts that waste nothing."""

from __future__ import annotations

import pytest

from nephoscope.models import Check, Script, ScriptEnvironment
from nephoscope.validation.economy import Economy

HEAD = "import boto3\nclient = boto3.client('ecs')\n"


def told(body: str) -> dict[str, str]:
    script = Script(source=HEAD + body, check=Check(id="c", intent="i", cloud="sky"), cloud="sky", author="model:x")
    return {one.rule: one.message for one in Economy().judge(script, ScriptEnvironment(imports=("boto3",)))}


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("for arn in ['a', 'b']:\n    client.describe_services(services=[arn])\n", "call-in-loop"),
        ("for name in names():\n    client.describe_service(Name=name)\n", "call-in-loop"),
        ("found = [client.describe_tasks(tasks=[each]) for each in ['a']]\n", "call-in-loop"),
        ("for metric in ['Errors', 'Duration']:\n    client.get_metric_statistics(MetricName=metric, StartTime=1)\n", "metric-by-metric"),
        ("client.filter_log_events(logGroupName='g')\n", "open-window"),
        ("client.get_paginator('filter_log_events').paginate(logGroupName='g')\n", "open-window"),
        ("reply = client.list_services()\nfor one in reply['s']:\n    if one['name'] == 'web':\n        print(one)\n", "no-filter"),
        ("for page in client.get_paginator('list_services').paginate():\n    print([s for s in page['x'] if s['n'] == 'web'])\n", "no-filter"),
    ],
)
def test_waste_is_told(body: str, rule: str) -> None:
    assert rule in told(body)
    assert "calls-estimate" in told(body)


@pytest.mark.parametrize(
    "body",
    [
        "client.describe_services(services=['a', 'b'])\n",
        "for page in client.get_paginator('list_services').paginate():\n    client.describe_services(services=page['arns'])\n",
        "client.filter_log_events(logGroupName='g', startTime=5)\n",
        "reply = client.list_services(namePrefix='web')\nfor one in reply['s']:\n    if one['name'] == 'web':\n        print(one)\n",
        "for region in ['a', 'b']:\n    boto3.client('ecs', region_name=region).list_clusters()\n",
        "token = ''\nwhile token is not None:\n    token = client.list_tasks(nextToken=token).get('nextToken')\n",
    ],
)
def test_what_wastes_nothing_is_left_alone(body: str) -> None:
    assert told(body) == {}


def test_the_estimate_says_what_the_hints_would_save() -> None:
    body = "for arn in arns():\n    client.describe_services(services=[arn])\nclient.list_clusters()\n"
    assert told(body)["calls-estimate"] == "about 21 calls as written, about 2 with these hints"
