"""Something that was changed, as a cloud's own record tells it."""

from __future__ import annotations

from nephoscope.models.base import Frozen


class Happening(Frozen):
    """``at``: ISO 8601; ``what``: what was done, to what and by whom, in a line."""

    at: str
    what: str
