"""Renders an inspection: a table for people, and documents for programs. Reads, never writes."""

from nephoscope.models.inspection import Inspection
from nephoscope.reporting.inspection.document import to_json
from nephoscope.reporting.inspection.terminal import control_table, render_inspection

__all__ = ["control_table", "render_inspection", "to_json", "written"]


def written(inspection: Inspection, form: str) -> str:
    """The inspection as a text: ``table``, ``json``."""
    from nephoscope.reporting.inspection.terminal import plain

    return {"json": to_json, "table": plain}[form](inspection)
