"""What people ask of finished investigations and of the machine: lists, explanations, re-checks, health."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from nephoscope.models.base import Frozen, JsonValue
from nephoscope.models.finding import Verdict
from nephoscope.models.report import Report, ReportFact, Status


class RunSummary(Frozen):
    """One line about one record. ``phases``: seconds per phase; ``usd`` clouds and models together.

    ``kind``: an investigation, a command that was run by ``exec``, or an inspection. Without a report it is ``running`` or was ``interrupted``.
    ``owner``: who began it, where several share a database; ``mine``: that is us.
    """

    id: str
    kind: Literal["investigation", "command", "inspection"] = "investigation"
    problem: str
    started_at: str
    ended_at: str = ""
    status: Status | Literal["running"]
    verdict: Verdict = "inconclusive"
    clouds: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    calls: int = 0
    repairs: int = 0
    seconds: float = 0.0
    usd: float = 0.0
    phases: Mapping[str, float] = Field(default_factory=dict)
    owner: str = ""
    mine: bool = True


class Leaving(Frozen):
    """One kind of message that left this machine. ``place``: the endpoint, service or model; ``what``: the operation, or the prompt's name.

    ``kind``: tier of a call, role of a model. ``count`` includes retries; ``tokens`` sent to models; ``first`` and ``last``: ISO times.
    """

    to: Literal["cloud", "model"]
    place: str
    account: str = ""
    principal: str = ""
    what: str
    kind: str
    count: int
    tokens: int = 0
    first: str
    last: str


class Explanation(Frozen):
    """Where one numbered fact of a report comes from. ``document`` is the recorded, redacted reply; ``fact.pointer`` points into it."""

    number: int
    fact: ReportFact
    call: str
    operation: str
    params: Mapping[str, JsonValue] = Field(default_factory=dict)
    status: int = 200
    error: str | None = None
    document: JsonValue = None
    blob: str = ""
    rule: str = ""
    """What read the reply, such as ``reply table <service>:<Operation>``."""


class Recheck(Frozen):
    """One deciding observation, made again. ``before`` and ``after`` are its values."""

    fact: ReportFact
    before: JsonValue = None
    after: JsonValue = None
    changed: bool = False


class Verification(Frozen):
    """The deciding observations of an investigation, made again after a fix. ``remaining``: causes that still hold."""

    id: str
    verdict: Verdict
    rechecks: tuple[Recheck, ...] = ()
    remaining: tuple[str, ...] = ()
    note: str = ""


class Ailment(Frozen):
    """One line of ``doctor``: what was looked at, how it stands, and the command that would help."""

    name: str
    state: Literal["ok", "warning", "broken"]
    detail: str = ""
    remedy: str = ""


class Difference(Frozen):
    """Where a replay did not go as the run it repeats."""

    kind: Literal["version", "not_recorded", "elsewhere", "not_asked", "model", "report"]
    """``not_recorded``: a call that the run never made; ``elsewhere``: one it made in another place; ``not_asked``: one it made and the
    replay did not; ``model``: a language model was asked something else; ``report``: a part of the report."""
    what: str
    before: JsonValue = None
    after: JsonValue = None


class Replay(Frozen):
    """A recorded run, gone through again offline. ``answered``: calls answered from the record."""

    id: str
    before: Report
    after: Report
    answered: int = 0
    differences: tuple[Difference, ...] = ()

    @property
    def same(self) -> bool:
        """Whether it came to the same report in the same way. Another version alone is no other way."""
        return all(one.kind == "version" for one in self.differences)
