"""What ``exec`` is asked to do, and the document ``nephoscope.exec/1`` that it leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import ConfigDict, Field

from nephoscope.models.base import Frozen, JsonValue
from nephoscope.models.report import Isolation, ReportScope, Trouble
from nephoscope.models.scope import Tier
from nephoscope.models.script import Failure, Violation

SCHEMA: Final = "nephoscope.exec/1"


class Order(Frozen):
    """One script or one command for the boundary. ``source`` set: a Python script, run as these bytes; else ``argv`` is a command.

    ``investigation``: the run whose identity is used and whose record is written on; empty: a record of its own.
    """

    argv: tuple[str, ...] = ()
    source: str | None = None
    name: str = ""
    """What people call it: a file, a command."""
    static_checks: bool = True
    investigation: str = ""


class MadeCall(Frozen):
    """A call that was answered. ``usd`` ``None``: its price is not known. ``cached``: nothing left the machine for it."""

    id: str
    operation: str
    account: str
    principal: str
    region: str
    params: Mapping[str, JsonValue] = Field(default_factory=dict)
    tier: Tier
    decision: str = ""
    permission: str | None = None
    status: int
    error: str | None = None
    cached: bool = False
    usd: float | None = None
    seconds: float = 0.0
    at: str = ""


class RefusedCall(Frozen):
    """A call that the broker did not send, and why. ``operation`` empty: the request had no reading; ``what`` then describes it."""

    id: str
    operation: str = ""
    what: str = ""
    account: str = ""
    region: str = ""
    code: str
    reason: str
    tier: Tier | None = None
    needs: str = ""
    permission: str | None = None
    at: str = ""


class Cost(Frozen):
    """What the run took. ``upstream``: requests that left, the broker's own listings included. ``usd`` leaves out ``unpriced``."""

    usd: float = 0.0
    upstream: int = 0
    unpriced: tuple[str, ...] = ()


class Execution(Frozen):
    """One run behind the boundary, told. A script can set nothing of it but ``statements``, ``output`` and its own account of a failure.

    ``status``: how the script ended, ``refused`` when it was not let run, ``error`` when it could not be run (``trouble`` says why).
    ``output`` keeps head and tail; ``truncated`` says that something between is missing.
    """

    schema_: Literal["nephoscope.exec/1"] = Field(default=SCHEMA, alias="schema")
    id: str = ""
    name: str = ""
    step: int = 0
    script_hash: str = ""
    status: Literal["ok", "failed", "killed", "refused", "error"]
    exit_code: int | None = None
    limit_hit: str | None = None
    failure: Failure | None = None
    violations: tuple[Violation, ...] = ()
    calls: tuple[MadeCall, ...] = ()
    refusals: tuple[RefusedCall, ...] = ()
    statements: tuple[JsonValue, ...] = ()
    output: str = ""
    truncated: bool = False
    new_facts: int | None = None
    """Facts that the run added to the investigation it was part of."""
    isolation: Isolation = "none"
    scopes: tuple[ReportScope, ...] = ()
    seconds: float = 0.0
    cost: Cost = Field(default_factory=Cost)
    trouble: Trouble | None = None
    versions: Mapping[str, str] = Field(default_factory=dict)
    run_dir: str = ""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)
