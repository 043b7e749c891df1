"""An alarm's settings and the points of its metric, as facts show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from nephoscope.models import JsonValue, Supposition
from nephoscope_aws.analyzers.setting.conditions import Judging
from nephoscope_aws.behaviour.alarms import Arithmetic, Replay, replay
from nephoscope_aws.looking.look import UNKNOWN, mend
from nephoscope_aws.looking.times import moment

WINDOW = timedelta(hours=72)
_SETTINGS = ("comparison", "threshold", "period", "evaluated", "needed", "missing_data")
Points = Mapping[int, float]


@dataclass(frozen=True)
class Watch:
    """One alarm over its window: ``own`` points by its statistic, and the extremes and counts of the same periods."""

    arithmetic: Arithmetic
    start: int
    end: int
    own: Points
    low: Points
    high: Points
    count: Points

    def replayed(self, points: Points | None = None, **changes: Any) -> Replay:
        """The replay over its own or other points, with some settings changed."""
        return replay(replace(self.arithmetic, **changes), self.own if points is None else points, self.start, self.end)


def arithmetic(judging: Judging) -> Arithmetic | None:
    """The alarm's settings; ``None`` while they are not known, or where they are no comparison of one metric with a number."""
    found = {name: judging.look.value(judging.subject, name) for name in _SETTINGS}
    if UNKNOWN in found.values():
        return None
    judging.details |= {name: value for name, value in found.items() if isinstance(value, str | int | float)}
    try:
        made = Arithmetic(
            comparison=str(found["comparison"]),
            threshold=float(str(found["threshold"])),
            period=int(str(found["period"])),
            evaluated=int(str(found["evaluated"] or 1)),
            needed=int(str(found["needed"] or found["evaluated"] or 1)),
            missing=str(found["missing_data"] or "missing"),
        )
    except ValueError:
        return None
    judging.details |= {"needed": made.needed, "missing_data": made.missing}
    return made if made.known and made.period > 0 else None


def watch(judging: Judging) -> Watch | None:
    """The alarm with its points; ``None`` while either is not known."""
    sums = arithmetic(judging)
    if sums is None:
        return None
    series = judging.look.value(judging.subject, "series")
    now = moment(judging.view.problem.now)
    if series is UNKNOWN or not isinstance(series, list) or now is None:
        return None
    named = {str(one.get("Id")): _points(one, sums.period) for one in series if isinstance(one, dict)}
    end = int(now.timestamp())
    return Watch(
        sums, end - int(WINDOW.total_seconds()), end, named.get("own", {}), named.get("low", {}), named.get("high", {}), named.get("count", {})
    )


def _points(result: Mapping[str, Any], period: int) -> Points:
    found: dict[int, float] = {}
    for at, value in zip(result.get("Timestamps") or (), result.get("Values") or (), strict=False):
        when = moment(at)
        if when is not None and isinstance(value, int | float):
            seconds = int(when.timestamp())
            found[seconds - seconds % period] = float(value)
    return found


def firing(judging: Judging, sums: Arithmetic) -> Supposition:
    """The points of a metric that goes past the threshold for long enough in the last hours, and is fine before."""
    now = moment(judging.view.problem.now)
    end = int(now.timestamp()) if now else 0
    period = sums.period
    last = end - end % period - period
    step = max(abs(sums.threshold) * 0.1, 1.0)
    bad, good = (sums.threshold + step, sums.threshold - step) if sums.upwards else (sums.threshold - step, sums.threshold + step)
    slots = [last - index * period for index in range(4 * sums.evaluated)]
    values = [bad if sums.evaluated <= index < 2 * sums.evaluated else good for index in range(len(slots))]
    stamps: list[JsonValue] = [_iso(slot) for slot in slots]
    results: list[JsonValue] = [{"Id": name, "Timestamps": stamps, "Values": list(values)} for name in ("own", "low", "high")]
    results.append({"Id": "count", "Timestamps": stamps, "Values": [1.0] * len(slots)})
    return mend(judging.subject, "series", results)


def _iso(seconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(seconds, UTC).isoformat()
