"""Renders an inspection: a table for people, and documents for programs. Reads, never writes."""

from nephoscope.models.inspection import Inspection
from nephoscope.reporting.inspection.document import to_json
from nephoscope.reporting.inspection.terminal import control_table, render_inspection

FORMS = ("table", "json", "sarif", "ocsf", "html")
__all__ = ["FORMS", "control_table", "render_inspection", "to_json", "written"]


def written(inspection: Inspection, form: str) -> str:
    """The inspection as a text in one of :data:`FORMS`."""
    from nephoscope.reporting.inspection.html import to_html
    from nephoscope.reporting.inspection.ocsf import to_ocsf
    from nephoscope.reporting.inspection.sarif import to_sarif
    from nephoscope.reporting.inspection.terminal import plain

    return {"json": to_json, "table": plain, "sarif": to_sarif, "ocsf": to_ocsf, "html": to_html}[form](inspection)
