"""Metric filters: whether the pattern that an alarm's metric is counted by fits the lines that are written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from nephoscope.models import JsonValue, texts
from nephoscope_aws.analyzers.delivering.mending import sendable
from nephoscope_aws.analyzers.setting.alarms import heard
from nephoscope_aws.analyzers.setting.conditions import Judge, Judging, named_judge
from nephoscope_aws.analyzers.setting.containers import lost
from nephoscope_aws.analyzers.setting.series import watch
from nephoscope_aws.behaviour.log_patterns import compiled
from nephoscope_aws.iam.truth import Truth
from nephoscope_aws.looking.look import UNKNOWN, hidden
from nephoscope_aws.looking.referring import refer

_ONE_WORD = re.compile(r"\{\s*\$\.[\w.-]+\s*=\s*(?P<quote>\"?)(?P<word>\w+)(?P=quote)\s*\}")
"""A pattern that asks one field for one word."""
_WORD = re.compile(r"\w+")
_SETTINGS = ("logGroupName", "filterName", "filterPattern", "metricTransformations", "applyOnTransformedLogs")
_FEWEST = 3
"""Lines that must be nearly matched before the pattern is blamed."""


def _filters_of_silence(judging: Judging) -> list[Mapping[str, Any]] | None:
    """Metric filters that should count into the alarm's metric; none where it reports, or where a service reports it."""
    seen = watch(judging)
    if seen is None or seen.own:
        return None if seen is None else []
    named = [judging.look.value(judging.subject, name) for name in ("namespace", "metric")]
    if UNKNOWN in named:
        return None
    if str(named[0]).startswith("AWS/"):
        return []
    metric = refer(judging.view, judging.subject, "cloudwatch:metric", f"{named[0]}#{named[1]}")
    found = judging.look.value(metric, "filters") if metric else UNKNOWN
    return None if found is UNKNOWN else [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _readable(judging: Judging, group: str) -> list[str] | None:
    """Lines of a group's sample that nothing is hidden of; ``None`` while nobody has looked."""
    ref = refer(judging.view, judging.subject, "logs:log-group", group)
    sample = judging.look.value(ref, "sample") if ref else UNKNOWN
    if sample is UNKNOWN:
        return None
    lines = [str(one.get("message")) for one in sample if isinstance(one, dict)] if isinstance(sample, list) else []
    return [line for line in lines if not hidden(line)]


def filter_wants_documents(judging: Judging) -> Truth:
    """The pattern asks for fields of JSON documents, and no line of the sample is one."""
    filters = _filters_of_silence(judging)
    if not filters:
        return None if filters is None else False
    group, pattern = str(filters[0].get("logGroupName")), str(filters[0].get("filterPattern") or "").strip()
    if not pattern.startswith("{"):
        return False
    readable = _readable(judging, group)
    if readable is None:
        return None
    judging.details |= {"group": group, "pattern": pattern, "lines": len(readable)}
    judging.details |= _as_term(filters[0], pattern, readable)
    judging.suppose += heard(judging)
    return len(readable) >= _FEWEST and not any(line.lstrip().startswith("{") for line in readable)


def _as_term(written: Mapping[str, Any], pattern: str, lines: Sequence[str]) -> dict[str, JsonValue]:
    """The filter with the one word that its field is to equal as a term; only where lines hold that word, and nothing is counted from a field."""
    match = _ONE_WORD.fullmatch(pattern)
    matches = compiled(match["word"]) if match else None
    matching = sum(map(matches, lines)) if matches else 0
    settings = sendable({name: written[name] for name in _SETTINGS if name in written})
    counted = texts(written.get("metricTransformations") or ())
    if match is None or not matching or not isinstance(settings, dict) or any(text.startswith("$") for text in counted):
        return {}
    return {"matching": matching, "fitting": match["word"], "filter": {**settings, "filterPattern": match["word"]}}


def filter_mismatch(judging: Judging) -> Truth:
    """No line of the sample passes the pattern, and several would without regard to case."""
    filters = _filters_of_silence(judging)
    if not filters:
        return None if filters is None else False
    group, pattern = str(filters[0].get("logGroupName")), str(filters[0].get("filterPattern") or "")
    exact, relaxed = compiled(pattern), compiled(pattern, ignore_case=True)
    readable = _readable(judging, group)
    if readable is None or exact is None or relaxed is None:
        return None
    near = sum(relaxed(line) for line in readable)
    judging.details |= {"group": group, "pattern": pattern, "lines": len(readable), "matching": 0, "relaxed": near}
    judging.details |= _put_right(filters[0], pattern, [line for line in readable if relaxed(line)])
    judging.suppose += heard(judging)
    return not any(exact(line) for line in readable) and near >= _FEWEST


def _put_right(written: Mapping[str, Any], pattern: str, lines: Sequence[str]) -> dict[str, JsonValue]:
    """The filter with its words spelt as every line spells them, where they do so alike."""
    fitting = _WORD.sub(lambda match: _spelt(match[0], lines), pattern)
    matches = compiled(fitting)
    settings = sendable({name: written[name] for name in _SETTINGS if name in written})
    if fitting == pattern or matches is None or not all(map(matches, lines)) or not isinstance(settings, dict):
        return {}
    return {"fitting": fitting, "filter": {**settings, "filterPattern": fitting}}


def _spelt(word: str, lines: Sequence[str]) -> str:
    found = {match[0] for line in lines for match in re.finditer(rf"(?<!\w){re.escape(word)}(?!\w)", line, re.IGNORECASE)}
    return found.pop() if len(found) == 1 else word


def filter_group_deleted(judging: Judging) -> Truth:
    """The log group that the metric is counted from does not exist."""
    filters = _filters_of_silence(judging)
    if filters is None:
        return None
    gone = lost(judging, [refer(judging.view, judging.subject, "logs:log-group", str(one.get("logGroupName"))) for one in filters])
    if gone:
        judging.suppose += heard(judging)
    return gone


JUDGES: Mapping[str, Judge] = named_judge(filter_mismatch, filter_wants_documents, filter_group_deleted, prefix="alarm_")
