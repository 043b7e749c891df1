"""Things that the words name without saying what they are: looked for in complete listings of the types that matter here."""

from __future__ import annotations

import re

from nephoscope.interfaces import FactView
from nephoscope.models import ResourceRef
from nephoscope_aws.access.lens import Lens

_SHORTEST = 3


def spoken(view: FactView, lens: Lens, native_types: tuple[str, ...]) -> tuple[ResourceRef, ...]:
    """Listed things whose whole name stands in the words, beside those already understood. Notes the listings that are missing."""
    for native_type in native_types:
        if view.complete(native_type) is None and not refused(view, native_type):
            lens.want(native_type, "complete")
    text = view.problem.text
    for entity in view.problem.entities:
        text = text.replace(entity.text, " ")
    listed = (one for native_type in native_types for one in view.subjects(native_type))
    return tuple(one for one in listed if len(one.name) >= _SHORTEST and _stands_in(one.name, text))


def refused(view: FactView, native_type: str) -> bool:
    """Whether the listing of a type was asked for in vain."""
    return any(gap.attribute == "complete" and gap.subject is not None and gap.subject.name == native_type for gap in view.gaps)


def _stands_in(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w-]|[./]\w)", text, re.IGNORECASE) is not None
