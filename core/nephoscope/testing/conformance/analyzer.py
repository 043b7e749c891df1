"""Suite for analyzers: pure, three-valued, and every decision hangs on the facts it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nephoscope.interfaces import Analyzer, FactView
from nephoscope.models import Fact, Finding, Holds, Problem
from nephoscope.testing.conformance.base import Suite
from nephoscope.testing.conformance.view import StillView


@dataclass(frozen=True)
class Case:
    """A problem, everything known, and what must come out: cause or observation id → holds."""

    problem: Problem
    facts: Sequence[Fact]
    expected: dict[str, Holds]

    def view(self, *without: str) -> StillView:
        """The view, without the facts of these ids."""
        return StillView(self.problem, [fact for fact in self.facts if fact.id not in without])


class AnalyzerSuite(Suite):
    """``cases``: faulty and healthy ones; at least one fault and one health are needed."""

    interface = Analyzer
    subject: Analyzer
    cases: Sequence[Case] = ()

    def findings(self, view: FactView) -> list[Finding]:
        """What the analyzer says."""
        return list(self.subject.analyze(view))

    def test_says_what_is_expected(self) -> None:
        """Each case gives the findings it must; and both answers occur among the cases."""
        for case in self.samples("cases"):
            found = {finding.cause: finding.holds for finding in self.findings(case.view())}
            assert {cause: found.get(cause) for cause in case.expected} == case.expected
        said = {holds for case in self.cases for holds in case.expected.values()}
        assert {"yes", "no"} <= said

    def test_is_pure(self) -> None:
        """Twice the same, and facts in another order are the same facts."""
        for case in self.samples("cases"):
            again = StillView(case.problem, list(case.facts)[::-1])
            first, second = self.findings(case.view()), self.findings(again)
            assert first == self.findings(case.view())
            assert sorted(map(repr, first)) == sorted(map(repr, second))

    def test_decisions_name_facts_and_doubts_name_needs(self) -> None:
        """``because`` are ids of facts in the view; an ``unknown`` says what would decide it."""
        for case in self.samples("cases"):
            view = case.view()
            for finding in self.findings(view):
                if finding.holds == "unknown":
                    assert finding.needs, finding
                else:
                    assert finding.because, finding
                    assert all(view.by_id(fact) for fact in finding.because), finding

    def test_without_facts_nothing_is_decided(self) -> None:
        """A missing fact is ``unknown``, never ``no``; and somebody says what to look for first."""
        for case in self.samples("cases"):
            found = self.findings(StillView(case.problem))
            assert [finding for finding in found if finding.holds != "unknown"] == []
            assert found

    def test_a_decision_falls_with_its_facts(self) -> None:
        """Without the facts it rests on, the same finding is not decided the same way."""
        for case in self.samples("cases"):
            for finding in self.findings(case.view()):
                if finding.holds != "unknown":
                    left = self.findings(case.view(*(fact.partition("~")[0] for fact in finding.because)))
                    assert [one for one in left if (one.key, one.holds) == (finding.key, finding.holds)] == []

    def test_a_fault_thought_mended_is_mended(self) -> None:
        """Under its own ``suppose`` a cause no longer holds; with all of them mended, no observation is ``no``."""
        for case in self.samples("cases"):
            view = case.view()
            faults = [one for one in self.findings(view) if one.role == "cause" and one.holds == "yes" and one.on_path and one.suppose]
            for fault in faults:
                mended = self.findings(view.suppose(fault.suppose))
                assert fault.key not in {one.key for one in mended if one.holds == "yes"}
            healed = self.findings(view.suppose([one for fault in faults for one in fault.suppose]))
            if faults:
                assert [one for one in healed if one.role == "observation" and one.holds == "no"] == []
