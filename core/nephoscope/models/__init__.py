"""Frozen, JSON-shaped data that every other part speaks. Imports nothing of Nephoscope."""

from nephoscope.models.access import Judged, OperationAccess, PolicyForm, ServiceCoverage
from nephoscope.models.base import Frozen, Json, JsonValue, texts
from nephoscope.models.call import Call, Classification, Price, Rate, Read, Reply, Surroundings, WireReply, WireRequest
from nephoscope.models.event import Event
from nephoscope.models.fact import Extract, Fact, FactQuery, Gap
from nephoscope.models.finding import Claim, Diagnosis, Finding, Holds, Predicate, Supposition, Verdict
from nephoscope.models.happening import Happening
from nephoscope.models.llm import Answer, Connection, Fault, FaultKind, FinishReason, IdentifierKind, Usage
from nephoscope.models.memory import Edge, Outcome, Remembered
from nephoscope.models.plan import Decision, Hypothesis, Operation, Round, Try
from nephoscope.models.problem import Entity, Meaning, Mention, Problem
from nephoscope.models.proof import Tried
from nephoscope.models.recommendation import CauseCard, Change, Documentation, Recommendation, Snippet, Way
from nephoscope.models.rehearsal import Expected, Page, Rehearsal, Sample
from nephoscope.models.resource import ResourceRef
from nephoscope.models.scope import Budget, Identity, Limits, Scope, Tier
from nephoscope.models.script import Approval, Check, Conclusion, ExecutionResult, Failure, Question, Script, ScriptEnvironment, Violation
from nephoscope.models.skill import Skill, SkillFact, SkillOrigin, SkillParam
from nephoscope.models.tracing import Contest, Contested, ContestRun, SuiteExample, TracedRun, TraceTarget

__all__ = [
    "Answer",
    "Approval",
    "Budget",
    "Call",
    "CauseCard",
    "Change",
    "Check",
    "Claim",
    "Classification",
    "Conclusion",
    "Connection",
    "Contest",
    "ContestRun",
    "Contested",
    "Decision",
    "Diagnosis",
    "Documentation",
    "Edge",
    "Entity",
    "Event",
    "ExecutionResult",
    "Expected",
    "Extract",
    "Fact",
    "FactQuery",
    "Failure",
    "Fault",
    "FaultKind",
    "Finding",
    "FinishReason",
    "Frozen",
    "Gap",
    "Happening",
    "Holds",
    "Hypothesis",
    "IdentifierKind",
    "Identity",
    "Json",
    "JsonValue",
    "Judged",
    "Limits",
    "Meaning",
    "Mention",
    "Operation",
    "OperationAccess",
    "Outcome",
    "Page",
    "PolicyForm",
    "Predicate",
    "Price",
    "Problem",
    "Question",
    "Rate",
    "Read",
    "Recommendation",
    "Rehearsal",
    "Remembered",
    "Reply",
    "ResourceRef",
    "Round",
    "Sample",
    "Scope",
    "Script",
    "ScriptEnvironment",
    "ServiceCoverage",
    "Skill",
    "SkillFact",
    "SkillOrigin",
    "SkillParam",
    "Snippet",
    "SuiteExample",
    "Supposition",
    "Surroundings",
    "Tier",
    "TraceTarget",
    "TracedRun",
    "Tried",
    "Try",
    "Usage",
    "Verdict",
    "Violation",
    "Way",
    "WireReply",
    "WireRequest",
    "texts",
]
