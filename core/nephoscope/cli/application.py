"""What the command line needs of the application, so that commands can be tested without one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypedDict

from nephoscope.models import Approval, Event, Question, Script, Violation
from nephoscope.models.execution import Execution, Order
from nephoscope.models.inspection import Inspection, InspectionOrder, TakenFindings
from nephoscope.models.record import Ailment, Explanation, Leaving, Replay, RunSummary, Verification
from nephoscope.models.report import Report

if TYPE_CHECKING:
    from nephoscope.interfaces import Control
    from nephoscope.permitting import Permits

OnEvent = Callable[[Event], None]
Ask = Callable[[Question], str | None]
"""Answers a question; ``None``: nobody is there."""
Approve = Callable[[Script, Sequence[Violation]], bool | Approval | None]
"""Whether a script may run; ``None``: nobody is there."""


class Callbacks(TypedDict):
    """How a run talks to whoever started it."""

    on_event: OnEvent
    ask: Ask
    approve: Approve


class ListedScenario(Protocol):
    """What ``demo --list`` shows of a scenario."""

    @property
    def id(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def text(self) -> str: ...


class Application(Protocol):
    """Every method may raise ``NephoscopeError``. Investigations return a report however they end, once there is a run."""

    def investigate(self, text: str, *, on_event: OnEvent, ask: Ask, approve: Approve) -> Report: ...
    def resume(self, run_id: str, *, on_event: OnEvent, ask: Ask, approve: Approve) -> Report: ...
    def demo(self, scenario_id: str | None, text: str | None, keep: bool, *, on_event: OnEvent, ask: Ask, approve: Approve) -> Report: ...
    def scenarios(self) -> Sequence[ListedScenario]: ...

    def runs(self) -> Sequence[RunSummary]:
        """Newest first."""

    def report(self, run_id: str) -> Report: ...
    def leavings(self, run_id: str) -> Sequence[Leaving]:
        """What a run sent away from this machine."""

    def purge(self, run_ids: Sequence[str]) -> Sequence[str]:
        """Take records away for good; the ids of those that were."""

    def why(self, run_id: str, number: int) -> Explanation: ...
    def verify(self, run_id: str) -> Verification: ...

    def export(self, run_id: str, target: Path) -> None: ...
    def take_in(self, path: Path) -> str: ...
    def replay(self, source: str, *, on_event: OnEvent) -> Replay: ...
    def keep_case(self, source: str, replay: Replay, folder: Path) -> Path: ...

    def execute(self, order: Order) -> Execution:
        """Run a script or a command behind the boundary."""

    def controls(self, order: InspectionOrder) -> Sequence[Control]:
        """The checks that an inspection would make; asks no cloud."""

    def take_findings(self, paths: Sequence[Path]) -> TakenFindings:
        """What other tools found; asks no cloud."""

    def inspect(self, order: InspectionOrder, *, on_event: OnEvent) -> Inspection: ...

    def doctor(self, *, connect: bool = False) -> Sequence[Ailment]: ...

    def permits(self) -> Permits:
        """What is allowed and what has to be; asks no cloud."""

    def request_stop(self) -> None:
        """Finish the step, keep everything, end as interrupted. Called from a signal handler."""
