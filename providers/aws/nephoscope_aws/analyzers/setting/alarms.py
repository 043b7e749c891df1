"""Why an alarm stays silent, or never rests: its metric looked up, its arithmetic replayed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from nephoscope.models import FactQuery, JsonValue, ResourceRef
from nephoscope_aws.analyzers.delivering.mending import alarm_config
from nephoscope_aws.analyzers.delivering.mending import known as known_of
from nephoscope_aws.analyzers.setting.conditions import Judge, Judging, named_judge
from nephoscope_aws.analyzers.setting.series import Watch, arithmetic, firing, watch
from nephoscope_aws.behaviour.alarms import REVERSED, spacing
from nephoscope_aws.iam.truth import Truth
from nephoscope_aws.looking.look import UNKNOWN, hidden, mend, rows
from nephoscope_aws.looking.referring import refer
from nephoscope_aws.speaking import tells_of_trouble

HOLDERS = {
    "InstanceId": "ec2:instance", "QueueName": "sqs:queue", "FunctionName": "lambda:function", "DBInstanceIdentifier": "rds:db-instance",
    "TableName": "dynamodb:table", "TopicName": "sns:topic", "RuleName": "events:rule", "BucketName": "s3:bucket",
    "DBClusterIdentifier": "rds:db-cluster",
}  # fmt: skip
"""What a dimension of an AWS metric names."""
_UP = re.compile(r"(?<![a-z])(high|above|over|exceed\w*|spik\w*|peak\w*|too many|full|maxed|surge\w*|rises?|hot)(?![a-z])", re.IGNORECASE)
_DOWN = re.compile(r"(?<![a-z])(low|below|under|drops?|dropped|falls?|fell|empty|dries|runs out|too few|dead|idle)(?![a-z])", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.-])(\d+(?:\.\d+)?)\s?(%|percent|ms|seconds?|s\b|messages?|errors?|requests?)", re.IGNORECASE)
_PEOPLE = ("email", "email-json", "sms")
"""Who is subscribed by one of these need not let the topic in."""
_MOST_TOPICS = 5
"""So many topics of other alarms are read to learn who is usually told."""
_EXTREME = ("Maximum", "Minimum")


def silent(judging: Judging) -> Truth:
    """Whether the metric that the alarm watches had no point in the window."""
    seen = watch(judging)
    return None if seen is None else not seen.own and not seen.count


def known(judging: Judging, *names: str) -> list[Any] | None:
    """Values of the alarm; ``None`` while one of them is not known."""
    found = [judging.look.value(judging.subject, name) for name in names]
    return None if UNKNOWN in found else found


def listed(judging: Judging, native_type: str, text: str) -> list[Mapping[str, Any]] | None:
    """The metrics that were listed under a name; ``None`` while they are not known."""
    ref = refer(judging.view, judging.subject, native_type, text)
    found = judging.look.value(ref, "listed") if ref else UNKNOWN
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else [] if found is None else None


def dimensions_of(written: object) -> dict[str, str]:
    """Dimensions as a reply writes them, by name."""
    entries = written if isinstance(written, list) else []
    return {str(one.get("Name")): str(one.get("Value")) for one in entries if isinstance(one, dict)}


def watched_thing_gone(judging: Judging) -> Truth:
    """The dimension names something of ours that does not exist."""
    found = known(judging, "namespace", "dimensions")
    if found is None:
        return None
    namespace, dimensions = str(found[0]), dimensions_of(found[1])
    unclear: Truth = False
    for name, value in dimensions.items():
        native_type = HOLDERS.get(name) if namespace.startswith("AWS/") else None
        ref = refer(judging.view, judging.subject, native_type, value) if native_type else None
        there = judging.look.exists(ref) if ref else True
        if ref and there is False:
            kind = ref.native_type.partition(":")[2]
            judging.details |= {"dimension": name, "value": value, "kind": kind}
            judging.suppose += [mend(ref, "exists", True), *heard(judging)]
            return True
        unclear = None if there is None else unclear
    return unclear


def _config(judging: Judging, **changes: JsonValue) -> dict[str, JsonValue]:
    return alarm_config(judging.view, judging.subject, **changes)


def heard(judging: Judging) -> Iterator[Any]:
    """As it would be with the alarm mended: the metric is seen, and goes past the threshold for long enough."""
    sums = arithmetic(judging)
    if sums is not None:
        yield firing(judging, sums)


def _heard_with(judging: Judging, **changes: JsonValue) -> None:
    judging.suppose += [mend(judging.subject, name, value) for name, value in changes.items()]
    sums = arithmetic(judging)
    if sums is not None:
        judging.suppose.append(firing(judging, type(sums)(**{**sums.__dict__, **changes})))


def tells_nobody(judging: Judging) -> Truth:
    """Nothing happens when it goes off. Where all other alarms act on one and the same thing, that is what is missing."""
    acts = judging.look.value(judging.subject, "actions.alarm")
    if acts is UNKNOWN or acts:
        return None if acts is UNKNOWN else False
    others = [fact.value for ref in judging.view.subjects("cloudwatch:alarm") if (fact := judging.view.fact(ref, "actions.alarm"))]
    usual = {str(action) for listed in others if isinstance(listed, list) for action in listed}
    action = next(iter(usual)) if len(usual) == 1 else "arn:aws:automate:supposed"
    if len(usual) == 1:
        judging.details |= {"usual": action.rpartition(":")[2], "config": _config(judging, AlarmActions=[action])}
    judging.suppose.append(mend(judging.subject, "actions.alarm", [action]))
    return True


def topic_unheard(judging: Judging) -> Truth:
    """Nobody is subscribed to a topic. Where the topics of all other alarms lead to one and the same address, that is who is missing."""
    listed = judging.look.value(judging.subject, "subscriptions.listed")
    if listed is UNKNOWN or listed:
        return None if listed is UNKNOWN else False
    topics = [one for one in _told_by_alarms(judging) if one.key != judging.subject.key]
    unread = [FactQuery(subject=one, attribute="subscriptions.listed") for one in topics if judging.view.fact(one, "subscriptions.listed") is None]
    if [one for one in unread[:_MOST_TOPICS] if judging.awaits(one)]:
        return None
    heard_by = [row for one in topics for row in rows(known_of(judging.view, one, "subscriptions.listed"))]
    ends = {(str(row.get("Protocol")), str(row.get("Endpoint"))) for row in heard_by}
    protocol, endpoint = next(iter(ends)) if len(ends) == 1 and not unread else ("", "")
    if protocol in _PEOPLE and not hidden(endpoint):
        judging.details |= {"protocol": protocol, "endpoint": endpoint, "usual": ", ".join(one.label for one in topics)}
    return True


def _told_by_alarms(judging: Judging) -> list[ResourceRef]:
    """The topics that alarms of the same account and region send to."""
    view, own = judging.view, judging.subject
    alarms = [one for one in view.subjects("cloudwatch:alarm") if (one.account, one.region) == (own.account, own.region)]
    acts = [known_of(view, one, "actions.alarm") for one in alarms]
    named = dict.fromkeys(str(arn) for listed in acts if isinstance(listed, list) for arn in listed if ":sns:" in str(arn))
    return [ref for arn in named if (ref := refer(judging.view, judging.subject, "sns:topic", arn)) is not None]


def statistic_hides(judging: Judging) -> Truth:
    """Single points go past the threshold, what the statistic makes of them does not."""
    seen = watch(judging)
    statistic = judging.look.value(judging.subject, "statistic")
    if seen is None or statistic is UNKNOWN:
        return None
    extremes = seen.high if seen.arithmetic.upwards else seen.low
    if not seen.own or statistic in _EXTREME or seen.replayed().fired or not seen.replayed(extremes).fired:
        return False
    better = _EXTREME[0] if seen.arithmetic.upwards else _EXTREME[1]
    judging.details |= {"statistic": str(statistic), "extreme": _extreme(seen, extremes), "own_extreme": _extreme(seen, seen.own), "better": better}
    judging.details["config"] = _config(judging, Statistic=better, ExtendedStatistic=None)
    judging.suppose.append(mend(judging.subject, "statistic", better))
    _heard_with(judging)
    return True


def _extreme(seen: Watch, points: Mapping[int, float]) -> float:
    return (max if seen.arithmetic.upwards else min)(points.values())


def needs_more_periods(judging: Judging) -> Truth:
    """The threshold was passed, but never for as many periods as the alarm wants."""
    seen = watch(judging)
    if seen is None:
        return None
    now = seen.replayed()
    if now.fired or not now.breaching or "ALARM" in now.states:
        return False
    short = max(1, now.longest_run)
    judging.details |= {"longest_run": now.longest_run, "config": _config(judging, EvaluationPeriods=short, DatapointsToAlarm=short)}
    _heard_with(judging, evaluated=short, needed=short)
    return True


def out_of_reach(judging: Judging) -> Truth:
    """The metric did what the words say, and that lies on the good side of the threshold."""
    seen = watch(judging)
    if seen is None:
        return None
    spoken = [float(match[1]) for match in _NUMBER.finditer(judging.view.problem.text)]
    if not seen.own or not spoken or seen.replayed().breaching:
        return False
    top, up = _extreme(seen, seen.own), seen.arithmetic.upwards
    said = max(spoken) if up else min(spoken)
    reached = top >= said if up else top <= said
    beyond = seen.arithmetic.threshold > said if up else seen.arithmetic.threshold < said
    if not (reached and beyond):
        return False
    judging.details |= {"said": said, "top": top, "config": _config(judging, Threshold=said)}
    _heard_with(judging, threshold=said)
    return True


def reversed_comparison(judging: Judging) -> Truth:
    """The alarm is to notice the one direction and looks in the other."""
    seen = watch(judging)
    if seen is None:
        return None
    told = f"{judging.subject.label} {judging.view.problem.text.replace(judging.subject.label, ' ')}".replace("-", " ").replace("_", " ")
    up, down = bool(_UP.search(told)), bool(_DOWN.search(told))
    if up in (down, seen.arithmetic.upwards) or not seen.own:
        return False
    other = REVERSED[seen.arithmetic.comparison]
    turned = seen.replayed(comparison=other)
    if seen.replayed().share_in_alarm < 0.5 and not turned.fired:
        return False
    judging.details |= {"wanted": "high" if up else "low", "other": other, "config": _config(judging, ComparisonOperator=other)}
    _heard_with(judging, comparison=other)
    return True


def missing_data_hides(judging: Judging) -> Truth:
    """The metric fell silent for longer than the alarm looks back, and silence is not taken for trouble."""
    seen = watch(judging)
    if seen is None:
        return None
    if not seen.own or seen.arithmetic.missing == "breaching" or seen.replayed().fired:
        return False
    gap = seen.replayed().longest_gap
    if gap < seen.arithmetic.evaluated or not seen.replayed(missing="breaching").fired:
        return False
    judging.details |= {"gap_minutes": gap * seen.arithmetic.period // 60, "config": _config(judging, TreatMissingData="breaching")}
    judging.suppose.append(mend(judging.subject, "missing_data", "breaching"))
    return True


def period_shorter_than_metric(judging: Judging) -> Truth:
    """Points come further apart than the alarm looks back, so that most of the time it sees nothing."""
    seen = watch(judging)
    if seen is None:
        return None
    apart = spacing(seen.count or seen.own)
    if apart is None or apart <= seen.arithmetic.period * seen.arithmetic.evaluated or seen.arithmetic.missing != "missing":
        return False
    judging.details |= {"apart": apart, "config": _config(judging, Period=apart)}
    _heard_with(judging, period=apart)
    return True


def never_rests(judging: Judging) -> Truth:
    """Nearly every point lies past the threshold: that is how the metric is, unless what it counts is trouble."""
    seen = watch(judging)
    if seen is None:
        return None
    named = known(judging, "namespace", "metric")
    if named is None:
        return None
    replayed = seen.replayed()
    if tells_of_trouble(str(named[0]), str(named[1])) or replayed.points < 4 or replayed.breaching < 0.8 * replayed.points:
        return False
    usual = sorted(seen.own.values())[len(seen.own) // 2]
    judging.details |= {"usual": usual, "breaching": replayed.breaching, "points": replayed.points}
    _heard_with(judging)
    return True


def silence_breaches(judging: Judging) -> Truth:
    """Only missing points put it into alarm."""
    seen = watch(judging)
    if seen is None:
        return None
    if seen.arithmetic.missing != "breaching" or not seen.replayed().share_in_alarm or seen.replayed(missing="notBreaching").fired:
        return False
    judging.details |= {"points": len(seen.own), "config": _config(judging, TreatMissingData="notBreaching")}
    judging.suppose.append(mend(judging.subject, "missing_data", "notBreaching"))
    _heard_with(judging)
    return True


def would_fire(judging: Judging) -> Truth:
    """In the window the arithmetic comes to an alarm at least once."""
    seen = watch(judging)
    if seen is None:
        return None
    judging.details["fired"] = seen.replayed().fired
    return bool(seen.replayed().fired)


def hears(judging: Judging) -> Truth:
    """Its metric reports."""
    seen = watch(judging)
    if seen is None:
        return None
    judging.details["points"] = len(seen.own)
    return bool(seen.own)


JUDGES: Mapping[str, Judge] = named_judge(
    watched_thing_gone, tells_nobody, topic_unheard, statistic_hides, needs_more_periods, out_of_reach, reversed_comparison, missing_data_hides,
    period_shorter_than_metric, never_rests, silence_breaches, would_fire, hears, prefix="alarm_",
)  # fmt: skip
