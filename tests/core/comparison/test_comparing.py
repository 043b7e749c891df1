"""The matrix, its cells and what is summed up: deterministic, gone on with, paid once, nothing left out."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from nephoscope.comparison import summing
from nephoscope.comparison.carrying import Carrier
from nephoscope.comparison.cell import Cell, Contestant, Plan, chosen, contestants, spelt
from nephoscope.comparison.document import Comparison, Spending
from nephoscope.comparison.measure import Asking, Measure, asking, spent
from nephoscope.comparison.rendering.charts import bars, pareto
from nephoscope.comparison.rendering.html import html
from nephoscope.comparison.rendering.listing import COLUMNS, cells_csv, record
from nephoscope.comparison.rendering.markdown import markdown
from nephoscope.comparison.rendering.table import render
from nephoscope.comparison.running import Runner
from nephoscope.comparison.scenario import Scenario
from nephoscope.comparison.store import opened
from nephoscope.interfaces import EndpointError, UsageError
from nephoscope.models import Budget, Json, Usage
from nephoscope.settings import Settings
from nephoscope.store.run import RESPONSE_CACHE, ModelCall, RunStore

sys.path.insert(0, str(Path(__file__).parent))
from staged import Account, Pretend, emulators, scenarios

STAGED = Path(__file__).with_name("staged.py")
NEEDS = {"playbook": False, "llm": True, "hybrid": False}
GOOD, BAD = Contestant(model="a:good", planner="llm"), Contestant(model="a:bad", planner="llm")
FLOOR = Contestant(planner="playbook")


def plan(*who: Contestant, number: int = 6, repeats: int = 1) -> Plan:
    return Plan(suite="all", contestants=who or (GOOD, BAD, FLOOR), scenarios=tuple(scenarios(number)), repeats=repeats)


def measures(wanted: Plan, rates: Mapping[str, float], **more: Any) -> list[Measure]:
    """What contestants that are right that often would leave."""
    dice = random.Random(5)
    found = []
    for cell in wanted.cells():
        right = dice.random() < rates[cell.contestant.label]
        priced = Asking(requests=2, usage=Usage(input=1000, output=100), usd=0.00125 if cell.contestant.model else 0.0, seconds=(0.5, 1.5))
        found.append(
            Measure(
                cell=cell,
                family="water",
                tags=("smoke",),
                outcome="right" if right else "wrong",
                verdict="confirmed" if right else "likely",
                expected=("brook.ponds.dry",) if cell.variant == "fault" else (),
                causes=() if right else ("brook.<b>ponds</b>.wet",),
                false_claims=int(not right),
                asking=priced if cell.contestant.model else Asking(),
                calls=4,
                **more,
            )
        )
    return found


def summed(wanted: Plan, rates: Mapping[str, float]) -> Comparison:
    return summing.summed(wanted, measures(wanted, rates), "c1", Spending(budget=1.0))


# -- the matrix ----------------------------------------------------------------------------------------------------


def test_everybody_meets_the_same_accounts_in_the_same_order() -> None:
    cells = plan(repeats=2).cells()
    assert cells == plan(repeats=2).cells()
    assert [cell.key for cell in cells] == list(dict.fromkeys(cell.key for cell in cells))
    assert sum(cell.contestant == FLOOR for cell in cells) == 12, "who asks no model is asked once"
    assert sum(cell.contestant == GOOD for cell in cells) == 24
    assert len({cell.seed for cell in cells}) == 12
    assert [cell.contestant for cell in cells[:3]] == [GOOD, BAD, FLOOR]
    assert plan().fingerprint({}) != plan(repeats=2).fingerprint({}) != plan(repeats=2).fingerprint({"pack": "2"})


def test_contestants_are_every_model_with_every_prompt_and_planner(tmp_path: Path) -> None:
    (tmp_path / "terse").mkdir()
    (tmp_path / "terse" / "planner.yaml").write_text("id: x")
    found = contestants(["a:b", "c:d@http://127.0.0.1:1/v1"], ["shipped", str(tmp_path / "terse")], ["llm", "hybrid", "playbook"], NEEDS)
    assert len(found) == 9
    assert [one.label for one in found[-2:]] == ["c:d at 127.0.0.1:1 · hybrid · terse", "playbook"]
    assert spelt("c:d@http://127.0.0.1:1/v1") == ("c:d", "http://127.0.0.1:1/v1")
    assert spelt("bedrock:anthropic.claude@2") == ("bedrock:anthropic.claude@2", "")
    assert [one.label for one in contestants([], [], ["playbook"], NEEDS)] == ["playbook"]
    for models, planners, prompts, word in (
        ([], ["llm"], [], "none is named"),
        (["a:b"], ["nobody"], [], "nobody"),
        (["a:b"], ["llm"], [str(tmp_path / "no")], "no prompts"),
        (["a:b"], ["playbook"], [], "no planner that asks one"),
    ):
        with pytest.raises(UsageError, match=word):
            contestants(models, prompts, planners, NEEDS)


def test_a_suite_is_a_tag_a_family_an_id_or_all() -> None:
    known = scenarios(3)
    assert chosen(known, "all") == tuple(known)
    assert [one.id for one in chosen(known, "s1")] == ["s1"]
    assert len(chosen(known, "water")) == len(chosen(known, "small")) == 3
    with pytest.raises(UsageError, match="no suite 'none'") as error:
        chosen(known, "none")
    assert error.value.hint == "suites: all, small, water"


# -- running -------------------------------------------------------------------------------------------------------


def run(folder: Path, wanted: Plan, pretend: Pretend, **more: Any) -> list[Measure]:
    with opened(folder) as store:
        store.begin(wanted)
        runner = Runner(store, wanted, Settings(budget=Budget(usd=1.0)), Carrier(emulators(), pretend), **more)
        return list(runner.run())


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    wanted, pretend = plan(), Pretend(tmp_path / "paid")
    first = run(tmp_path / "c", wanted, pretend)
    assert len(first) == 36
    assert {one.outcome for one in first if one.cell.contestant == GOOD} == {"right"}
    assert {one.outcome for one in first if one.cell.contestant == BAD} == {"undecided"}
    assert run(tmp_path / "c", wanted, pretend) == []
    assert len(pretend.paid()) == 24 * 3, "three requests a cell of either model"
    with opened(tmp_path / "c") as store, pytest.raises(UsageError, match="running already"), opened(tmp_path / "c"):
        assert store


def test_the_budget_of_all_is_kept_and_more_goes_on(tmp_path: Path) -> None:
    wanted, pretend = plan(GOOD, BAD), Pretend(tmp_path / "paid", usd=0.01)
    begun = run(tmp_path / "c", wanted, pretend, budget=0.1, jobs=1)
    assert 0 < len(begun) < len(wanted.cells())
    assert summing.total(one.asking.usd for one in begun) <= 0.1 + 0.03
    rest = run(tmp_path / "c", wanted, pretend, budget=10.0, jobs=1)
    assert len(begun) + len(rest) == len(wanted.cells())
    assert len(pretend.paid()) == len(set(pretend.paid()))


def test_an_account_that_does_not_start_is_nobodys_failure(tmp_path: Path) -> None:
    class Broken(Account):
        def start(self, seed: Mapping[str, Json]) -> str:
            raise EndpointError("no room for it")

    with opened(tmp_path / "c") as store:
        runner = Runner(store, plan(FLOOR), Settings(), Carrier({"brook": Broken()}, Pretend(tmp_path / "paid")))
        assert list(runner.run()) == []
        assert (runner.progress.left, runner.trouble) == (12, "no room for it")
        assert store.done() == {}


def killed(folder: Path, after: float) -> bool:
    """Whether it had to be killed: at a random moment, with all its threads."""
    process = subprocess.Popen([sys.executable, str(STAGED), str(folder)], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    deadline = time.monotonic() + 100
    while not (folder / "begun").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        return process.wait(after) != 0
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        (folder / "begun").unlink(missing_ok=True)
        return True


def test_kills_change_nothing_and_no_answer_is_paid_twice(tmp_path: Path) -> None:
    """The store, the runner and the record of model replies are the real ones; what investigates is not. The whole command: the soak."""
    dice, kills = random.Random(3), 0
    while kills < 3 and killed(tmp_path, dice.uniform(0.05, 0.4)):
        kills += 1
    pretend = Pretend(tmp_path / "paid")
    run(tmp_path / "c", plan(), pretend)
    with opened(tmp_path / "c") as store:
        after = {key: plain(one) for key, one in store.done().items()}
    run(tmp_path / "whole", plan(), Pretend(tmp_path / "paid2"))
    with opened(tmp_path / "whole") as store:
        assert after == {key: plain(one) for key, one in store.done().items()}
    paid = pretend.paid()
    assert len(paid) - len(set(paid)) <= 2 * kills, "only what was under way may be asked again"


def plain(one: Measure) -> dict[str, Any]:
    return {**one.model_dump(exclude={"seconds", "run"}), "asking": one.asking.model_dump(exclude={"seconds", "lost_usd"})}


def test_what_a_kill_cut_off_is_no_burden_on_its_run_and_is_told(tmp_path: Path) -> None:
    record = RunStore(tmp_path)
    record.model_sent(ModelCall("r", "planner", "p", "a:m", Usage(input=100, output=4000), usd=0.5), "question")
    assert spent(record).lost_usd == 0.5, "perhaps paid, from the moment of the kill"
    record.write_off()
    record.model_sent(ModelCall("r", "planner", "p", "a:m", Usage(input=100, output=4000), usd=0.25), "question")
    record.write_off()
    record.write_off()
    assert [(one.error, one.usd, one.usage) for one in record.model_calls()] == [("lost", 0.0, Usage())] * 2
    assert (spent(record).lost_usd, spent(record).usd, spent(record).requests, spent(record).troubles) == (0.75, 0.0, 0, {})
    record.close()


# -- summing up ----------------------------------------------------------------------------------------------------


def call(**more: Any) -> ModelCall:
    return ModelCall(**{"request": "r", "role": "planner", "prompt": "p", "model": "m", "usage": Usage(input=10), "reply": "x", **more})


def test_requests_are_counted_by_what_became_of_them() -> None:
    found = asking(
        [call(usd=0.1, seconds=2.0), call(reply=None, error="rate", usd=0.0), call(usd=None), call(usd=0.2, price=RESPONSE_CACHE, seconds=9.0),
         call(reply=None, error="sent", usd=0.3)]
    )  # fmt: skip
    assert (found.requests, found.usd, found.unpriced, found.lost_usd) == (3, 0.1, 1, 0.3)
    assert found.seconds == (2.0, 0.0), "what was remembered took no time and is no latency"
    assert found.troubles == {"throttled": 1}


def test_costs_add_up_to_the_cent_in_any_order() -> None:
    wanted = plan(number=40, repeats=3)
    found = measures(wanted, {GOOD.label: 0.9, BAD.label: 0.4, FLOOR.label: 0.5})
    backwards = summing.summed(wanted, reversed(found), "c", Spending())
    forwards = summing.summed(wanted, found, "c", Spending())
    assert forwards == backwards
    assert forwards.spending.usd == sum(row.usd for row in forwards.rows) == 2 * 80 * 3 * 0.00125
    assert sum(float(json.loads(one.asking.model_dump_json())["usd"]) for one in forwards.cells) == pytest.approx(forwards.spending.usd, abs=1e-9)


def test_rows_tell_tiers_lift_and_words() -> None:
    found = summed(plan(number=40), {GOOD.label: 0.95, BAD.label: 0.4, FLOOR.label: 0.5})
    best = found.rows[0]
    assert (best.label, best.tier, best.cells) == (GOOD.label, 1, 80)
    assert best.lift and best.lift.difference.value and best.lift.difference.value > 0.3
    assert best.usd_per_success and best.usd_per_success.low and best.usd_per_success.low < (best.usd_per_success.value or 0)
    assert (best.p50, best.p95) == (0.5, 1.5)
    worst = next(row for row in found.rows if row.label == BAD.label)
    assert worst.tier > 1
    assert any("healthy accounts" in sentence for sentence in worst.weaknesses)
    assert any(sentence.startswith("water: right in") for sentence in best.strengths)


def test_worse_is_by_chance_for_models_and_at_once_without() -> None:
    wanted = plan(number=40)
    before = summed(wanted, {GOOD.label: 0.95, BAD.label: 0.5, FLOOR.label: 1.0})
    same = summing.changes(before, before)
    assert not any(change.worse for change in same)
    now = summed(wanted, {GOOD.label: 0.5, BAD.label: 0.5, FLOOR.label: 0.9})
    changed = {change.label: change for change in summing.changes(now, before)}
    assert changed[GOOD.label].worse
    assert changed[FLOOR.label].worse
    assert len(changed[FLOOR.label].lost) >= 1


def test_every_rendering_holds_the_numbers_and_nothing_breaks_out() -> None:
    evil = Contestant(model='a:<img src=x onerror="alert(1)">|', planner="llm")
    found = summed(plan(evil, GOOD, FLOOR, number=5), {evil.label: 0.2, GOOD.label: 0.9, FLOOR.label: 0.5})
    page = html(found, {found.cells[0].cell.key: "runs/x.txt"})
    assert "<img" not in page
    assert "<b>ponds</b>" not in page
    assert 'href="runs/x.txt"' in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "").partition("<title>")[0], "it needs nothing from elsewhere"
    assert "<script" not in page
    assert "<img" not in bars(found) + pareto(found)
    text = markdown(found)
    assert "\\<img" in text
    assert "| tier |" in text
    lines = cells_csv(found).splitlines()
    assert lines[0].split(",") == list(COLUMNS) == list(record(found.cells[0]))
    assert len(lines) == len(found.cells) + 1
    assert Comparison.model_validate_json(found.model_dump_json(by_alias=True)) == found
    assert json.loads(found.model_dump_json(by_alias=True))["schema"] == "nephoscope.comparison/1"


def test_results_are_a_data_frame(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    found = summed(plan(number=10), {GOOD.label: 1.0, BAD.label: 0.0, FLOOR.label: 1.0})
    (tmp_path / "results.csv").write_text(cells_csv(found))
    read, made = pandas.read_csv(tmp_path / "results.csv"), pandas.DataFrame(record(one) for one in found.cells)
    for cells in (read, made):
        by_family = cells.pivot_table(index="family", columns="contestant", values="right", aggfunc="mean")
        assert dict(by_family.loc["water"]) == {GOOD.label: 1.0, BAD.label: 0.0, FLOOR.label: 1.0}
        assert round(float(cells.groupby("contestant")["usd"].sum()[GOOD.label]), 6) == 20 * 0.00125


def test_results_are_a_frame_of_polars(tmp_path: Path) -> None:
    polars = pytest.importorskip("polars")
    found = summed(plan(number=10), {GOOD.label: 1.0, BAD.label: 0.0, FLOOR.label: 1.0})
    (tmp_path / "results.csv").write_text(cells_csv(found))
    shares = polars.read_csv(tmp_path / "results.csv").group_by("contestant").agg(polars.col("right").mean(), polars.col("usd").sum())
    assert {name: right for name, right, _ in shares.iter_rows()} == {GOOD.label: 1.0, BAD.label: 0.0, FLOOR.label: 1.0}


def test_the_terminal_shows_who_cannot_be_told_apart() -> None:
    from rich.console import Console

    found = summed(plan(number=4), {GOOD.label: 0.7, BAD.label: 0.6, FLOOR.label: 0.7})
    console = Console(record=True, width=150, file=io.StringIO())
    render(found, console)
    assert "cannot be told apart" in console.export_text()


def names(cells: Sequence[Cell]) -> list[str]:
    return [cell.unit for cell in cells]


def test_a_scenario_may_have_other_variants() -> None:
    odd = Scenario.model_validate({**scenarios(1)[0].model_dump(), "id": "odd", "variants": {"near_miss": {"truth": {"verdict": "no_fault_found"}}}})
    wanted = Plan(suite="x", contestants=(FLOOR,), scenarios=(*scenarios(1), odd), variants=("near_miss",))
    assert names(wanted.cells()) == ["odd/near_miss"]
