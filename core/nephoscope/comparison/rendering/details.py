"""Every measure that the table of results has no room for: a line each, with a value per contestant."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from nephoscope.comparison.document import Comparison, Row, Said
from nephoscope.comparison.rendering import say

_VERDICTS = ("confirmed", "likely", "no_fault_found", "inconclusive")
Value = Callable[[Row], str]


def details(comparison: Comparison) -> Iterator[tuple[str, list[str]]]:
    """Name of a measure, and its value for each row."""
    for name, value in (*_answers(), *_work(), *_scripts(), *_models(), *_tries(comparison.repeats)):
        yield name, [value(row) for row in comparison.rows]


def _answers() -> Iterator[tuple[str, Value]]:
    yield "cells that failed, and as what", lambda row: say.failures(row) or "–"
    yield (
        "requests that came to nothing, tried again or not",
        lambda row: ", ".join(f"{number} {kind}" for kind, number in row.troubles.items()) or "–",
    )
    yield "cause exactly right", lambda row: f"{row.cause_right}/{row.cells}"
    yield "resource right", lambda row: f"{row.resource_right}/{row.cells}"
    yield "every cited fact backed by a reply", lambda row: f"{row.grounded}/{row.cells}"
    for verdict in _VERDICTS:
        yield f"said {verdict.replace('_', ' ')}: right of so many", _said(verdict)


def _said(verdict: str) -> Value:
    def value(row: Row) -> str:
        said = row.calibration.get(verdict, Said())
        return f"{said.right}/{said.said}" if said.said else "–"

    return value


def _work() -> Iterator[tuple[str, Value]]:
    yield "steps per cell; of them decided by the model", lambda row: f"{row.steps:.1f}; {row.by_model:.1f}"
    yield "calls per cell", lambda row: f"{row.calls:.1f}"
    yield "refused operations", lambda row: str(row.refused)
    yield "seconds per cell", lambda row: say.seconds(row.seconds)


def _scripts() -> Iterator[tuple[str, Value]]:
    yield (
        "scripts valid at first; repairs",
        _written(lambda row: f"{row.scripts.valid_at_first}/{row.scripts.tasks}; {row.scripts.repairs}"),
    )
    yield "repaired", _written(lambda row: ", ".join(f"{number} {rule}" for rule, number in list(row.scripts.repaired.items())[:3]) or "–")
    yield "ran; of them failed", _written(lambda row: f"{row.scripts.executed}; {row.scripts.failed}")
    yield "remarks of validators per script", _written(lambda row: f"{row.scripts.remarks:.1f}")
    yield "faulted by a linter; by the security scan", _written(lambda row: f"{row.scripts.linted}; {row.scripts.unsafe} of {row.scripts.written}")
    yield "mean complexity", _written(lambda row: f"{row.scripts.complexity:.1f}")
    yield "reads all pages, of those that list", _written(lambda row: f"{row.scripts.paging}/{row.scripts.listing}")
    yield "handles faults of calls", _written(lambda row: f"{row.scripts.handling}/{row.scripts.written}")


def _written(value: Value) -> Value:
    """Of a contestant that wrote scripts; nothing of others."""
    return lambda row: value(row) if row.scripts.written else "–"


def _models() -> Iterator[tuple[str, Value]]:
    yield "requests to the model", lambda row: str(row.requests)
    yield "tokens in; out", lambda row: f"{row.usage.input}; {row.usage.output}"
    yield "of those in, read from and written to a cache", lambda row: f"{row.usage.cache_read}; {row.usage.cache_write}"
    yield "of those out, for thoughts", lambda row: str(row.usage.reasoning)


def _tries(repeats: int) -> Iterator[tuple[str, Value]]:
    if repeats > 1:
        yield f"pass@{repeats}: one of {repeats} tries is right", lambda row: say.percent(row.pass_at.get(repeats))
        yield f"pass^{repeats}: all are", lambda row: say.percent(row.pass_all.get(repeats))
