"""What this pack registers. Heavy imports stand inside the hooks."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.interfaces import Judge
from nephoscope.plugin import hookimpl


@hookimpl
def nephoscope_register_judges() -> Sequence[Judge]:
    from nephoscope_template.short_scripts import ShortScripts

    return [ShortScripts()]
