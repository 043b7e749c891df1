"""Renders a running or finished investigation: terminal, Markdown, JSON. Reads, never writes."""

from nephoscope.reporting.document import to_json
from nephoscope.reporting.markdown import render_markdown
from nephoscope.reporting.summary import summary
from nephoscope.reporting.telling import numbered
from nephoscope.reporting.terminal import render_explanation, render_terminal, render_verification

__all__ = ["numbered", "render_explanation", "render_markdown", "render_terminal", "render_verification", "summary", "to_json"]
