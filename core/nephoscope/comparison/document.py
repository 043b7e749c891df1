"""The document ``nephoscope.comparison/1``: what a comparison found, for people and programs. Fields may be added, never renamed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from pydantic import ConfigDict, Field

from nephoscope.comparison.measure import Measure, Outcome
from nephoscope.comparison.statistics import Interval, Pair
from nephoscope.models import Frozen, Usage

SCHEMA: Final = "nephoscope.comparison/1"


class Said(Frozen):
    """How often a verdict was given, and how often it was right."""

    said: int = 0
    right: int = 0


class ScriptRow(Frozen):
    """Scripts a model wrote, over all cells. ``remarks``: what validators said besides errors, per script."""

    tasks: int = 0
    written: int = 0
    valid_at_first: int = 0
    repairs: int = 0
    executed: int = 0
    failed: int = 0
    remarks: float = 0.0
    linted: int = 0
    unsafe: int = 0
    complexity: float = 0.0
    """Mean over scripts of McCabe's number of the most branched function of each."""
    listing: int = 0
    paging: int = 0
    handling: int = 0
    rules: Mapping[str, int] = Field(default_factory=dict)
    repaired: Mapping[str, int] = Field(default_factory=dict)


class Lift(Frozen):
    """What a contestant adds to the planner that asks no model, on the same units."""

    difference: Interval
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


class Row(Frozen):
    """One contestant. Counts are over all its cells, failures among them; ``calls``, ``steps`` and ``seconds`` are means per cell.

    ``usd`` leaves out ``unpriced`` requests. ``p50`` and ``p95``: seconds of requests that were really sent.
    """

    label: str
    model: str = ""
    base_url: str = ""
    prompt: str = ""
    planner: str = ""
    tier: int = 1
    cells: int = 0
    right: int = 0
    success: Interval
    cause_right: int = 0
    resource_right: int = 0
    grounded: int = 0
    false_claims: int = 0
    outcomes: Mapping[Outcome, int] = Field(default_factory=dict)
    troubles: Mapping[str, int] = Field(default_factory=dict)
    calibration: Mapping[str, Said] = Field(default_factory=dict)
    steps: float = 0.0
    by_model: float = 0.0
    calls: float = 0.0
    refused: int = 0
    scripts: ScriptRow = ScriptRow()
    requests: int = 0
    usage: Usage = Usage()
    usd: float = 0.0
    unpriced: int = 0
    usd_per_success: Interval | None = None
    p50: float | None = None
    p95: float | None = None
    seconds: float = 0.0
    pass_at: Mapping[int, float] = Field(default_factory=dict)
    pass_all: Mapping[int, float] = Field(default_factory=dict)
    lift: Lift | None = None
    strengths: tuple[str, ...] = ()
    weaknesses: tuple[str, ...] = ()


class Change(Frozen):
    """A contestant against a stored comparison, on the units both have."""

    label: str
    units: int
    before: int
    now: int
    lost: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    p: float = 1.0
    worse: bool = False
    why: str = ""


class Agreement(Frozen):
    """How far a judge agrees with labels that people gave, by one criterion. ``unsteady``: it said yes and no, by the order it was asked in."""

    kappa: float | None = None
    examples: int = 0
    same: int = 0
    unsteady: int = 0
    unanswered: int = 0
    believed: bool = False


class Judgement(Frozen):
    """Prose, marked by a model. No verdict, count or tier depends on it.

    ``sound``: contestant → criterion → share of its texts that are sound; only of criteria the judge is ``believed`` by. ``why_not``: why nothing
    is shown, or not all. ``texts``: different ones, of which ``marked`` were. ``cells``: key → criterion → sound, or not, or ``None`` for both.
    """

    model: str
    base_url: str = ""
    agreement: Mapping[str, Agreement] = Field(default_factory=dict)
    obeyed: int = 0
    believed: tuple[str, ...] = ()
    why_not: str = ""
    texts: int = 0
    marked: int = 0
    sound: Mapping[str, Mapping[str, Interval]] = Field(default_factory=dict)
    told: Mapping[str, int] = Field(default_factory=dict)
    """Contestant → cells whose text was marked."""
    cells: Mapping[str, Mapping[str, bool | None]] = Field(default_factory=dict)
    competes: bool = False
    """Whether the judge is one of those it judges."""
    requests: int = 0
    usd: float = 0.0
    unpriced: int = 0


class Spending(Frozen):
    """Dollars for models. ``lost_usd``: perhaps paid for requests that a kill cut off, besides."""

    usd: float = 0.0
    lost_usd: float = 0.0
    budget: float | None = None
    unpriced: int = 0


class Comparison(Frozen):
    """One comparison, told. ``tags``: family or tag → contestant → right and trials. ``pairs``: every two contestants, tested."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    schema_: Literal["nephoscope.comparison/1"] = Field(default=SCHEMA, alias="schema")
    id: str
    suite: str
    started_at: str = ""
    ended_at: str = ""
    repeats: int = 1
    scenarios: int = 0
    units: int = 0
    planned: int = 0
    done: int = 0
    why_not_whole: str = ""
    spending: Spending = Spending()
    versions: Mapping[str, str] = Field(default_factory=dict)
    rows: tuple[Row, ...] = ()
    pairs: tuple[Pair, ...] = ()
    tags: Mapping[str, Mapping[str, Said]] = Field(default_factory=dict)
    baseline: tuple[Change, ...] = ()
    judge: Judgement | None = None
    experiments: str = ""
    """Where a tool for traces shows it; empty: it does not."""
    folder: str = ""
    cells: tuple[Measure, ...] = ()
