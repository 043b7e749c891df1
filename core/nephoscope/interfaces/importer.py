"""What reads the findings of another tool."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from nephoscope.models import JsonValue
from nephoscope.models.inspection import TakenFindings


@runtime_checkable
class Importer(Protocol):
    """Knows one tool's files. What it reads are hints: they never carry a verdict."""

    @property
    def name(self) -> str:
        """The tool, as the result names the origin."""

    def read(self, path: Path, records: Sequence[JsonValue]) -> TakenFindings | None:
        """The findings in a file's JSON records; ``None`` when it is not of this tool. A record that cannot be read becomes a trouble."""
