"""Judges by name: what a rule needs more than comparisons for."""

from __future__ import annotations

from collections.abc import Mapping

from nephoscope_aws.analyzers.setting import (
    alarms,
    buses,
    containers,
    copies,
    filters,
    functions,
    interfaces,
    logged,
    machines,
    mappings,
    metric_names,
    platforms,
    stores,
    timed,
    visitors,
    watchers,
)
from nephoscope_aws.analyzers.setting.conditions import Judge

_ROOMS = (
    alarms,
    buses,
    containers,
    copies,
    filters,
    functions,
    interfaces,
    logged,
    machines,
    mappings,
    metric_names,
    platforms,
    stores,
    timed,
    visitors,
    watchers,
)
JUDGES: Mapping[str, Judge] = {name: judge for room in _ROOMS for name, judge in room.JUDGES.items()}
