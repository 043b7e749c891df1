"""What tells by itself of what happens: log groups that pass their lines on, alarms that go off."""

from __future__ import annotations

from collections.abc import Iterator

from nephoscope.models import Finding
from nephoscope_aws.analyzers.delivering import mending
from nephoscope_aws.analyzers.delivering.context import Context
from nephoscope_aws.analyzers.delivering.search import Hop
from nephoscope_aws.iam.truth import Truth
from nephoscope_aws.looking.look import UNKNOWN, mend


def of_log_group(context: Context, hop: Hop) -> Iterator[Finding]:
    """Whether a subscription filter leads to the target at all."""
    target = hop.target
    group = hop.source
    former = mending.entries(context.view, group, "subscription_filters")
    supposed = {"filterName": "supposed", "filterPattern": "", "destinationArn": target.native_id if target else ""}
    yield context.look(hop).finding(
        "aws.logs.subscription-missing",
        group,
        None if not hop.known else not hop.links,
        note="" if hop.links else f"no subscription filter of {group.name} leads to {target.label if target else 'anything'}",
        details={"name": group.name, **({"target": target.label, "target_arn": target.native_id} if target else {})},
        suppose=[mend(group, "subscription_filters", [*former, supposed])],
    )


def of_alarm(context: Context, hop: Hop) -> Iterator[Finding]:
    """Whether the alarm acts on the target when it goes off. One that acts on nothing is told elsewhere."""
    look = context.look(hop)
    actions = look.value(hop.source, "actions.alarm")
    acting = list(actions) if isinstance(actions, list) else []
    misses: Truth = None if actions is UNKNOWN or not hop.known else bool(acting) and not hop.links
    target = hop.target.native_id if hop.target else ""
    yield look.finding(
        "aws.cloudwatch.alarm-acts-elsewhere",
        hop.source,
        misses,
        note=f"{hop.source.name} acts on {', '.join(one.rsplit(':', 1)[-1] for one in map(str, acting))}, not on {hop.target.label}"
        if misses and hop.target
        else "",
        details={
            "name": hop.source.name,
            "target": hop.target.label if hop.target else "",
            "config": mending.alarm_config(context.view, hop.source, AlarmActions=[*acting, target]),
        },
        suppose=[mend(hop.source, "actions.alarm", [*acting, target])],
    )
