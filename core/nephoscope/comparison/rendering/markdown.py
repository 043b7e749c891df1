"""The comparison as Markdown, for a pull request or a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nephoscope.comparison.document import Comparison, Judgement, Said
from nephoscope.comparison.rendering import say

_SPECIAL = str.maketrans({char: f"\\{char}" for char in "\\|`*_[]<>#"})


def markdown(comparison: Comparison) -> str:
    """The whole report."""
    return "\n".join(_lines(comparison)) + "\n"


def _lines(comparison: Comparison) -> Iterator[str]:
    yield f"# Comparison {comparison.id}"
    yield ""
    yield _text(say.summary(comparison))
    yield ""
    yield from (f"> {_text(note)}" for note in say.notes(comparison))
    yield ""
    yield from _table(
        ["tier", "", "right", "cells", "false claims", "failed", "calls", "steps", "scripts valid at first + repairs", "USD", "USD per success",
         "p50 s", "p95 s", "lift, points"],
        [
            [str(row.tier), row.label, say.share(row.success), str(row.cells), str(row.false_claims), say.failures(row) or "0", f"{row.calls:.1f}",
             f"{row.steps:.1f}", say.scripts(row), say.usd(row.usd) if row.model else "–", say.each(row), say.seconds(row.p50),
             say.seconds(row.p95), say.points(row.lift.difference) if row.lift else "–"]
            for row in comparison.rows
        ],
    )  # fmt: skip
    yield from ["", "## In words", ""]
    for row in comparison.rows:
        for sign, sentences in (("+", row.strengths), ("−", row.weaknesses)):
            yield from (f"- {_text(row.label)}: {sign} {_text(sentence)}" for sentence in sentences)
    yield from ["", "## Two by two", ""]
    yield from (f"- {_text(say.compared(pair))}" for pair in comparison.pairs)
    yield from ["", "## By family and tag: right of trials", ""]
    labels = [row.label for row in comparison.rows]
    rows = [[tag, *(_said(by_label.get(label)) for label in labels)] for tag, by_label in comparison.tags.items()]
    yield from _table(["", *labels], rows)
    yield from _written(comparison)
    if comparison.repeats > 1:
        yield from ["", "## Several tries", ""]
        ks = range(1, comparison.repeats + 1)
        yield from _table(
            ["", *(f"pass@{k}" for k in ks), *(f"pass^{k}" for k in ks)],
            [[row.label, *(say.percent(row.pass_at.get(k)) for k in ks), *(say.percent(row.pass_all.get(k)) for k in ks)] for row in comparison.rows],
        )
    if comparison.judge:
        yield from _prose(comparison.judge)
    yield from ["", say.HOW]


def _prose(told: Judgement) -> Iterator[str]:
    yield from ["", "## Prose, by a judge", ""]
    yield from (f"- {_text(line)}" for line in say.judge(told))
    if told.sound:
        yield ""
        yield from _table(
            ["", "cells with prose", *(f"{one}: sound" for one in told.believed)],
            [[label, str(told.told[label]), *(say.share(by[one]) for one in told.believed)] for label, by in told.sound.items()],
        )


def _written(comparison: Comparison) -> Iterator[str]:
    """Scripts that models wrote, on the same criteria for all; nothing where none was written."""
    rows = [(row.label, row.scripts) for row in comparison.rows if row.scripts.written]
    if not rows:
        return
    yield from ["", "## Scripts", ""]
    yield from _table(
        ["", "tasks", "valid at first", "repairs", "written", "a linter faults", "unsafe", "mean complexity", "paging, of listing",
         "handling faults"],
        [
            [label, str(one.tasks), str(one.valid_at_first), str(one.repairs), str(one.written), str(one.linted), str(one.unsafe),
             str(one.complexity), f"{one.paging}/{one.listing}", str(one.handling)]
            for label, one in rows
        ],
    )  # fmt: skip


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(map(_text, head)) + " |"
    yield "|" + " --- |" * len(head)
    yield from ("| " + " | ".join(map(_text, row)) + " |" for row in rows)


def _said(said: Said | None) -> str:
    return f"{said.right}/{said.said}" if said else "–"


def _text(text: str) -> str:
    return " ".join(text.split()).translate(_SPECIAL)
