"""The report document ``nephoscope.report/1``: what an investigation leaves for people and programs.

Fields may be added, never renamed. Partial reports have the same shape: an investigation that was cut short is ``interrupted``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import ConfigDict, Field

from nephoscope.models.base import Frozen, JsonValue
from nephoscope.models.fact import Grounding
from nephoscope.models.finding import Verdict
from nephoscope.models.recommendation import Documentation, Snippet

SCHEMA: Final = "nephoscope.report/1"

Status = Literal["concluded", "waiting", "budget_exhausted", "interrupted", "failed"]
Isolation = Literal["bubblewrap", "userns", "docker", "none"]
Proof = Literal["proven_on_emulator", "not_proven"]


class ReportScope(Frozen):
    """One account that was looked at, and as whom."""

    cloud: str
    account: str
    principal: str
    regions: tuple[str, ...] = ()


class RootCause(Frozen):
    """A cause that the evidence gate let through. ``confidence`` is for programs; people get words."""

    id: str
    title: str
    explanation: str
    confidence: float = Field(default=0.0, ge=0.0, le=1.0)
    resources: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    decided_by: str


class RuledOut(Frozen):
    """A cause that the facts contradict. ``why`` says it in the user's words."""

    id: str
    title: str = ""
    why: str
    evidence: tuple[str, ...] = ()
    decided_by: str = ""


class Observation(Frozen):
    """A hop of the symptom's path: what was to be seen in order, whether it was (``unknown``: could not be seen), and by which facts."""

    id: str
    what: str
    holds: Literal["yes", "no", "unknown"] = "yes"
    evidence: tuple[str, ...] = ()


class ReportGap(Frozen):
    """Something that could not be seen. ``needs`` is the permission, option or action that would show it."""

    what: str
    subject: str = ""
    reason: str
    blocks: tuple[str, ...] = ()
    operation: str = ""
    needs: str = ""
    calls: tuple[str, ...] = ()


class Notice(Frozen):
    """A real defect that does not explain the symptom."""

    title: str
    resources: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()


class AskedQuestion(Frozen):
    """A question to the person; ``answer`` is ``None`` while nobody has given one."""

    text: str
    answer: str | None = None


class TimelineEntry(Frozen):
    """Something that happened in the account, or that people did."""

    at: str
    what: str
    calls: tuple[str, ...] = ()


class NextBest(Frozen):
    """The observation that would help most, and what it takes to make it."""

    observation: str
    needs: str = ""


class ReportRecommendation(Frozen):
    """A fix, with commands ready to be read and typed by a person."""

    title: str
    why: str
    commands: tuple[str, ...] = ()
    risk: str = "unknown"
    undo: str = ""
    cost: str = ""
    verify: str = ""
    proof: Proof = "not_proven"
    proof_note: str = ""
    snippets: tuple[Snippet, ...] = ()
    documentation: tuple[Documentation, ...] = ()


class ReportFact(Frozen):
    """One cited fact with its receipt: the calls that showed it, as whom, when, and where in the reply."""

    id: str
    subject: str
    """Identity of the thing as text (``ResourceRef.key``)."""
    name: str = ""
    """What a person calls the subject."""
    attribute: str
    value: JsonValue = None
    grounding: Grounding
    calls: tuple[str, ...]
    pointer: str = ""
    operations: tuple[str, ...] = ()
    account: str = ""
    principal: str = ""
    region: str = ""
    observed_at: str = ""
    cached: bool = False


class ReportTry(Frozen):
    """One script of a step that took several. ``diff``: what changed since the one before; ``trouble``: why it was not enough."""

    number: int
    author: str
    hash: str
    trouble: str = ""
    diff: str = ""


class ReportStep(Frozen):
    """One round of the loop. ``script`` is a path relative to ``run_dir``."""

    index: int
    intent: str
    script: str = ""
    attempts: int = 1
    status: str
    seconds: float = 0.0
    decided_by: str = ""
    """``planner:<name>`` or ``model:<name>``."""
    author: str = ""
    """Who wrote the script: ``template:…``, ``model:…``, ``skill:…`` or ``person``."""
    rehearsal: str = ""
    """``passed``, ``failed`` or ``skipped``, and why; empty for what packs bring, which is not rehearsed."""
    tries: tuple[ReportTry, ...] = ()
    """Every script of the step, where there was more than one."""


