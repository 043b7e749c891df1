"""Values that options choose from."""

from __future__ import annotations

from enum import StrEnum


class AskWhen(StrEnum):
    """When a person is asked."""

    never = "never"
    risky = "risky"
    always = "always"


class Status(StrEnum):
    """How an investigation ended."""

    concluded = "concluded"
    waiting = "waiting"
    budget_exhausted = "budget_exhausted"
    interrupted = "interrupted"
    failed = "failed"


class Period(StrEnum):
    """Lengths of time that statistics are grouped by."""

    day = "day"
    week = "week"
    month = "month"


class SeverityLevel(StrEnum):
    """How serious a finding is."""

    critical = "critical"
    high = "high"
    medium = "medium"
    low = "low"
    info = "info"


class InspectionFormat(StrEnum):
    """How the result of an inspection is written."""

    table = "table"
    json = "json"
    sarif = "sarif"
    ocsf = "ocsf"
    html = "html"
