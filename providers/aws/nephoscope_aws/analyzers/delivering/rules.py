"""Event rules: switched on, with targets, and with a pattern or schedule that can come true."""

from __future__ import annotations

import difflib
import itertools
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta

from nephoscope.models import Finding, JsonValue, ResourceRef
from nephoscope_aws.analyzers.delivering import mending, refs
from nephoscope_aws.analyzers.delivering.context import Context, arrivals
from nephoscope_aws.analyzers.delivering.search import Hop
from nephoscope_aws.analyzers.delivering.topics import total
from nephoscope_aws.delivery import content, messages, schedules, spoken
from nephoscope_aws.iam.truth import Truth
from nephoscope_aws.looking.look import UNKNOWN, Look, hidden, mend

_NEAR = 0.8
_NEW = "nephoscope-deliver"


def on_bus(context: Context, hop: Hop) -> Iterator[Finding]:
    """Between the bus and a rule: does a rule take these events?"""
    yield _no_rule(context, hop)
    if hop.target is not None and hop.links:
        yield _pattern(context, hop.target, hop)


def findings(context: Context, hop: Hop) -> Iterator[Finding]:
    """Everything that can be wrong on the rule's side of a hop."""
    rule = hop.source
    yield _no_target(context, hop)
    yield _disabled(context, rule, hop)
    yield _schedule(context, rule)
    if hop is context.route.hops[0]:
        yield _pattern(context, rule, hop)


def _no_rule(context: Context, hop: Hop) -> Finding:
    bucket = context.route.start
    return context.look(hop).finding(
        "aws.events.rule-missing",
        hop.source,
        None if not hop.known else not hop.links,
        note="" if hop.links else f"no rule takes the events of {bucket.name}",
        details={"bucket": bucket.name, "bus": hop.source.name},
        suppose=mending.bus_rule(hop.source, None if hop.target is None else context.route.end, bucket, None),
    )


def _no_target(context: Context, hop: Hop) -> Finding:
    target = hop.target or refs.reference(refs.QUEUE, f"{hop.source.native_id}-target", hop.source.account, hop.source.region, "a target")
    resource = target.native_id
    unnamed = [] if hop.target else [
        *mending.existing(target),
        mend(target, "policy", mending.with_statement(None, mending.allowing(hop.source, hop.source, resource, ["sqs:SendMessage"]))),
        *mending.traffic(target),
    ]  # fmt: skip
    own: list[JsonValue] = [{"Id": _NEW, "Arn": target.native_id}]
    return context.look(hop).finding(
        "aws.events.rule-without-target",
        hop.source,
        None if not hop.known else not hop.links,
        note="" if hop.links else f"rule {hop.source.name} does not have {target.label} among its targets",
        details={
            "rule": hop.source.name,
            "target": target.label,
            **({"new_target": mending.on_bus_of(context.view, hop.source, "Rule", Targets=own)} if hop.target else {}),
        },
        suppose=[*mending.rule_target(context.view, hop.source, target), *unnamed],
    )


def _disabled(context: Context, rule: ResourceRef, hop: Hop) -> Finding:
    look = context.look()
    state = look.value(rule, "state")
    truth: Truth = None if state is UNKNOWN else state == "DISABLED"
    return look.finding(
        "aws.events.rule-disabled",
        rule,
        truth,
        note=f"rule {rule.name} is switched off" if truth else "",
        details={
            "rule": rule.name,
            "target": hop.target.label if hop.target else "its targets",
            "rule_named": mending.on_bus_of(context.view, rule, "Name"),
        },
        suppose=[mend(rule, "state", "ENABLED")],
    )


def _schedule(context: Context, rule: ResourceRef) -> Finding:
    look = context.look()
    expression = look.value(rule, "schedule")
    truth, note = _never(context, expression)
    return look.finding(
        "aws.events.schedule-never-fires",
        rule,
        truth,
        note=note,
        details={"rule": rule.name, "schedule": str(expression)},
        suppose=[mend(rule, "schedule", "rate(1 day)")],
    )


def _never(context: Context, expression: object) -> tuple[Truth, str]:
    if expression is UNKNOWN:
        return None, ""
    if expression is None:
        return False, ""
    try:
        schedule = schedules.parse(str(expression))
    except schedules.NotASchedule:
        return None, f"the schedule {expression} cannot be read"
    if isinstance(schedule, schedules.Cron) and schedule.next_after(context.now) is None:
        return True, f"{expression} will not come true within five years"
    return False, ""


