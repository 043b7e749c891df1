"""Models of known quality over every unit of the shipped suite: the runner, the store, the record of requests and all sums are the real ones.

What investigates is not: it is right or fails by a hash, as often and in the way that is known. With real investigations: the soak in scenarios.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

pytest.importorskip("statsmodels")
pytest.importorskip("nephoscope_suite_aws")

from nephoscope.comparison import summing
from nephoscope.comparison.carrying import Carrier, Open
from nephoscope.comparison.cell import Cell, Contestant, Plan
from nephoscope.comparison.document import Spending
from nephoscope.comparison.rendering.listing import record
from nephoscope.comparison.running import Runner
from nephoscope.comparison.scenario import load_scenarios
from nephoscope.comparison.store import opened as opened_store
from nephoscope.models import Budget, Scope, Usage
from nephoscope.models.report import Report
from nephoscope.plugin.manager import load_plugins
from nephoscope.settings import Settings
from nephoscope.store import canonical
from nephoscope.store.run import ModelCall

sys.path.insert(0, str(Path(__file__).parent))
from staged import Account

SCENARIOS = tuple(sorted(load_scenarios(load_plugins().suites).values(), key=lambda one: one.id))
TRUTHS = {(one.id, variant): one.truth(variant) for one in SCENARIOS for variant in one.variants}
KNOWN: Mapping[str, tuple[float, float, str]] = {
    "a:plain": (0.60, 0.0042, "wrong"),
    "a:other": (0.62, 0.0137, "rate"),
    "a:best": (0.90, 0.0009, "quiet"),
}
"""How often right, what a request costs, how it fails: blames something else, is throttled, finds nothing."""


def troubleshoot(_: Settings, run_dir: Path, words: str, scope: Scope, cell: Cell, *, opened: Open) -> Report:
    share, usd, failing = KNOWN[cell.contestant.model]
    knows = int(hashlib.sha256(f"{cell.contestant.model} {cell.unit} {cell.repeat}".encode()).hexdigest()[:8], 16) / 2**32 < share
    run_dir.mkdir(parents=True)
    store = opened(run_dir)
    for number in range(3):
        document = canonical({"turns": [{"role": "user", "text": f"{cell.key}.{number}"}]})
        call = ModelCall(hashlib.sha256(document.encode()).hexdigest(), "planner", "p", cell.contestant.model, Usage(input=100, output=10), usd=usd)
        throttled = not knows and failing == "rate" and number == 2
        sent = store.model_sent(call, document)
        ended = call if not throttled else ModelCall(**{**vars(call), "error": "rate", "usd": 0.0, "usage": Usage()})
        store.model_ended(sent, ended, None if throttled else {"text": "x", "finish": "stop"})
    store.close()
    truth = TRUTHS[cell.scenario, cell.variant]
    verdict, causes = (truth.verdict, truth.causes) if knows else ("inconclusive", ())
    if not knows and (failing == "wrong" or truth.verdict == "inconclusive"):  # to find nothing out is right where nothing can be
        verdict, causes = "likely", ("x.y.z",)
    return concluded(run_dir, words, cell, verdict, causes)


def concluded(run_dir: Path, words: str, cell: Cell, verdict: str, causes: Sequence[str]) -> Report:
    truth = TRUTHS[cell.scenario, cell.variant]
    told = [{"id": one, "title": "t", "explanation": "e", "decided_by": "d", "resources": [*truth.resources]} for one in causes]
    gaps = [{"what": "w", "reason": "r", "operation": one} for one in truth.gaps]
    base = {"id": run_dir.name, "problem": words, "started_at": "t", "status": "concluded", "verdict": verdict, "root_causes": told, "gaps": gaps}
    report = Report.model_validate(base)
    (run_dir / "report.json").write_text(report.model_dump_json(by_alias=True))
    return report


def mute(_: Settings, run_dir: Path, words: str, scope: Scope, cell: Cell, *, opened: Open) -> Report:
    """Nobody answers, and the verdict is as it should be all the same."""
    run_dir.mkdir(parents=True)
    store = opened(run_dir)
    if cell.contestant.model:
        call = ModelCall(hashlib.sha256(cell.key.encode()).hexdigest(), "planner", "p", cell.contestant.model, Usage(), usd=0.0, error="auth")
        refused = cell.contestant.model == "a:refuses"
        ended = call if not refused else ModelCall(**{**vars(call), "error": ""})
        store.model_ended(store.model_sent(call, canonical({"turns": []})), ended, {"text": "", "finish": "blocked"} if refused else None)
        store.put("planner_notes", ["the model could not be asked: it refused"])
    store.close()
    truth = TRUTHS[cell.scenario, cell.variant]
    return concluded(run_dir, words, cell, truth.verdict, truth.causes)


def test_who_answers_nothing_is_not_right_by_chance(tmp_path: Path) -> None:
    who = (
        Contestant(model="a:mute", planner="llm"),
        Contestant(model="a:refuses", planner="llm"),
        Contestant(model="a:mute", planner="hybrid"),
        Contestant(planner="playbook"),
    )
    plan = Plan(suite="all", contestants=who, scenarios=SCENARIOS[:1])
    with opened_store(tmp_path / "c") as store:
        store.begin(plan)
        runner = Runner(store, plan, Settings(budget=Budget(usd=1.0)), Carrier({SCENARIOS[0].cloud or "brook": Account()}, mute))
        found = {(one.cell.contestant.model, one.cell.contestant.planner, one.outcome) for one in runner.run()}
    expected = {("a:mute", "llm", "error"), ("a:refuses", "llm", "refused"), ("a:mute", "hybrid", "right"), ("", "playbook", "right")}
    assert found == expected


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_60_62_and_90_percent_over_the_shipped_suite_are_two_tiers_and_every_cent_is_there(tmp_path: Path) -> None:
    who = tuple(Contestant(model=name, planner="llm") for name in KNOWN)
    plan = Plan(suite="all", contestants=who, scenarios=SCENARIOS)
    with opened_store(tmp_path / "c") as store:
        store.begin(plan)
        clouds = {one.cloud for one in SCENARIOS} - {""} or {"brook"}
        runner = Runner(store, plan, Settings(budget=Budget(usd=1.0)), Carrier({cloud: Account() for cloud in clouds}, troubleshoot))
        measures = list(runner.run())
        assert runner.trouble == ""
        assert len(measures) == len(plan.cells()) == 3 * sum(len(one.variants) for one in SCENARIOS)
        found = summing.summed(plan, store.done().values(), "c1", Spending())
    rows = {row.model: row for row in found.rows}
    assert {name: row.tier for name, row in rows.items()} == {"a:best": 1, "a:plain": 2, "a:other": 2}, found.pairs
    for name, (share, usd, failing) in KNOWN.items():
        row = rows[name]
        assert row.success.low is not None and row.success.high is not None
        assert row.success.low <= share <= row.success.high, (name, row.success)
        failed = row.cells - row.right
        answered = 3 * row.cells - (failed if failing == "rate" else 0)
        assert row.usd == pytest.approx(usd * answered, abs=1e-9)
        assert row.usd_per_success and row.usd_per_success.value == pytest.approx(row.usd / row.right)
        assert (
            sum(row.outcomes.get(one, 0) for one in {"wrong": ["wrong"], "rate": ["throttled"], "quiet": ["undecided", "wrong"]}[failing]) == failed
        )
    assert found.spending.usd == pytest.approx(sum(row.usd for row in found.rows), abs=1e-9)
    assert sum(float(str(record(one)["usd"])) for one in found.cells) == pytest.approx(found.spending.usd, abs=1e-9)
