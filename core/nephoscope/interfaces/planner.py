"""Planner: decides what to find out next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from nephoscope.interfaces.view import View
from nephoscope.models import Check, Conclusion, Decision, Question


@runtime_checkable
class Planner(Protocol):
    """Runs in the engine, called once a step, never concurrently. Raising ends the investigation as failed, with what is known.

    One that can do nothing without a language model says ``needs_model = True``: it is refused before anything is asked where none is named.
    """

    @property
    def name(self) -> str: ...

    def plan(self, view: View) -> Sequence[Check] | Question | Conclusion | Decision:
        """One to five independent checks, a question for a person, or a wish to stop; or a :class:`Decision`, one of them with its reasons.

        The same view gives the same answer, as far as whoever is asked gives it.
        """
