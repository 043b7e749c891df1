"""Judges by name: what a rule needs more than comparisons for."""

from __future__ import annotations

from collections.abc import Mapping

from nephoscope_aws.analyzers.setting import alarms, containers, functions, platforms, stores, timed
from nephoscope_aws.analyzers.setting.conditions import Judge

JUDGES: Mapping[str, Judge] = {**alarms.JUDGES, **containers.JUDGES, **platforms.JUDGES, **stores.JUDGES, **functions.JUDGES, **timed.JUDGES}
