"""Why an alarm stays silent, or never rests: its metric looked up, its arithmetic replayed."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from nephoscope.interfaces import FactView
from nephoscope.models import JsonValue, ResourceRef
from nephoscope_aws.analyzers.delivering.look import UNKNOWN, mend
from nephoscope_aws.analyzers.setting.conditions import Judge, Judging, named_judge, refer
from nephoscope_aws.analyzers.setting.series import Watch, arithmetic, firing, watch
from nephoscope_aws.behaviour.alarms import REVERSED, spacing
from nephoscope_aws.iam.truth import Truth

HOLDERS = {
    "InstanceId": "ec2:instance", "QueueName": "sqs:queue", "FunctionName": "lambda:function", "DBInstanceIdentifier": "rds:db-instance",
    "TableName": "dynamodb:table", "TopicName": "sns:topic", "RuleName": "events:rule", "BucketName": "s3:bucket",
    "DBClusterIdentifier": "rds:db-cluster",
}  # fmt: skip
"""What a dimension of an AWS metric names."""
_UP = re.compile(r"(?<![a-z])(high|above|over|exceed\w*|spik\w*|peak\w*|too many|full|maxed|surge\w*|rises?|hot)(?![a-z])", re.IGNORECASE)
_DOWN = re.compile(r"(?<![a-z])(low|below|under|drops?|dropped|falls?|fell|empty|dries|runs out|too few|dead|idle)(?![a-z])", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.-])(\d+(?:\.\d+)?)\s?(%|percent|ms|seconds?|s\b|messages?|errors?|requests?)", re.IGNORECASE)
_ALIKE = 0.72
_EXTREME = ("Maximum", "Minimum")


def _silent(judging: Judging) -> Truth:
    """Whether the metric that the alarm watches had no point in the window."""
    seen = watch(judging)
    return None if seen is None else not seen.own and not seen.count


def _known(judging: Judging, *names: str) -> list[Any] | None:
    found = [judging.look.value(judging.subject, name) for name in names]
    return None if UNKNOWN in found else found


def _listed(judging: Judging, native_type: str, text: str) -> list[Mapping[str, Any]] | None:
    ref = refer(judging.view, judging.subject, native_type, text)
    found = judging.look.value(ref, "listed") if ref else UNKNOWN
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else [] if found is None else None


def _dimensions(written: object) -> dict[str, str]:
    entries = written if isinstance(written, list) else []
    return {str(one.get("Name")): str(one.get("Value")) for one in entries if isinstance(one, dict)}


def watched_thing_gone(judging: Judging) -> Truth:
    """The dimension names something of ours that does not exist."""
    known = _known(judging, "namespace", "dimensions")
    if known is None:
        return None
    namespace, dimensions = str(known[0]), _dimensions(known[1])
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


def _where_silent(told: Callable[[Judging, str, str, Mapping[str, str]], Truth]) -> Judge:
    """A judge of alarms whose metric had no point in the window: is given its namespace, its name and its dimensions."""

    @functools.wraps(told)
    def judge(judging: Judging) -> Truth:
        known = _known(judging, "namespace", "metric", "dimensions")
        silent = _silent(judging)
        if known is None or not silent:
            return None if known is None else silent
        return told(judging, str(known[0]), str(known[1]), _dimensions(known[2]))

    return judge


@_where_silent
def dimension_mismatch(judging: Judging, namespace: str, metric: str, mine: Mapping[str, str]) -> Truth:
    """The metric reports, but not with these dimensions: with ones that are nearly the same."""
    listed = _listed(judging, "cloudwatch:metric", f"{namespace}#{metric}")
    if listed is None:
        return None
    others = [_dimensions(one.get("Dimensions")) for one in listed]
    if mine in others:
        return False
    near = max(others, key=lambda other: _likeness(mine, other), default={})
    if not near or _likeness(mine, near) < _ALIKE:
        return False
    written: list[JsonValue] = [{"Name": name, "Value": value} for name, value in near.items()]
    judging.details |= {"watched": _told(mine), "reported": _told(near), "config": _config(judging, Dimensions=written)}
    judging.suppose += [mend(judging.subject, "dimensions", written), *heard(judging)]
    return True


@_where_silent
def metric_mismatch(judging: Judging, namespace: str, metric: str, mine: Mapping[str, str]) -> Truth:
    """Nothing reports under that name, but under one nearly the same."""
    exact = _listed(judging, "cloudwatch:metric", f"{namespace}#{metric}")
    if exact is None or exact:
        return None if exact is None else False
    listed = _listed(judging, "cloudwatch:namespace", namespace)
    if listed is None:
        return None
    names = {str(one.get("MetricName")) for one in listed if _dimensions(one.get("Dimensions")) == mine}
    near = _nearest(metric, names)
    if near is None:
        return False
    judging.details |= {"watched": metric, "reported": near, "config": _config(judging, MetricName=near)}
    judging.suppose += [mend(judging.subject, "metric", near), *heard(judging)]
    return True


@_where_silent
def namespace_mismatch(judging: Judging, namespace: str, metric: str, mine: Mapping[str, str]) -> Truth:
    """The same metric reports under another namespace."""
    exact = _listed(judging, "cloudwatch:namespace", namespace)
    if exact is None or exact or not mine:
        return None if exact is None else False
    name, value = next(iter(mine.items()))
    listed = _listed(judging, "cloudwatch:dimension", f"dimension:{name}#{value}")
    if listed is None:
        return None
    same = {str(one.get("Namespace")) for one in listed if one.get("MetricName") == metric and _dimensions(one.get("Dimensions")) == mine}
    if len(same) != 1:
        return False
    other = same.pop()
    judging.details |= {"watched": namespace, "reported": other, "config": _config(judging, Namespace=other)}
    judging.suppose += [mend(judging.subject, "namespace", other), *heard(judging)]
    return True


def _likeness(mine: Mapping[str, str], other: Mapping[str, str]) -> float:
    """How nearly two sets of dimensions are the same: by values where the names agree, by what is left out where they do not."""
    if not mine or not other:
        return 0.0
    if mine.keys() == other.keys():
        return sum(_alike(mine[name], other[name]) for name in mine) / len(mine)
    small, large = sorted((mine, other), key=len)
    return 0.9 if all(large.get(name) == value for name, value in small.items()) else 0.0


def _alike(left: str, right: str) -> float:
    return difflib.SequenceMatcher(None, left.lower(), right.lower()).ratio()


def _nearest(name: str, names: set[str]) -> str | None:
    best = max(sorted(names), key=lambda other: _alike(name, other), default=None)
    return best if best is not None and _alike(name, best) >= _ALIKE else None


def _told(dimensions: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in dimensions.items()) or "no dimensions"


_FIELDS = {
    "Namespace": "namespace", "MetricName": "metric", "Dimensions": "dimensions", "Statistic": "statistic", "ExtendedStatistic": "statistic.extended",
    "Period": "period", "EvaluationPeriods": "evaluated", "DatapointsToAlarm": "needed", "Threshold": "threshold", "ComparisonOperator": "comparison",
    "TreatMissingData": "missing_data", "ActionsEnabled": "actions.enabled", "AlarmActions": "actions.alarm", "OKActions": "actions.ok",
    "InsufficientDataActions": "actions.insufficient", "Unit": "unit",
}  # fmt: skip


def _config(judging: Judging, **changes: JsonValue) -> dict[str, JsonValue]:
    return config_of(judging.view, judging.subject, **changes)


def config_of(view: FactView, alarm: ResourceRef, **changes: JsonValue) -> dict[str, JsonValue]:
    """The whole alarm as PutMetricAlarm takes it, which replaces everything."""
    config: dict[str, JsonValue] = {"AlarmName": alarm.label}
    for field, attribute in _FIELDS.items():
        fact = view.fact(alarm, attribute)
        if fact and not fact.known_absent and fact.value not in (None, [], ""):
            config[field] = fact.value
    return {name: value for name, value in {**config, **changes}.items() if value is not None}


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
    """Nearly every point lies past the threshold: that is how the metric is."""
    seen = watch(judging)
    if seen is None:
        return None
    replayed = seen.replayed()
    if replayed.points < 4 or replayed.breaching < 0.8 * replayed.points:
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
    watched_thing_gone, dimension_mismatch, metric_mismatch, namespace_mismatch, statistic_hides, needs_more_periods, out_of_reach,
    reversed_comparison, missing_data_hides, period_shorter_than_metric, never_rests, silence_breaches, would_fire, hears, prefix="alarm_",
)  # fmt: skip
