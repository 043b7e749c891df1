"""Written-down knowledge first, a model where it ends without a verdict."""

from __future__ import annotations

from nephoscope.interfaces import ModelError, View
from nephoscope.models import Conclusion, Decision, Question
from nephoscope_planner_llm.planner import ModelPlanner


class HybridPlanner:
    """Implements :class:`nephoscope.interfaces.Planner`. Without a model it is the playbook planner."""

    name = "hybrid"

    def __init__(self) -> None:
        self._model = ModelPlanner()

    def plan(self, view: View) -> Decision:
        """The playbook's word while it has checks that decide something, or a verdict; then the model's."""
        written = _written(view)
        if not isinstance(written.choice, Conclusion) or view.models is None:
            return written
        if view.outlook().verdict != "inconclusive":
            return written
        try:
            return self._model.plan(view)
        except ModelError as error:
            return written.model_copy(update={"note": f"the model could not be asked: {error.message}"})


def _written(view: View) -> Decision:
    planner = view.planner("playbook")
    by = "planner:playbook"
    if planner is None:
        return Decision(conclusion=Conclusion(stop="no planner for playbooks is installed"), decided_by=by)
    choice = planner.plan(view)
    if isinstance(choice, Decision):
        return choice
    if isinstance(choice, Question):
        return Decision(question=choice, decided_by=by)
    return Decision(conclusion=choice, decided_by=by) if isinstance(choice, Conclusion) else Decision(checks=tuple(choice), decided_by=by)
