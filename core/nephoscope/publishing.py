"""Shows a comparison in the tool for traces that the settings name, where it keeps experiments; never at the comparison's expense."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from nephoscope import enlisting, watching
from nephoscope.comparison.cell import Plan
from nephoscope.comparison.document import Comparison, Row
from nephoscope.comparison.measure import Measure
from nephoscope.interfaces.tracing import Experiments
from nephoscope.models import Contest, Contested, ContestRun, JsonValue, SuiteExample
from nephoscope.plugin.manager import Plugins
from nephoscope.settings import Settings
from nephoscope.store.run import RunStore

FOLDER = "published"


def publish(found: Comparison, plan: Plan, settings: Settings, plugins: Plugins, noted: Callable[[str], None]) -> str:
    """Where the experiments can be seen; empty where nothing is to be shown, or could not be. Raises ``UsageError`` for a target that is none."""
    tracer = watching.tracer(settings, plugins)
    if tracer is None:
        return ""
    if not isinstance(tracer, Experiments):
        noted(f"{tracer.name} keeps no experiments: the comparison is kept here alone")
        return ""
    folder = Path(found.folder) / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with closing(RunStore(folder)) as record:
        link = tracer.publish(contest(found, plan), watching.target(settings), enlisting.scrub(settings, plugins, record))
    noted(f"experiments: {link}" if link else f"{tracer.name} did not take the comparison in time: it is kept here alone")
    return link


def contest(found: Comparison, plan: Plan) -> Contest:
    """A comparison as tools for experiments think of it: what is asked and expected, and what each made of it."""
    examples = {unit.example: unit for unit in _examples(plan, {one.cell.unit for one in found.cells})}
    digest = hashlib.sha256("".join(one.model_dump_json() for one in examples.values()).encode()).hexdigest()[:8]
    by_label: dict[str, list[Measure]] = {}
    for one in found.cells:
        by_label.setdefault(one.cell.contestant.label, []).append(one)
    return Contest(
        id=found.id,
        dataset=f"nephoscope {plan.suite} {digest}",
        description=f"{len(examples)} emulated accounts whose truth is known, as suite {plan.suite!r} of nephoscope",
        examples=examples,
        contestants=tuple(_contested(row, by_label[row.label], found) for row in found.rows),
    )


def _examples(plan: Plan, units: set[str]) -> list[SuiteExample]:
    found = []
    for scenario in plan.scenarios:
        for variant in scenario.variants:
            if (unit := f"{scenario.id}/{variant}") not in units:
                continue
            truth = scenario.truth(variant)
            expected: dict[str, JsonValue] = {"verdict": truth.verdict, "causes": list(truth.causes), "resources": list(truth.resources)}
            told: dict[str, JsonValue] = {"problem": scenario.words(variant), "scenario": scenario.id, "variant": variant, "family": scenario.family}
            found.append(SuiteExample(example=unit, inputs=told, expected=expected))
    return found


def _contested(row: Row, own: list[Measure], found: Comparison) -> Contested:
    told: Mapping[str, JsonValue] = {
        "comparison": found.id, "model": row.model, "planner": row.planner, "prompt": row.prompt, "suite": found.suite, "tier": row.tier,
        "right": row.right, "cells": row.cells, "usd": row.usd, "versions": dict(found.versions),
    }  # fmt: skip
    return Contested(name=row.label, metadata=told, runs=tuple(_run(one, found.ended_at) for one in own))


def _run(one: Measure, ended_at: str) -> ContestRun:
    asked = one.asking
    scores: dict[str, float] = {
        "right": float(one.right), "cause_right": float(one.cause_right), "resource_right": float(one.resource_right),
        "grounded": float(one.grounded), "false_claims": float(one.false_claims), "usd": asked.usd, "calls": float(one.calls),
    }  # fmt: skip
    return ContestRun(
        example=one.cell.unit,
        repeat=one.cell.repeat,
        ended_at=ended_at,
        seconds=one.seconds,
        outputs={"outcome": one.outcome, "verdict": one.verdict, "causes": list(one.causes), "status": one.status},
        scores=scores,
        metadata={"run": one.run, "trace": one.trace, "requests": asked.requests, "tokens": asked.usage.model_dump(mode="json"), "steps": one.steps},
        error=one.error,
    )
