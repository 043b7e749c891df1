"""Checks, the scripts written for them, and what running them gave."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from nephoscope.models.base import Frozen, JsonValue
from nephoscope.models.call import Read
from nephoscope.models.fact import FactQuery
from nephoscope.models.finding import Claim


class Check(Frozen):
    """One thing to find out. ``reads`` lists the questions it puts to the cloud, where they are known beforehand."""

    id: str
    intent: str
    cloud: str
    reads: tuple[Read, ...] = ()
    params: Mapping[str, JsonValue] = Field(default_factory=dict)
    serves: tuple[FactQuery, ...] = ()
    splits: int = 0
    """How many open hypotheses it can decide."""
    decided_by: str = ""
    """Who thought of it; filled in by core."""

    @property
    def operations(self) -> tuple[str, ...]:
        """``service:Operation`` of every read, in order."""
        return tuple(read.name for read in self.reads)


class Question(Frozen):
    """Something only a person can say. ``assume``: the answer taken, and stated, when nobody is there."""

    text: str
    options: tuple[str, ...] = ()
    assume: str | None = None
    about: str = ""
    """The mention it is about, if any."""


class Conclusion(Frozen):
    """A planner's wish to stop. Verdict, rulings-out and fixes are the engine's."""

    claims: tuple[Claim, ...] = ()
    ruled_out: tuple[Claim, ...] = ()
    """Causes whose predicates speak against them."""
    stop: str


class Script(Frozen):
    """A script for one check. ``author``: ``template:<name>``, ``model:<name>``, ``skill:<name>`` or ``person``."""

    source: str
    check: Check
    cloud: str
    author: str

    @property
    def hash(self) -> str:
        """SHA-256 of the bytes that run; approval, execution and ledger carry it."""
        return hashlib.sha256(self.source.encode()).hexdigest()


class Approval(Frozen):
    """What a person says of a script they were shown. ``source``: their own version of it, to be judged and shown again.

    ``steer``: what to look at instead, in their words. ``approved`` ``None``: no answer. ``nobody``: nobody is there to be asked.
    """

    approved: bool | None = None
    nobody: bool = False
    source: str = ""
    steer: str = ""


class Violation(Frozen):
    """Why a script may not run, or a remark on it. Lines count from 1; 0 is the whole script."""

    rule: str
    severity: Literal["info", "warning", "error"]
    line: int = 0
    message: str
    hint: str = ""


class Failure(Frozen):
    """Why a script did not end well; ``rehearsal``: on mock data, and it was not run on the account."""

    kind: Literal["syntax", "import", "api_error", "refused", "timeout", "limit", "empty", "crash", "rehearsal"]
    message: str
    operation: str = ""
    hint: str = ""


class ExecutionResult(Frozen):
    """What trusted code saw of a run; a script can set none of it but ``statements`` and ``output``. ``seconds`` wall clock."""

    status: Literal["ok", "failed", "killed"]
    statements: tuple[JsonValue, ...] = ()
    failure: Failure | None = None
    limit_hit: str | None = None
    output: str = ""
    truncated: bool = False
    seconds: float = 0.0
    exit_code: int | None = None
    calls: tuple[str, ...] = ()


class ScriptEnvironment(Frozen):
    """What generated code may rely on: import roots beyond the standard-library subset, versions, idioms, preloads."""

    imports: tuple[str, ...] = ()
    versions: Mapping[str, str] = Field(default_factory=dict)
    idioms: tuple[str, ...] = ()
