"""Suite for planners."""

from __future__ import annotations

from collections.abc import Sequence

from nephoscope.interfaces import Planner
from nephoscope.interfaces.view import View
from nephoscope.models import Check, Conclusion, Decision, Question
from nephoscope.testing.conformance.base import Suite


class PlannerSuite(Suite):
    """``views``: investigations at different points; ``exhausted``: one in which nothing is left to ask."""

    interface = Planner
    subject: Planner
    views: Sequence[View] = ()
    exhausted: View

    def test_answers_with_checks_a_question_or_a_conclusion(self) -> None:
        """Checks are some, independent, and each is put once."""
        for view in self.samples("views"):
            plan = _choice(self.subject.plan(view))
            if isinstance(plan, Question):
                assert plan.text
            elif isinstance(plan, Conclusion):
                assert plan.stop
            else:
                assert plan
                assert all(isinstance(check, Check) for check in plan)
                assert len({check.id for check in plan}) == len(plan)

    def test_the_same_view_gives_the_same_answer(self) -> None:
        """A resumed run plans as the interrupted one would have."""
        for view in self.samples("views"):
            assert self.subject.plan(view) == self.subject.plan(view)

    def test_ends_when_nothing_is_left(self) -> None:
        """No endless loop: without checks on offer it concludes or asks."""
        assert isinstance(_choice(self.subject.plan(self.exhausted)), Conclusion | Question)


def _choice(plan: Sequence[Check] | Question | Conclusion | Decision) -> Sequence[Check] | Question | Conclusion:
    return plan.choice if isinstance(plan, Decision) else plan
