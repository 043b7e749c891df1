"""Analyzer: a pure function from facts to findings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from nephoscope.interfaces.view import FactView
from nephoscope.models import Finding


@runtime_checkable
class Analyzer(Protocol):
    """Runs in the engine after every step, under suppositions, and again in verification: no I/O, no clock, no randomness.

    A missing fact is ``unknown`` with the fact among ``needs``, never ``no``. Raising drops its findings for the run and is reported.
    One with an attribute ``fallback`` that is true is heard only where the others have no answer.
    """

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...

    def analyze(self, view: FactView) -> Sequence[Finding]: ...
