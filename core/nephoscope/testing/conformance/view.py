"""A view that stands still, for planners, generators and analyzers under test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from nephoscope.interfaces import Estate, Models, Planner
from nephoscope.knowledge.view import Evidence
from nephoscope.models import (
    Budget,
    CauseCard,
    Check,
    Diagnosis,
    ExecutionResult,
    Fact,
    FactQuery,
    Finding,
    Gap,
    Hypothesis,
    Identity,
    Operation,
    Problem,
    Read,
    Round,
    Tier,
    Verdict,
)


class StillView(Evidence):
    """A :class:`nephoscope.interfaces.View` made of what it is given. ``offers``: checks by :attr:`FactQuery.key`."""

    def __init__(
        self,
        problem: Problem,
        facts: Iterable[Fact] = (),
        *,
        findings: Sequence[Finding] = (),
        offers: Mapping[str, Sequence[Check]] | None = None,
        gaps: Sequence[Gap] = (),
        identities: Sequence[Identity] = (),
        steps: Sequence[tuple[Check, ExecutionResult]] = (),
        budget: Budget | None = None,
        models: Models | None = None,
        rounds: Sequence[Round] = (),
        estates: Mapping[str, Estate] | None = None,
        planners: Mapping[str, Planner] | None = None,
        verdict: Verdict = "inconclusive",
    ) -> None:
        super().__init__(problem, facts, gaps, identities)
        self.findings = tuple(findings)
        self.steps = tuple(steps)
        self.budget = budget or Budget()
        self.granted = frozenset({Tier.IDENTITY, Tier.CONFIG, Tier.TELEMETRY})
        self.models = models
        self.environment: Mapping[str, object] = {}
        self.rounds: Sequence[Round] = tuple(rounds)
        self.hypotheses: Sequence[Hypothesis] = ()
        self._estates = estates or {}
        self._planners = planners or {}
        self._offers = offers or {}
        self._verdict: Verdict = verdict

    def checks(self, query: FactQuery) -> Sequence[Check]:
        """What was offered for the query."""
        return self._offers.get(query.key, ())

    def outlook(self) -> Diagnosis:
        """The verdict it was given."""
        return Diagnosis(verdict=self._verdict)

    def confirmed_before(self, finding: Finding) -> int:
        """Nothing ever was."""
        return 0

    def planner(self, name: str) -> Planner | None:
        return self._planners.get(name)

    def playbooks(self) -> Sequence[CauseCard]:
        return ()

    def asked(self, read: Read) -> bool:
        """Whether a step put the very same question."""
        return any(read == one for check, _ in self.steps for one in check.reads)

    def operation(self, cloud: str, name: str) -> Operation | None:
        return self._estates[cloud].operation(name) if cloud in self._estates else None

    def operations_of(self, cloud: str, service: str) -> Sequence[str]:
        return self._estates[cloud].operations_of(service) if cloud in self._estates else ()
