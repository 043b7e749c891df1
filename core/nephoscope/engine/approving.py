"""When a script must be shown to a person before it runs."""

from __future__ import annotations

from nephoscope.engine.context import Context
from nephoscope.store.run import Attempt


def must_ask(context: Context, attempt: Attempt) -> bool:
    """``risky``: anything that no installed pack wrote. What scripts may touch is the broker's business, not theirs."""
    if attempt.approved:
        return False
    return context.ask_policy == "always" or (context.ask_policy == "risky" and not attempt.author.startswith("template:"))
