"""What happens in a run, as it happens: for live views, logs and lifecycle hooks."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from nephoscope.models.base import Frozen, JsonValue


class Event(Frozen):
    """One thing that happened. ``kind`` such as ``step_started``, ``call_answered``, ``finding_changed``, ``concluded``."""

    kind: str
    at: str
    step: int = 0
    data: Mapping[str, JsonValue] = Field(default_factory=dict)
