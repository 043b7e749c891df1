"""Comparisons as experiments: the suite is the data set, every word is scrubbed, and an endpoint in trouble costs seconds at most."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from tests.plugins.tracing_langsmith.collector import Collector

pytest.importorskip("statsmodels")

from nephoscope.comparison import summing
from nephoscope.comparison.cell import Contestant, Plan
from nephoscope.comparison.document import Comparison, Spending
from nephoscope.comparison.measure import Asking, Measure
from nephoscope.comparison.scenario import Scenario
from nephoscope.interfaces import UsageError
from nephoscope.plugin.manager import load_plugins
from nephoscope.publishing import contest, publish
from nephoscope.settings import Settings

SECRET = "AKIAIOSFODNN7EXAMPLE"
ACCOUNT = "123456789012"
WHO = (Contestant(model="openai:some-model", planner="llm"), Contestant())


def compared(folder: Path) -> tuple[Comparison, Plan]:
    """Two contestants on two units; credentials and identifiers stand wherever words can stand."""
    truth = {"verdict": "confirmed", "causes": ["brook.dry"], "resources": [f"arn:aws:s3:::x-{ACCOUNT}"]}
    story = {
        "id": "s1",
        "family": "water",
        "text": f"key {SECRET} of {ACCOUNT} is dry",
        "variants": {"fault": {"truth": truth}, "twin": {"truth": {"verdict": "no_fault_found"}}},
    }
    plan = Plan(suite="all", contestants=WHO, scenarios=(Scenario.model_validate(story),))
    cells = [
        Measure(cell=cell, family="water", outcome="right", verdict="confirmed", causes=(f"brook.{SECRET}",), run=f"r-{SECRET}", error=f"at {SECRET}",
                trace=f"https://traces/{SECRET}", asking=Asking(requests=2, usd=0.25), seconds=3.0)
        for cell in plan.cells()
    ]  # fmt: skip
    return summing.summed(plan, cells, "c1", Spending()).model_copy(update={"folder": str(folder), "ended_at": "2026-11-29T08:00:00Z"}), plan


def settings(endpoint: str, **more: Any) -> Settings:
    return Settings(**{"tracing": "langsmith", "tracing_endpoint": endpoint, **more})


def told(folder: Path, endpoint: str, **more: Any) -> tuple[str, list[str]]:
    found, plan = compared(folder)
    notes: list[str] = []
    return publish(found, plan, settings(endpoint, **more), load_plugins(), notes.append), notes


def test_the_suite_is_a_data_set_and_each_contestant_an_experiment_on_it(tmp_path: Path) -> None:
    collector = Collector()
    link, notes = told(tmp_path, collector.url)
    assert link
    assert notes == [f"experiments: {link}"]
    (dataset,) = collector.datasets
    assert dataset["name"].startswith("nephoscope all ")
    examples = [row for path, raw in collector.received if path == "/examples/bulk" for row in json.loads(raw)]
    assert [row["metadata"]["unit"] for row in examples] == ["s1/fault", "s1/twin"]
    assert examples[0]["outputs"]["causes"] == ["brook.dry"]
    assert [one["name"] for one in collector.experiments] == ["openai:some-model · llm · c1", "playbook · c1"]
    assert {one["reference_dataset_id"] for one in collector.experiments} == {dataset["id"]}
    runs = [one for one in collector.runs().values() if one.get("run_type") == "chain"]
    assert len(runs) == 4
    assert {one["reference_example_id"] for one in runs} == {row["id"] for row in examples}
    assert {one["session_name"] for one in runs} == {one["name"] for one in collector.experiments}
    assert b'"usd"' in collector.everything(), "scores go as feedback"
    before = set(collector.runs())
    again, _ = told(tmp_path, collector.url)
    assert again == link
    assert len(collector.datasets) == 1, "the same suite is the same data set"
    assert set(collector.runs()) == before, "told again, the runs are the same ones"
    collector.close()
    sent = collector.everything()
    assert SECRET.encode() not in sent
    assert ACCOUNT.encode() not in sent, "identifiers are replaced unless that is switched off"
    assert b"runtime_version" not in sent, "nothing about this machine"
    assert b"platform" not in sent


@pytest.mark.parametrize("trouble", ["down", "error", "hang"])
def test_an_endpoint_in_trouble_costs_seconds_and_nothing_else(trouble: str, tmp_path: Path) -> None:
    collector = Collector(trouble)
    if trouble == "down":
        collector.close()
    begun = time.monotonic()
    link, notes = told(tmp_path, collector.url)
    assert link == ""
    assert "kept here alone" in notes[0]
    assert time.monotonic() - begun < 50, "not the minute that it would hang"
    if trouble != "down":
        collector.close()


def test_nothing_leaves_unless_our_settings_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collector = Collector()
    for name in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
        monkeypatch.setenv(name, "true")
    monkeypatch.setenv("LANGSMITH_ENDPOINT", collector.url)
    assert told(tmp_path, collector.url, tracing="") == ("", [])
    assert told(tmp_path, collector.url, tracing="otel") == ("", ["otel keeps no experiments: the comparison is kept here alone"])
    with pytest.raises(UsageError, match="Nothing called"):
        told(tmp_path, collector.url, tracing="nobody")
    collector.close()
    assert collector.received == []


def test_a_contest_says_what_was_asked_and_what_is_true(tmp_path: Path) -> None:
    found, plan = compared(tmp_path)
    made = contest(found, plan)
    assert set(made.examples) == {"s1/fault", "s1/twin"}
    assert made.examples["s1/twin"].expected["verdict"] == "no_fault_found"
    other = plan.scenarios[0].model_copy(update={"text": "other words"})
    assert contest(found, plan.model_copy(update={"scenarios": (other,)})).dataset != made.dataset, "another suite is another data set"
