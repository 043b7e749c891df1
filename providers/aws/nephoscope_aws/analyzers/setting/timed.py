"""Schedules worked out and compared with what the words want."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nephoscope.models import JsonValue
from nephoscope_aws.analyzers.setting.conditions import Judge, Judging, named_judge
from nephoscope_aws.behaviour.day_parts import offsets
from nephoscope_aws.behaviour.expected import Expectation, Firing, differs, expectation, firing
from nephoscope_aws.iam.truth import Truth
from nephoscope_aws.looking.look import UNKNOWN, mend
from nephoscope_aws.looking.times import moment

_DAILY = re.compile(r"cron\(\d+ \d+ (?P<days>.+)\)")
_OFF = frozenset({"late", "suspicion", "partial", "wrong_content", "duplicate"})
NO_CLOCKS = frozenset({"", "UTC", "GMT", "Etc/UTC"})


def _real(judging: Judging, attribute: str, zoned: bool) -> Firing | None:
    expression = judging.look.value(judging.subject, attribute)
    zone = judging.look.value(judging.subject, "zone") if zoned else "UTC"
    now = moment(judging.view.problem.now)
    if expression in (UNKNOWN, None) or zone is UNKNOWN or now is None:
        return None
    judging.details |= {"expression": str(expression), "zone": str(zone or "UTC")}
    return firing(str(expression), str(zone or "UTC"), now)


def _differs(judging: Judging, attribute: str, zoned: bool) -> Truth:
    names = [entity.text for entity in judging.view.problem.entities if entity.named and entity.matches]
    wanted = expectation(judging.view.problem.text, names)
    if not wanted.said:
        return False
    real = _real(judging, attribute, zoned)
    if real is None:
        return None
    told = {judging.view.problem.symptom, *judging.view.problem.symptoms}
    how = differs(wanted, real, _ahead(judging), anybodys=not told & _OFF)  # who misses a run altogether tells the time by the own clock
    judging.details["how"] = how
    if how:
        judging.details |= _put_right(judging, wanted)
        judging.suppose.append(mend(judging.subject, attribute, "rate(1 minute)"))
    return bool(how) and not _fits_when_mended(judging)


def _ahead(judging: Judging) -> tuple[int, ...]:
    """A schedule in UTC is told of by people whose clocks are others."""
    return offsets(judging.subject.region) if judging.details.get("zone") in NO_CLOCKS else (0,)


def _put_right(judging: Judging, wanted: Expectation) -> dict[str, JsonValue]:
    """The expression with the one time of the day that the words want; only where its zone is one that people live in, and where that is all."""
    expression, zone, now = str(judging.details["expression"]), str(judging.details["zone"]), moment(judging.view.problem.now)
    daily = _DAILY.fullmatch(expression)
    if daily is None or zone in NO_CLOCKS or len(wanted.clocks) != 1 or len(wanted.clocks[0]) != 1 or now is None:
        return {}
    hour, minute = next(iter(wanted.clocks[0]))
    fitting = f"cron({minute} {hour} {daily['days']})"
    real = firing(fitting, zone, now)
    return {"clock": f"{hour:02d}:{minute:02d}", "fitting": fitting} if real is not None and not differs(wanted, real) else {}


def _fits_when_mended(judging: Judging) -> bool:
    """A supposition cannot know the right expression: any that was supposed counts as right."""
    return judging.details.get("expression") == "rate(1 minute)"


def schedule_differs(judging: Judging) -> Truth:
    """A schedule of the scheduler runs at other times than the words want."""
    return _differs(judging, "expression", zoned=True)


def rule_schedule_differs(judging: Judging) -> Truth:
    """A rule's schedule, which is always UTC, runs at other times than the words want."""
    if judging.look.value(judging.subject, "schedule") is None:
        return False
    return _differs(judging, "schedule", zoned=False)


def schedule_never(judging: Judging) -> Truth:
    """No time of the expression lies ahead."""
    real = _real(judging, "expression", zoned=True)
    now = moment(judging.view.problem.now)
    if real is None or now is None:
        return None
    over = real.once is not None and real.once < now
    if over or not (real.times or real.every or real.once):
        judging.suppose.append(mend(judging.subject, "expression", "rate(1 day)"))
        return True
    return False


JUDGES: Mapping[str, Judge] = named_judge(schedule_differs, rule_schedule_differs, schedule_never)
