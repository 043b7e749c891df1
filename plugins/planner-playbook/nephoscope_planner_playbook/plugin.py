"""What this pack registers."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.interfaces import Planner
from nephoscope.plugin import hookimpl


@hookimpl
def nephoscope_register_planners() -> Sequence[Planner]:
    from nephoscope_planner_playbook.planner import PlaybookPlanner

    return [PlaybookPlanner()]
