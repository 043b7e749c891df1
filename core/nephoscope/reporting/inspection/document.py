"""JSON: the inspection as the document ``nephoscope.inspection/1``."""

from __future__ import annotations

import json

from nephoscope.models.inspection import Inspection


def to_json(inspection: Inspection) -> str:
    """The document, with a line end."""
    return json.dumps(inspection.model_dump(mode="json", by_alias=True), indent=2, ensure_ascii=True) + "\n"
