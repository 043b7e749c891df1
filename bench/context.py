"""What a planning model is sent per step, against appending every reply to the conversation. No model and no cloud: replies of a made-up account.

    python bench/context.py [--steps N] [--items N]

``sent``: characters of the planning prompt's values in that step. ``appended``: what a conversation would hold that keeps every reply. The facts a
claim would cite are looked up after the last step, so nothing that decides is lost: it is in the prompt, or can be looked at.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from nephoscope.knowledge.harvest import harvest
from nephoscope.knowledge.reading import first_reading
from nephoscope.models import Call, Check, ExecutionResult, Identity, Read, Reply, Round, Try
from nephoscope.testing.conformance.view import StillView
from nephoscope_aws.estate import AwsEstate
from nephoscope_planner_llm.briefing import briefing

WHO = Identity(cloud="aws", account="123456789012", principal="arn:aws:iam::123456789012:role/reader", regions=("eu-west-1",))


def replies(steps: int, items: int) -> Iterator[Reply]:
    """One reply a step, each as large as a list of services in a mid-sized cluster."""
    for number in range(1, steps + 1):
        services = [
            {"serviceName": f"svc-{number}-{item}", "desiredCount": item % 3, "status": "ACTIVE", "events": [{"message": "steady state"}] * 3}
            for item in range(items)
        ]
        call = Call(
            id=f"s{number}.c1", identity=WHO, region="eu-west-1", service="ecs", operation="DescribeServices", params={"cluster": f"c{number}"}
        )
        yield Reply(call=call, status=200, document={"services": services, "failures": []}, observed_at="2026-01-01T00:00:00Z")


def view_after(known: list[Reply]) -> StillView:
    """What the planner sees after these replies."""
    facts = harvest(known, (), {"aws": AwsEstate()}, whole=range(1, len(known) + 1)).facts.values()
    rounds = []
    for number, one in enumerate(known, 1):
        read = Read(cloud="aws", service="ecs", operation="DescribeServices", region="eu-west-1", params=dict(one.call.params))
        check = Check(id=f"c{number}", intent=f"services of c{number}", cloud="aws", reads=(read,))
        tried = Try(number=1, author="template:aws/reads", result=ExecutionResult(status="ok", calls=(one.call.id,)))
        rounds.append(Round(index=number, check=check, status="done", tries=(tried,)))
    return StillView(first_reading("service svc-1-0 does not answer", "2026-01-01T00:00Z"), facts, identities=[WHO], rounds=rounds)


def measured(steps: int, items: int) -> Iterator[dict[str, Any]]:
    """A row per step."""
    known: list[Reply] = []
    appended = 0
    for reply in replies(steps, items):
        known.append(reply)
        appended += len(json.dumps(reply.document))
        values = briefing(view_after(known), final=False).values
        yield {"step": len(known), "sent": len(json.dumps(values)), "appended": appended}


def main() -> int:
    """Print the rows and the growth."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--items", type=int, default=40)
    options = parser.parse_args()
    rows = list(measured(options.steps, options.items))
    for row in rows:
        print(f"step {row['step']:>3}   sent {row['sent']:>8}   appended {row['appended']:>9}")
    print(f"most sent: {max(row['sent'] for row in rows)} characters; appended at the end: {rows[-1]['appended']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
