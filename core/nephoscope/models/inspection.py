"""What an account is inspected for, and the document ``nephoscope.inspection/1`` that an inspection leaves.

A *control* is what people call a check of an inspection: how things of one kind should be, and how serious it is when one is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import ConfigDict, Field

from nephoscope.models.base import Frozen
from nephoscope.models.report import Isolation, LedgerSummary, ReportFact, ReportGap, ReportPolicy, ReportScope, Trouble

SCHEMA: Final = "nephoscope.inspection/1"
Severity = Literal["critical", "high", "medium", "low", "info"]
SEVERITIES: Final[tuple[Severity, ...]] = ("critical", "high", "medium", "low", "info")
"""Worst first."""
Category = Literal["security", "reliability", "operations", "cost"]
ControlStatus = Literal["failed", "not_evaluated", "passed", "no_resources"]


class CostRule(Frozen):
    """What a thing at fault costs a month: a price, times an amount. ``price`` and ``quantity`` may hold ``{details}`` of the finding."""

    price: str
    """Key into the pack's price table."""
    quantity: str = "1"
    share: float = Field(default=1.0, gt=0.0, le=1.0)
    """Part of it that would be saved."""


class ControlCard(Frozen):
    """How a control is told. ``fault`` and ``remediation`` may hold ``{subject}``, ``{region}`` and values that the predicate gives."""

    id: str = Field(pattern=r"^[a-z0-9]+\.[a-z0-9-]+\.[a-z0-9-]+$")
    title: str
    """How it should be."""
    fault: str
    """What is wrong where it is not so."""
    severity: Severity
    category: Category = "security"
    about: str
    """Native type of the things it is about."""
    each: Literal["thing", "account", "region"] = "thing"
    """``account``, ``region``: it is about the account, or the account in a region, as ``about`` names it."""
    frameworks: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    """Framework → its sections; none where it is no section of its own."""
    remediation: str
    commands: tuple[str, ...] = ()
    """Commands for people to read and type; values are quoted when they are filled in."""
    references: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """Patterns by which a question about a population asks for things at fault: "public", "unencrypted"."""
    cost: CostRule | None = None

    @property
    def cloud(self) -> str:
        """The first part of its id."""
        return self.id.split(".")[0]

    @property
    def service(self) -> str:
        """The second part of its id."""
        return self.id.split(".")[1]


class InspectionOrder(Frozen):
    """Which controls to inspect by: all, or those that meet every wish. ``severity``: at least so serious."""

    frameworks: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    severity: Severity | None = None
    services: tuple[str, ...] = ()


class InspectedThing(Frozen):
    """A thing that a control was judged on. ``id`` is the cloud's own."""

    id: str
    name: str = ""
    type: str
    account: str = ""
    region: str = ""


class MonthlyCost(Frozen):
    """What could be saved a month. ``usd`` ``None``: not known, never zero. ``basis``: the price and the amount, and as of when."""

    usd: float | None = None
    basis: str = ""
    source: str = ""


class InspectionFinding(Frozen):
    """One thing that is not as a control wants it, with the facts that show it."""

    check: str
    title: str
    severity: Severity
    category: Category
    service: str
    resource: InspectedThing
    what: str
    evidence: tuple[str, ...]
    """Ids of facts."""
    remediation: str = ""
    commands: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    frameworks: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    cost: MonthlyCost | None = None


class NotEvaluated(Frozen):
    """A control that could not be judged on a thing, or on anything (``resource`` empty). Never a pass."""

    check: str
    severity: Severity
    resource: InspectedThing | None = None
    why: str
    reason: str
    needs: str = ""
    """The permission, option or action that would allow it."""
    operation: str = ""
    calls: tuple[str, ...] = ()


class ControlResult(Frozen):
    """A control over the whole scope. ``passed`` holds what was seen to be as it should."""

    id: str
    title: str
    severity: Severity
    category: Category
    service: str
    frameworks: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    status: ControlStatus
    failed: int = 0
    not_evaluated: int = 0
    passed: tuple[str, ...] = ()


class ImportedFinding(Frozen):
    """What another tool found, as it says. A hint, never proof: no fact of this run stands behind it."""

    origin: str
    check: str
    title: str = ""
    severity: Severity = "info"
    status: Literal["failed", "passed", "manual"] = "failed"
    resource: InspectedThing
    what: str = ""
    remediation: str = ""
    observed_at: str = ""
    place: str = ""
    """File and position, to find it again."""


class TakenFindings(Frozen):
    """What was read from another tool's file, and which records could not be."""

    findings: tuple[ImportedFinding, ...] = ()
    troubles: tuple[str, ...] = ()


class InspectionSummary(Frozen):
    """Totals. ``usd`` leaves out the ``unpriced`` findings about cost."""

    checks: int = 0
    passed: int = 0
    failed: int = 0
    not_evaluated: int = 0
    no_resources: int = 0
    findings: Mapping[str, int] = Field(default_factory=dict)
    """By severity."""
    imported: int = 0
    usd: float = 0.0
    unpriced: int = 0


class Inspection(Frozen):
    """One inspection, told. Times are ISO 8601 in UTC. Fields may be added, never renamed."""

    schema_: Literal["nephoscope.inspection/1"] = Field(default=SCHEMA, alias="schema")
    id: str = ""
    started_at: str = ""
    ended_at: str = ""
    status: Literal["concluded", "budget_exhausted", "interrupted", "failed"] = "concluded"
    frameworks: tuple[str, ...] = ()
    scopes: tuple[ReportScope, ...] = ()
    isolation: Isolation = "none"
    summary: InspectionSummary = Field(default_factory=InspectionSummary)
    checks: tuple[ControlResult, ...] = ()
    findings: tuple[InspectionFinding, ...] = ()
    not_evaluated: tuple[NotEvaluated, ...] = ()
    imported: tuple[ImportedFinding, ...] = ()
    gaps: tuple[ReportGap, ...] = ()
    facts: tuple[ReportFact, ...] = ()
    ledger: LedgerSummary = Field(default_factory=LedgerSummary)
    policies: tuple[ReportPolicy, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    versions: Mapping[str, str] = Field(default_factory=dict)
    run_dir: str = ""
    trouble: Trouble | None = None

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)
