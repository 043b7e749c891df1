"""What this pack registers: a folder of scenarios, prose with labels, and a maker of scenarios that nobody has seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nephoscope.interfaces import Composer
from nephoscope.plugin import hookimpl


@hookimpl
def nephoscope_register_suites() -> Sequence[Path]:
    return [Path(__file__).parent / "scenarios"]


@hookimpl
def nephoscope_register_calibrations() -> Sequence[Path]:
    return [Path(__file__).parent / "calibration"]


@hookimpl
def nephoscope_register_composers() -> Sequence[Composer]:
    from nephoscope_suite_aws.unseen import Unseen

    return [Unseen()]
