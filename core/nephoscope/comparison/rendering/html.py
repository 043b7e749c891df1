"""The comparison as one page that needs nothing but itself: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from nephoscope.comparison.document import Comparison, Said
from nephoscope.comparison.measure import Measure
from nephoscope.comparison.rendering import charts, say
from nephoscope.comparison.rendering.details import details

if TYPE_CHECKING:
    from jinja2 import Template

MARKS: Mapping[str, str] = {
    "right": "✓", "wrong": "✗", "undecided": "?", "throttled": "T", "refused": "R", "truncated": "C", "unparsable": "U", "error": "E",
}  # fmt: skip


class Square(NamedTuple):
    """One place of the heat map: shares of right tries as a class, what stands in it, and what a pointer is told."""

    level: str
    mark: str
    told: str
    link: str


def html(comparison: Comparison, links: Mapping[str, str] | None = None) -> str:
    """The page. ``links``: key of a cell → where its record is told, relative to the page or absolute."""
    labels = [row.label for row in comparison.rows]
    heat = _heat(comparison, labels, links or {})
    return _template().render(
        comparison=comparison,
        say=say,
        labels=labels,
        colours={label: f"var(--c{number % charts.COLOURS})" for number, label in enumerate(labels)},
        bars=charts.bars(comparison),
        pareto=charts.pareto(comparison),
        heat=heat,
        families={family: number for number, (family, _) in enumerate(heat, 1)},
        every=[(label, _cells(comparison, label, links or {})) for label in labels],
        tags=_tags(comparison.tags, labels),
        marks=MARKS,
        notes=list(say.notes(comparison)),
        judged=list(say.judge(comparison.judge)) if comparison.judge else [],
        behind=list(details(comparison)),
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    source = files("nephoscope.comparison.rendering").joinpath("page.html.j2").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(source)


def _heat(comparison: Comparison, labels: Sequence[str], links: Mapping[str, str]) -> list[tuple[str, list[tuple[str, list[Square]]]]]:
    """Family → unit → a square per contestant."""
    by_place: dict[tuple[str, str], list[Measure]] = {}
    families: dict[str, dict[str, None]] = {}
    for one in comparison.cells:
        by_place.setdefault((one.cell.unit, one.cell.contestant.label), []).append(one)
        families.setdefault(one.family, {})[one.cell.unit] = None
    return [
        (family, [(unit, [_square(by_place.get((unit, label), ()), links) for label in labels]) for unit in units])
        for family, units in sorted(families.items())
    ]


def _cells(comparison: Comparison, label: str, links: Mapping[str, str]) -> list[tuple[Measure, str]]:
    """What a contestant did, in the order of the matrix, each with where it is told."""
    return [(one, one.trace or links.get(one.cell.key, "")) for one in comparison.cells if one.cell.contestant.label == label]


def _square(tries: Sequence[Measure], links: Mapping[str, str]) -> Square:
    if not tries:
        return Square("none", "", "not done", "")
    right = sum(one.right for one in tries)
    worst = next((one for one in tries if not one.right), tries[0])
    level = "full" if right == len(tries) else "zero" if not right else "some"
    mark = MARKS[worst.outcome] if len(tries) == 1 else f"{right}/{len(tries)}"
    found = ", ".join(worst.causes) or worst.verdict.replace("_", " ")
    expected = f"; expected {', '.join(worst.expected) or 'no fault'}" if not worst.right else ""
    told = f"{worst.outcome}: {found}{expected}; {worst.calls} calls, {worst.steps} steps, {say.usd(worst.asking.usd)} USD"
    return Square(level, mark, f"{told}. {worst.error}" if worst.error else told, worst.trace or links.get(worst.cell.key, ""))


def _tags(tags: Mapping[str, Mapping[str, Said]], labels: Sequence[str]) -> list[tuple[str, list[dict[str, Any]]]]:
    rows = []
    for tag, by_label in tags.items():
        cells = [by_label.get(label) for label in labels]
        rows.append((tag, [{"said": one, "share": one.right / one.said if one and one.said else None} for one in cells]))
    return rows
