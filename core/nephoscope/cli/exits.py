"""Exit codes: 0 a verdict, 1 inconclusive or budget, 2 usage, 3 credentials, 4 ours, 5 waiting for an answer, 130 interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from nephoscope.models.report import Report

OK: Final = 0
INCONCLUSIVE: Final = 1
USAGE: Final = 2
CREDENTIALS: Final = 3
INTERNAL: Final = 4
WAITING: Final = 5
INTERRUPTED: Final = 130

_STATUS: Final = {"waiting": WAITING, "interrupted": INTERRUPTED, "budget_exhausted": INCONCLUSIVE, "failed": INTERNAL}


def exit_code(report: Report) -> int:
    """What ``investigate``, ``resume`` and ``demo`` end with. A failure says itself which code it stands for."""
    if report.status == "failed" and report.trouble is not None:
        return report.trouble.exit_code
    if report.status != "concluded":
        return _STATUS[report.status]
    return INCONCLUSIVE if report.verdict == "inconclusive" else OK
