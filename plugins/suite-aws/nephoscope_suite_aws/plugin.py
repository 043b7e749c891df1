"""What this pack registers: a folder of scenarios."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nephoscope.plugin import hookimpl


@hookimpl
def nephoscope_register_suites() -> Sequence[Path]:
    return [Path(__file__).parent / "scenarios"]
