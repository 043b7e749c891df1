"""One self-contained page: no script, no network, readable on a phone and in the dark. Text is escaped once, by the template engine."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from nephoscope.models.inspection import SEVERITIES, Inspection, InspectionFinding
from nephoscope.reporting.inspection.terminal import spent
from nephoscope.reporting.text import clean, clip, compact

if TYPE_CHECKING:
    from jinja2 import Template

MOST_PER_CHECK = 200


def to_html(inspection: Inspection) -> str:
    """The page."""
    numbers = {fact.id: index + 1 for index, fact in enumerate(inspection.facts)}
    groups: dict[str, list[InspectionFinding]] = {}
    for one in inspection.findings:
        groups.setdefault(one.check, []).append(one)
    ordered = sorted(groups.values(), key=lambda some: SEVERITIES.index(some[0].severity))
    return _template().render(
        inspection=inspection, groups=ordered, numbers=numbers, severities=SEVERITIES, most=MOST_PER_CHECK, spent=spent(inspection)
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"clean": clean, "clip": lambda text, length: clip(clean(text), length), "compact": compact}
    return environment.get_template("page.html.j2")
