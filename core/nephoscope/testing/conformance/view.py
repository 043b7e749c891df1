"""A view that stands still, for planners, generators and analyzers under test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from nephoscope.interfaces import Models
from nephoscope.knowledge.view import Evidence
from nephoscope.models import Budget, Check, ExecutionResult, Fact, FactQuery, Finding, Gap, Identity, Problem, Tier


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
    ) -> None:
        super().__init__(problem, facts, gaps, identities)
        self.findings = tuple(findings)
        self.steps = tuple(steps)
        self.budget = budget or Budget()
        self.granted = frozenset({Tier.IDENTITY, Tier.CONFIG, Tier.TELEMETRY})
        self.models = models
        self.environment: Mapping[str, object] = {}
        self._offers = offers or {}

    def checks(self, query: FactQuery) -> Sequence[Check]:
        """What was offered for the query."""
        return self._offers.get(query.key, ())
