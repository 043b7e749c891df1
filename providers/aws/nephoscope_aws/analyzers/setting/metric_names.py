"""An alarm whose metric had no point: is what it watches called otherwise, by what reports or by what the service is known to report?"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Mapping

from nephoscope.models import JsonValue
from nephoscope_aws.analyzers.delivering.mending import alarm_config
from nephoscope_aws.analyzers.setting.alarms import dimensions_of, heard, known, listed, silent
from nephoscope_aws.analyzers.setting.conditions import Judge, Judging, named_judge
from nephoscope_aws.behaviour import metrics
from nephoscope_aws.iam.truth import Truth
from nephoscope_aws.looking.look import mend

_ALIKE = 0.72
_FIELDS = {"dimensions": "Dimensions", "metric": "MetricName", "namespace": "Namespace"}


def _where_silent(told: Callable[[Judging, str, str, Mapping[str, str]], Truth]) -> Judge:
    """A judge of alarms whose metric had no point in the window: is given its namespace, its name and its dimensions."""

    @functools.wraps(told)
    def judge(judging: Judging) -> Truth:
        found = known(judging, "namespace", "metric", "dimensions")
        quiet = silent(judging)
        if found is None or not quiet:
            return None if found is None else quiet
        return told(judging, str(found[0]), str(found[1]), dimensions_of(found[2]))

    return judge


@_where_silent
def dimension_mismatch(judging: Judging, namespace: str, metric: str, mine: Mapping[str, str]) -> Truth:
    """The metric reports, but not with these dimensions: with ones that are nearly the same."""
    found = listed(judging, "cloudwatch:metric", f"{namespace}#{metric}")
    if found is None:
        return None
    others = [dimensions_of(one.get("Dimensions")) for one in found]
    if mine in others:
        return False
    near = max(others, key=lambda other: _likeness(mine, other), default={})
    if near and _likeness(mine, near) >= _ALIKE:
        return _watches(judging, "dimensions", _written(near), watched=_told(mine), reported=_told(near), grounds="With {reported} it does.")
    if others or metric not in _metrics(namespace):
        return False
    right = {_dimension(namespace, name): value for name, value in mine.items()}
    if right == mine or len(right) < len(mine):
        return False
    grounds = f"The dimensions of {namespace} are called so."
    return _watches(judging, "dimensions", _written(right), watched=_told(mine), reported=_told(right), grounds=grounds)


@_where_silent
def metric_mismatch(judging: Judging, namespace: str, metric: str, mine: Mapping[str, str]) -> Truth:
    """Nothing reports under that name, but under one nearly the same."""
    exact = listed(judging, "cloudwatch:metric", f"{namespace}#{metric}")
    if exact is None or exact:
        return None if exact is None else False
    found = listed(judging, "cloudwatch:namespace", namespace)
    if found is None:
        return None
    near = _nearest(metric, {str(one.get("MetricName")) for one in found if dimensions_of(one.get("Dimensions")) == mine})
    if near is not None:
        return _watches(judging, "metric", near, watched=metric, reported=near, grounds="With the same dimensions {reported} does.")
    near = metrics.nearly(metric, _metrics(namespace)) if metric not in _metrics(namespace) else None
    if near is None:
        return False
    return _watches(judging, "metric", near, watched=metric, reported=near, grounds=f"{namespace} has no such metric; it has {near}.")


@_where_silent
def namespace_mismatch(judging: Judging, namespace: str, metric: str, mine: Mapping[str, str]) -> Truth:
    """The same metric reports under another namespace."""
    exact = listed(judging, "cloudwatch:namespace", namespace)
    if exact is None or exact:
        return None if exact is None else False
    name, value = next(iter(mine.items()), ("", ""))
    found = listed(judging, "cloudwatch:dimension", f"dimension:{name}#{value}") if mine else []
    if found is None:
        return None
    same = {str(one.get("Namespace")) for one in found if one.get("MetricName") == metric and dimensions_of(one.get("Dimensions")) == mine}
    if len(same) == 1:
        other = same.pop()
        return _watches(judging, "namespace", other, watched=namespace, reported=other, grounds="With these dimensions it reports in {reported}.")
    near = metrics.nearly_of_service(namespace)
    if same or near is None or not metrics.is_documented(near, metric, mine):
        return False
    grounds = "No service reports there; a metric of this name is reported in {reported}."
    return _watches(judging, "namespace", near, watched=namespace, reported=near, grounds=grounds)


def nothing_counted(judging: Judging) -> Truth:
    """Not a point came, of a metric that is what its service calls it."""
    found = known(judging, "namespace", "metric", "dimensions")
    if found is None or (quiet := silent(judging)) is None:
        return None
    return quiet and metrics.is_documented(str(found[0]), str(found[1]), dimensions_of(found[2]))


def _watches(judging: Judging, attribute: str, value: JsonValue, *, watched: str, reported: str, grounds: str) -> Truth:
    config = alarm_config(judging.view, judging.subject, **{_FIELDS[attribute]: value})
    judging.details |= {"watched": watched, "reported": reported, "grounds": grounds.replace("{reported}", reported), "config": config}
    judging.suppose += [mend(judging.subject, attribute, value), *heard(judging)]
    return True


def _metrics(namespace: str) -> frozenset[str]:
    known_there = metrics.reported().get(namespace)
    return known_there.metrics if known_there else frozenset()


def _dimension(namespace: str, name: str) -> str:
    """As the service calls it: a slip of it, or the one name that is longer or shorter by an ending."""
    names = metrics.reported()[namespace].dimensions
    if name in names:
        return name
    longer = [other for other in names if other.startswith(name) or name.startswith(other)]
    return longer[0] if len(longer) == 1 else metrics.nearly(name, names) or name


def _written(dimensions: Mapping[str, str]) -> list[JsonValue]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


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


JUDGES: Mapping[str, Judge] = named_judge(dimension_mismatch, metric_mismatch, namespace_mismatch, nothing_counted, prefix="alarm_")
