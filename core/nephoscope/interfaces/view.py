"""What the reasoning parts see of an investigation. Read-only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from nephoscope.interfaces.llm import Models
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
    ResourceRef,
    Round,
    Supposition,
    Tier,
)

if TYPE_CHECKING:
    from nephoscope.interfaces.planner import Planner


class FactView(Protocol):
    """Facts as analyzers see them: the same in the loop, under a supposition, and in verification."""

    @property
    def problem(self) -> Problem: ...
    @property
    def gaps(self) -> Sequence[Gap]: ...
    @property
    def identities(self) -> Sequence[Identity]: ...

    def facts(self, query: FactQuery) -> Sequence[Fact]:
        """Facts that answer the query; ungrounded ones never appear. A query without subject returns that attribute of every subject of the kind."""

    def fact(self, subject: ResourceRef, attribute: str) -> Fact | None:
        """The newest fact of one attribute, ``None`` while it is unknown. ``known_absent`` on it means: looked for, not there."""

    def subjects(self, native_type: str) -> Sequence[ResourceRef]:
        """Every resource of a native type that any fact is about, except those known not to exist."""

    def complete(self, native_type: str, region: str = "") -> Fact | None:
        """The fact that an inventory of that type was read to its end (value: list of native ids); ``None`` if it was not."""

    def gap(self, subject: ResourceRef | None, attribute: str) -> Gap | None:
        """Why an attribute could not be seen, if that was tried."""

    def neighbours(self, ref: ResourceRef, *, relation: str | None = None, incoming: bool = False) -> Sequence[ResourceRef]:
        """Resources one reference away, live or dangling."""

    def all_facts(self) -> Sequence[Fact]:
        """Every fact that counts, oldest first."""

    def by_id(self, fact_id: str) -> Fact | None:
        """A fact by its id."""

    def suppose(self, suppositions: Sequence[Supposition]) -> FactView:
        """The same view with some facts thought otherwise."""


class View(FactView, Protocol):
    """What planners and generators see besides."""

    @property
    def budget(self) -> Budget: ...
    @property
    def granted(self) -> frozenset[Tier]: ...
    @property
    def findings(self) -> Sequence[Finding]: ...
    @property
    def steps(self) -> Sequence[tuple[Check, ExecutionResult]]: ...
    @property
    def environment(self) -> Mapping[str, object]: ...
    @property
    def models(self) -> Models | None:
        """Language models, where the person named one; ``None``: there is none, and nothing may be sent anywhere."""

    @property
    def rounds(self) -> Sequence[Round]:
        """Every step so far with all its attempts, those that never ran included."""

    @property
    def hypotheses(self) -> Sequence[Hypothesis]:
        """What the planner thought after the last round."""

    def outlook(self) -> Diagnosis:
        """What the verdict would be, were the investigation to end now without any claim."""

    def confirmed_before(self, finding: Finding) -> int:
        """How often its cause was confirmed in earlier runs of these identities, on that very thing counted again. For ranking only."""

    def planner(self, name: str) -> Planner | None:
        """Another planner, for one that falls back on it."""

    def playbooks(self) -> Sequence[CauseCard]:
        """Every cause that somebody wrote down."""

    def asked(self, read: Read) -> bool:
        """Whether that question was put already, whatever came of it."""

    def operation(self, cloud: str, name: str) -> Operation | None:
        """The operation ``service:Operation`` of a cloud; ``None``: there is none."""

    def operations_of(self, cloud: str, service: str) -> Sequence[str]:
        """Names of a service's operations; with ``""``, names of services."""

    def checks(self, query: FactQuery) -> Sequence[Check]:
        """Checks that would provide the fact and whose questions have not been put yet, cheapest first; empty: nobody can, or it was tried."""
