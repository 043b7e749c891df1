"""Planner: decides what to find out next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from nephoscope.interfaces.view import View
from nephoscope.models import Check, Conclusion, Question


@runtime_checkable
class Planner(Protocol):
    """Runs in the engine, called once a step, never concurrently. Raising ends the investigation as failed, with what is known."""

    @property
    def name(self) -> str: ...

    def plan(self, view: View) -> Sequence[Check] | Question | Conclusion:
        """One to five independent checks, a question for a person, or a wish to stop. The same view gives the same answer."""
