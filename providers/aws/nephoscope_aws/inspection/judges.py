"""What controls ask that conditions cannot say."""

from __future__ import annotations

from collections.abc import Mapping

from nephoscope_aws.analyzers.setting.conditions import Judge

JUDGES: Mapping[str, Judge] = {}
