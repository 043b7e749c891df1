"""Generator: writes and repairs the script for a check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from nephoscope.interfaces.view import View
from nephoscope.models import Check, Failure, Script, Violation


@runtime_checkable
class Generator(Protocol):
    """Runs in the engine. The first registered generator that does not answer ``None`` writes the script."""

    @property
    def name(self) -> str: ...

    def generate(self, check: Check, view: View) -> Script | None:
        """A script for the check; ``None``: not mine, ask the next."""

    def repair(self, script: Script, trouble: Sequence[Violation] | Failure, view: View) -> Script | None:
        """A better script after violations or a failed run; ``None`` ends the check as a gap."""
