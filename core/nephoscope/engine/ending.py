"""How a step ends."""

from __future__ import annotations

from nephoscope.engine.context import Context
from nephoscope.engine.rounds import failed_rehearsal
from nephoscope.engine.state import Update


def end_step(context: Context, step: int, status: str) -> Update:
    """Record the end and tell it. ``status``: done, gap or failed."""
    context.store.end_step(step, status)
    results = [one.result for one in context.store.attempts(step) if one.result]
    refused = len(context.ledger.refused(step))
    calls = sum(len(result.calls) for result in results)
    seconds = sum(result.seconds for result in results)
    told = "ok" if status == "done" else trouble(context, step) or status
    context.emit("step_ended", step, status=told, calls=calls, seconds=round(seconds, 3), gaps=refused)
    return {"outcome": "skip" if status != "done" else "done"}


def trouble(context: Context, step: int) -> str:
    """Why a step's last script failed or never ran; empty when neither."""
    attempts = context.store.attempts(step)
    if not attempts:
        return ""
    last = attempts[-1]
    if last.result and last.result.failure:
        return last.result.failure.message
    if rehearsed := failed_rehearsal(context.store, last):
        return f"script not run: {rehearsed.message}"
    errors = [one.message for one in last.violations or () if one.severity == "error"]
    return f"script rejected: {errors[0]}" if errors else ""
