"""What this pack registers."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.interfaces import Generator, Planner
from nephoscope.plugin import hookimpl


@hookimpl
def nephoscope_register_planners() -> Sequence[Planner]:
    from nephoscope_planner_llm.hybrid import HybridPlanner
    from nephoscope_planner_llm.planner import ModelPlanner

    return [ModelPlanner(), HybridPlanner()]


@hookimpl
def nephoscope_register_generators() -> Sequence[Generator]:
    from nephoscope_planner_llm.generator import ModelGenerator

    return [ModelGenerator()]
