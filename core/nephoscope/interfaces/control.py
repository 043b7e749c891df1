"""What a control of an inspection looks like."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from nephoscope.interfaces.view import FactView
from nephoscope.models import Finding, ResourceRef
from nephoscope.models.inspection import ControlCard, MonthlyCost


@runtime_checkable
class Control(Protocol):
    """How things of one kind should be. Pure: the same facts give the same answer."""

    @property
    def name(self) -> str:
        """The id of its card."""

    @property
    def card(self) -> ControlCard: ...
    def judge(self, subject: ResourceRef, view: FactView) -> Finding:
        """``yes``: the thing is at fault; ``no``: it is as it should be; ``unknown`` with what would have to be known.

        ``because`` holds the facts either rests on, ``details`` the values that the card's texts name.
        """

    def cost(self, finding: Finding) -> MonthlyCost | None:
        """What a finding costs a month; ``None`` where the control is not about cost."""
