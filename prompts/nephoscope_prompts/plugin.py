"""What this pack registers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nephoscope.plugin import hookimpl


@hookimpl
def nephoscope_register_prompts() -> Sequence[Path]:
    return [Path(__file__).parent / "files"]
