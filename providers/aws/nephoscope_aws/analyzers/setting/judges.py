"""Judges by name: what a rule needs more than comparisons for."""

from __future__ import annotations

from collections.abc import Mapping

from nephoscope_aws.analyzers.setting import alarms
from nephoscope_aws.analyzers.setting.conditions import Judge

JUDGES: Mapping[str, Judge] = {**alarms.JUDGES}
