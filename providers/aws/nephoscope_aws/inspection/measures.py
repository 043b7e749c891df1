"""What controls ask of time: what was measured over a week, and how old things are. Three-valued, without a clock of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from nephoscope_aws.analyzers.setting.conditions import Judge, Judging, named_judge
from nephoscope_aws.analyzers.setting.rules import Place
from nephoscope_aws.iam.truth import Truth
from nephoscope_aws.looking.look import UNKNOWN
from nephoscope_aws.looking.times import moment

SECRET_DAYS, CERTIFICATE_DAYS = 90, 30
IDLE_PERCENT = 3.0


def days(judging: Judging, when: object) -> int | None:
    """How many whole days ago; ``None`` where that is not known."""
    then, now = moment(when), moment(judging.view.problem.now)
    return None if when in (UNKNOWN, None) or then is None or now is None else (now - then).days


def rows(value: object) -> Iterator[Mapping[str, Any]]:
    """The members of a list that are objects."""
    yield from (one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()


def _measured(judging: Judging, attribute: str, statistic: str) -> list[float] | None:
    """Points of a week; ``None`` while nobody has looked. What is measured by the hour and has few points is too young to judge."""
    points = judging.look.value(judging.subject, attribute)
    return None if points is UNKNOWN else [float(one.get(statistic) or 0) for one in rows(points)]


ENOUGH = 120
"""Hours of a week that must have been measured before anything is called idle."""


def instance_idle(judging: Judging) -> Truth:
    """It runs, was measured for most of a week, and was never busy."""
    state = judging.value(judging.subject, Place(attribute="state"))
    judging.value(judging.subject, Place(attribute="type"))
    if state is UNKNOWN:
        return None
    if state != "running":
        return False
    points = _measured(judging, "metrics.cpu", "Maximum")
    if points is None:
        return None
    judging.details["busiest"] = round(max(points, default=0.0), 1)
    return len(points) >= ENOUGH and max(points) < IDLE_PERCENT


def nat_gateway_idle(judging: Judging) -> Truth:
    """It is there, was measured for most of a week, and carried nothing."""
    state = judging.value(judging.subject, Place(attribute="state"))
    if state is UNKNOWN:
        return None
    if state != "available":
        return False
    points = _measured(judging, "metrics.bytes_out", "Sum")
    return None if points is None else len(points) >= ENOUGH and not any(points)


def database_idle(judging: Judging) -> Truth:
    """It runs, was measured for most of a week, and nobody connected."""
    status = judging.value(judging.subject, Place(attribute="status"))
    judging.value(judging.subject, Place(attribute="class"))
    if status is UNKNOWN:
        return None
    if status != "available":
        return False
    points = _measured(judging, "metrics.connections", "Maximum")
    return None if points is None else len(points) >= ENOUGH and not any(points)


READS_PER_WRITE = 5.0
"""A unit of writing costs as much as five of reading."""
SPARE = 5
"""So much more than the busiest hour is called oversized."""


def table_oversized(judging: Judging) -> Truth:
    """Its provisioned capacity is several times what its busiest hour of the week took."""
    mode = judging.look.value(judging.subject, "billing")
    if mode is UNKNOWN:
        return None
    if mode == "PAY_PER_REQUEST":
        return False
    provisioned = [judging.value(judging.subject, Place(attribute=f"capacity.{name}")) for name in ("read", "write")]
    measured = [_measured(judging, f"metrics.consumed_{name}", "Sum") for name in ("reads", "writes")]
    if UNKNOWN in provisioned or None in measured:
        return None
    reads, writes = (float(str(one or 0)) for one in provisioned)
    busiest_reads, busiest_writes = (max(points or (), default=0.0) / 3600 for points in measured)
    judging.details |= {"reads": round(busiest_reads, 2), "writes": round(busiest_writes, 2)}
    spare = max(0.0, writes - max(1.0, SPARE * busiest_writes)) + max(0.0, reads - max(1.0, SPARE * busiest_reads)) / READS_PER_WRITE
    judging.details["spare_in_writes"] = round(spare, 2)
    return spare >= 5


def secret_unused(judging: Judging) -> Truth:
    """It is older than three months, and nobody has read it in that time."""
    deleted, created, read = (judging.look.value(judging.subject, name) for name in ("deleted_date", "created", "last_read"))
    if UNKNOWN in (deleted, created, read):
        return None
    if deleted is not None:
        return False
    ages = [days(judging, one) for one in (created, read) if one is not None]
    return bool(ages) and all(age is not None and age > SECRET_DAYS for age in ages)


def certificate_expires_soon(judging: Judging) -> Truth:
    """It is in use, and ends within a month."""
    in_use = judging.look.value(judging.subject, "in_use")
    expires, domain = (judging.value(judging.subject, Place(attribute=name)) for name in ("expires", "domain"))
    if UNKNOWN in (in_use, expires, domain):
        return None
    if not in_use or expires is None:
        return False
    end, now = moment(expires), moment(judging.view.problem.now)
    return None if end is None or now is None else end - now < timedelta(days=CERTIFICATE_DAYS)


JUDGES: dict[str, Judge] = named_judge(instance_idle, nat_gateway_idle, database_idle, table_oversized, secret_unused, certificate_expires_soon)