def due(context: Context, rule: ResourceRef, window: timedelta) -> Truth:
    """Whether a rule's schedule fired within the window; ``None`` when it has none, or it cannot be read."""
    expression = mending.known(context.view, rule, "schedule")
    try:
        return schedules.parse(str(expression)).fires_between(context.now - window, context.now)
    except schedules.NotASchedule:
        return None


def _pattern(context: Context, rule: ResourceRef, hop: Hop) -> Finding:
    look = context.look()
    pattern = look.value(rule, "pattern")
    truth, note, fitting = _misses(context, look, rule, pattern)
    return look.finding(
        "aws.events.pattern-mismatch",
        rule,
        truth,
        note=note,
        details={
            "rule": rule.name,
            "pattern": mending.known(context.view, rule, "pattern"),
            "fitting": fitting,
            "fitting_rule": mending.on_bus_of(context.view, rule, "Name", EventPattern=json.dumps(fitting)),
        },
        suppose=[mend(rule, "pattern", fitting)],
    )


def _misses(context: Context, look: Look, rule: ResourceRef, pattern: object) -> tuple[Truth, str, JsonValue]:
    if pattern is UNKNOWN or hidden(pattern):
        return None, "", None
    if not isinstance(pattern, Mapping):
        return False, "", None
    start = context.route.start
    if start.native_type == refs.BUCKET:
        return _misses_objects(context, look, pattern, start)
    return _misses_words(context, look, rule, pattern)


def _misses_objects(context: Context, look: Look, pattern: Mapping[str, object], bucket: ResourceRef) -> tuple[Truth, str, JsonValue]:
    event = context.words.events[0]
    fitting: JsonValue = {"source": ["aws.s3"], "detail-type": [messages.OBJECT_CREATED], "detail": {"bucket": {"name": [bucket.name]}}}
    outline = messages.bus_event(bucket.name, event, bucket.account, "")
    matched = content.matches(pattern, outline)
    if matched is not None:
        return not matched, "" if matched else f"no event of the bucket matches: {'; '.join(content.refusing(pattern, outline))}", fitting
    came = arrivals(look, context)
    if came is None:
        return None, "", None
    judged = [content.matches(pattern, messages.bus_event(bucket.name, event, bucket.account, "", key)) for key in came.sample]
    missed = [key for key, one in zip(came.sample, judged, strict=True) if one is False]
    if missed and (len(missed) == len(judged) or context.words.partial):
        why = content.refusing(pattern, messages.bus_event(bucket.name, event, bucket.account, "", missed[0]))
        return True, f"{len(missed)} of the {len(judged)} newest objects do not match: {'; '.join(why)}", fitting
    return False, "the newest objects match" if judged else "there is no object to hold against the pattern", None


def _misses_words(context: Context, look: Look, rule: ResourceRef, pattern: Mapping[str, object]) -> tuple[Truth, str, JsonValue]:
    """Events that nobody can foresee: the words may name what the pattern nearly asks for, or exactly that; else only what matched tells."""
    text = context.view.problem.text
    wanted = pattern.get("source")
    listed = [one for one in wanted if isinstance(one, str)] if isinstance(wanted, list) else []
    said = [one for one in spoken.sources(text) if one not in listed]
    for word, source in itertools.product(said, listed):
        alike = difflib.SequenceMatcher(None, word.lower(), source.lower()).ratio() >= _NEAR
        if alike and not content.matches({"source": wanted}, {"source": word}):
            return True, f"events come from “{word}”, the rule asks for “{source}”", {**_plain(pattern), "source": [word]}
    if spoken.tells(pattern, text, account=rule.account, region=rule.region):
        return False, "the rule asks for the very events that are told of", None
    return _matched_lately(context, look, rule)


def _matched_lately(context: Context, look: Look, rule: ResourceRef) -> tuple[Truth, str, JsonValue]:
    """Whether events are seen to match. That none was is no proof: nobody knows whether there were any."""
    for attribute in ("metrics.matched", "metrics.invocations"):
        count = total(look.value(rule, attribute))
        if count:
            return False, f"{count:g} events matched in the last 24 hours", None
        if count is None:
            return None, "", None
    unseen = "what stands in for the cloud here counts no events" if context.emulated else "no event matched in the last 24 hours"
    return None, f"{unseen}, so whether {rule.name} asks for the events that come cannot be told", None


def _plain(pattern: Mapping[str, object]) -> dict[str, JsonValue]:
    return dict(pattern)  # type: ignore[arg-type]  # a decoded JSON document
