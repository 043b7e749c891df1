"""The guide shows a report as it really is."""

from __future__ import annotations

import io
from pathlib import Path
from types import ModuleType

from rich.console import Console

from nephoscope.reporting import render_terminal
from nephoscope.reporting.telling import VERDICTS

GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "read-a-report.md"


def test_the_sample_is_a_rendered_report(samples: ModuleType) -> None:
    stream = io.StringIO()
    render_terminal(samples.confirmed(), Console(file=stream, width=100))
    rendered = "\n".join(line.rstrip() for line in stream.getvalue().splitlines())
    assert rendered.strip() in GUIDE.read_text()


def test_every_verdict_is_explained() -> None:
    assert all(f"| {verdict} |" in GUIDE.read_text() for verdict in VERDICTS.values())