class LedgerSummary(Frozen):
    """What was asked of the clouds. ``usd`` leaves out the operations in ``unpriced``."""

    calls: int = 0
    upstream: int = 0
    cached: int = 0
    refused: int = 0
    by_operation: Mapping[str, int] = Field(default_factory=dict)
    usd: float = 0.0
    unpriced: tuple[str, ...] = ()
    inventory: int = 0
    """Listings that were sent to match names and to tell whose things are."""
    idle: int = 0
    """Calls that scripts sent and that nothing in the report rests on: no cause, nothing ruled out, no observation, no gap."""


class ModelUse(Frozen):
    """What one language model was used for; ``usd`` ``None``: the price of ``unpriced`` of its calls is not known.

    ``calls``: requests that were sent; ``failed``: those of them without an answer. ``cached_tokens`` are among ``input_tokens``.
    ``price``: where the price is from.
    """

    model: str
    role: str = ""
    calls: int = 0
    failed: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    usd: float | None = None
    unpriced: int = 0
    price: str = ""
    from_cache: int = 0
    """Questions answered from the response cache: nothing was sent, and nothing paid. Not among ``calls``."""


class LanguageModels(Frozen):
    """All use of language models. ``by_model`` empty: none was used. ``usd`` leaves out the calls whose price is unknown."""

    by_model: tuple[ModelUse, ...] = ()
    usd: float = 0.0


class ReportPolicy(Frozen):
    """The least privilege that this investigation needs, in the cloud's own language."""

    cloud: str
    format: str
    document: JsonValue


class Timings(Frozen):
    """Seconds per phase."""

    plan: float = 0.0
    generate: float = 0.0
    validate_: float = Field(default=0.0, alias="validate", serialization_alias="validate")
    execute: float = 0.0
    upstream: float = 0.0

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


class Trouble(Frozen):
    """Why an investigation failed or waits: what happened, what to do, and the exit code it stands for."""

    message: str
    hint: str = ""
    exit_code: int = 4


class Report(Frozen):
    """One investigation, told. Times are ISO 8601 in UTC."""

    schema_: Literal["nephoscope.report/1"] = Field(default=SCHEMA, alias="schema")
    id: str
    problem: str
    started_at: str
    ended_at: str = ""
    status: Status
    scopes: tuple[ReportScope, ...] = ()
    isolation: Isolation = "none"
    verdict: Verdict = "inconclusive"
    root_causes: tuple[RootCause, ...] = ()
    ruled_out: tuple[RuledOut, ...] = ()
    observations: tuple[Observation, ...] = ()
    gaps: tuple[ReportGap, ...] = ()
    also_noticed: tuple[Notice, ...] = ()
    assumptions: tuple[str, ...] = ()
    questions: tuple[AskedQuestion, ...] = ()
    grants: tuple[str, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()
    next_best: tuple[NextBest, ...] = ()
    impact: tuple[str, ...] = ()
    recommendations: tuple[ReportRecommendation, ...] = ()
    facts: tuple[ReportFact, ...] = ()
    steps: tuple[ReportStep, ...] = ()
    ledger: LedgerSummary = Field(default_factory=LedgerSummary)
    llm: LanguageModels = Field(default_factory=LanguageModels)
    policies: tuple[ReportPolicy, ...] = ()
    timings: Timings = Field(default_factory=Timings)
    versions: Mapping[str, str] = Field(default_factory=dict)
    run_dir: str = ""
    trace: str = ""
    """Where a tool for traces shows this run; empty: it was not traced."""
    trouble: Trouble | None = None

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)


def json_schema() -> dict[str, Any]:
    """JSON Schema of the document as written (``docs/reference/report.schema.json`` holds the same)."""
    schema = Report.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
