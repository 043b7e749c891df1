"""One line per cell: for spreadsheets and data frames."""

from __future__ import annotations

import csv
import io

from nephoscope.comparison.document import Comparison
from nephoscope.comparison.measure import Measure

COLUMNS = (
    "contestant model base_url prompt planner scenario family tags variant repeat seed outcome right verdict cause_right resource_right grounded "
    "false_claims expected causes status steps by_model calls refused scripts_written scripts_tasks scripts_valid_at_first script_repairs "
    "scripts_executed scripts_failed scripts_linted scripts_unsafe scripts_complexity scripts_listing scripts_paging scripts_handling "
    "requests input_tokens output_tokens cache_read_tokens cache_write_tokens reasoning_tokens usd unpriced "
    "model_seconds seconds run trace error"
).split()
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def cells_csv(comparison: Comparison) -> str:
    """A header and a line per cell, in the order of the matrix. Texts that a spreadsheet would take for formulas are quoted."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for measure in comparison.cells:
        writer.writerow({name: _plain(value) for name, value in record(measure).items()})
    return text.getvalue()


def record(measure: Measure) -> dict[str, object]:
    """One cell, flat; what data frames are made of."""
    cell, asked, made = measure.cell, measure.asking, measure.scripts
    who = cell.contestant
    return {
        "contestant": who.label, "model": who.model, "base_url": who.base_url, "prompt": who.prompt, "planner": who.planner,
        "scenario": cell.scenario, "family": measure.family, "tags": " ".join(measure.tags), "variant": cell.variant, "repeat": cell.repeat,
        "seed": cell.seed, "outcome": measure.outcome, "right": measure.right, "verdict": measure.verdict, "cause_right": measure.cause_right,
        "resource_right": measure.resource_right, "grounded": measure.grounded, "false_claims": measure.false_claims,
        "expected": " ".join(measure.expected), "causes": " ".join(measure.causes), "status": measure.status, "steps": measure.steps,
        "by_model": measure.by_model, "calls": measure.calls, "refused": measure.refused, "scripts_written": made.written,
        "scripts_tasks": made.tasks, "scripts_valid_at_first": made.valid_at_first, "script_repairs": made.repairs,
        "scripts_executed": made.executed, "scripts_failed": made.failed, "scripts_linted": made.linted,
        "scripts_unsafe": made.unsafe, "scripts_complexity": made.complexity, "scripts_listing": made.listing, "scripts_paging": made.paging,
        "scripts_handling": made.handling, "requests": asked.requests, "input_tokens": asked.usage.input,
        "output_tokens": asked.usage.output, "cache_read_tokens": asked.usage.cache_read, "cache_write_tokens": asked.usage.cache_write,
        "reasoning_tokens": asked.usage.reasoning, "usd": asked.usd, "unpriced": asked.unpriced,
        "model_seconds": round(sum(asked.seconds), 3), "seconds": measure.seconds, "run": measure.run, "trace": measure.trace,
        "error": measure.error,
    }  # fmt: skip


def _plain(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
