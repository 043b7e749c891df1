"""Verify: the evidence gate."""

from __future__ import annotations

from nephoscope.engine.context import Context
from nephoscope.engine.gate import gate
from nephoscope.engine.state import State, Update
from nephoscope.models import Conclusion


def verify(state: State, context: Context) -> Update:
    """Everything once more from the record, and the verdict by rule. Where nothing holds, the verdict says so; nothing is retried here."""
    conclusion = context.store.load("conclusion", Conclusion) or Conclusion(stop="interrupted")
    diagnosis = gate(context, conclusion)
    context.store.put("diagnosis", diagnosis)
    return {"outcome": "done"}
