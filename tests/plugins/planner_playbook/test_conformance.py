"""The planner keeps the contract of planners."""

from __future__ import annotations

from nephoscope.models import Check, FactQuery, Finding, Problem, Read, ResourceRef
from nephoscope.models.problem import Entity
from nephoscope.testing.conformance import PlannerSuite, StillView
from nephoscope_planner_playbook.planner import PlaybookPlanner


def pond(name: str) -> ResourceRef:
    return ResourceRef(cloud="brook", kind="storage.pond", native_type="ponds:pond", native_id=name, name=name)


def problem(*names: str) -> Problem:
    entity = Entity(text="lily", matches=tuple(pond(name) for name in names))
    return Problem(text="lily is dry", symptom="nothing_happens", entities=(entity,), now="2026-01-01T00:00Z")


NEED = FactQuery(subject=pond("lily"), attribute="outlet")
DOUBT = Finding(cause="brook.ponds.outlet-missing", subject=pond("lily"), holds="unknown", needs=(NEED,))
LOOK = Check(id="look", intent="look", cloud="brook", reads=(Read(cloud="brook", service="ponds", operation="GetPond"),))


class TestPlaybookPlanner(PlannerSuite):
    subject = PlaybookPlanner()
    views = (
        StillView(problem("lily"), findings=[DOUBT], offers={NEED.key: [LOOK]}),
        StillView(problem("lily", "old-lily"), findings=[DOUBT]),
        StillView(problem()),
    )
    exhausted = StillView(problem("lily"), findings=[DOUBT])

    def test_it_pulls_the_check_that_serves_the_doubt(self) -> None:
        (check,) = self.subject.plan(self.views[0])
        assert check.reads == LOOK.reads
        assert check.serves == (NEED,)
