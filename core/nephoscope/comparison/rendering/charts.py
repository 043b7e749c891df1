"""Charts as inline SVG, coloured by the page's own variables, so that they follow it into dark mode and print."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from nephoscope.comparison.document import Comparison, Row
from nephoscope.comparison.rendering import say

WIDTH, HEIGHT = 480, 330
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 18, 20, 48
_LETTER = 7
"""About so wide is a letter of a label."""
COLOURS = 8
"""Colours that the page defines for contestants; further ones begin again."""


def pareto(comparison: Comparison) -> str:
    """Success against dollars per cell, both with intervals; the line joins those that nobody beats in both. Empty without a price."""
    priced = [(number, row) for number, row in enumerate(comparison.rows) if row.success.value is not None and _known(row)]
    if not any(row.model for _, row in priced):
        return ""
    costs = {row.label: row.usd / row.cells for _, row in priced}
    scale = _Scale(max([*costs.values(), 1e-6]) * 1.12)
    parts = [*_grid(scale), _front(priced, costs, scale)]
    taken = [_Box(scale.x(costs[row.label]) - 8, scale.y(row.success.value or 0.0) + 5, 16) for _, row in priced]
    for number, row in priced:
        parts.append(_point(number, row, costs[row.label], scale, taken))
    return _svg(WIDTH, HEIGHT, "Success against dollars per investigation", parts)


def bars(comparison: Comparison) -> str:
    """Success of each with its interval, best first."""
    rows = comparison.rows
    step, left, right = 34, 8, 60
    height = step * len(rows) + 26
    width = WIDTH - left - right
    parts = []
    for tick in range(0, 101, 25):
        x = left + width * tick / 100
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height - 22}"/>')
        parts.append(f'<text class="axis" x="{x:.1f}" y="{height - 5}" text-anchor="{_anchor(tick)}">{tick} %</text>')
    for number, row in enumerate(rows):
        y, value = number * step + 6, row.success.value or 0.0
        colour = f"var(--c{number % COLOURS})"
        parts.append(f"<g><title>{escape(f'{row.label}: {say.share(row.success)}')}</title>")
        parts.append(f'<rect x="{left}" y="{y}" width="{max(1.0, width * value):.1f}" height="{step - 14}" rx="3" fill="{colour}" opacity=".82"/>')
        if row.success.low is not None and row.success.high is not None:
            parts.append(_whisker(left + width * row.success.low, left + width * row.success.high, y + (step - 14) / 2))
        parts.append(f'<text class="value" x="{WIDTH - 4}" y="{y + 14}" text-anchor="end">{say.percent(value)}</text></g>')
    return _svg(WIDTH, height, "Share of right answers with its interval", parts)


def _anchor(tick: int) -> str:
    return "start" if not tick else "end" if tick == 100 else "middle"


class _Box(NamedTuple):
    """Where a line of text stands: its left end, its base line, its width."""

    left: float
    y: float
    width: float

    def touches(self, other: _Box) -> bool:
        return abs(self.y - other.y) < 14 and self.left < other.left + other.width and other.left < self.left + self.width


class _Scale:
    """Places of dollars and shares."""

    def __init__(self, most: float) -> None:
        self.step = _nice(most / 5)
        self.most = max(self.step, math.ceil(most / self.step) * self.step)

    def x(self, usd: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * min(1.0, usd / self.most)

    def y(self, share: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * share


def _nice(rough: float) -> float:
    """The step of an axis: 1, 2 or 5 of some power of ten."""
    power = 10.0 ** math.floor(math.log10(rough))
    return float(next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999))


def _grid(scale: _Scale) -> list[str]:
    parts = []
    for tick in range(0, 101, 20):
        y = scale.y(tick / 100)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="axis" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick} %</text>')
    for number in range(round(scale.most / scale.step) + 1):
        usd = number * scale.step
        parts.append(f'<text class="axis" x="{scale.x(usd):.1f}" y="{HEIGHT - _BOTTOM + 18}" text-anchor="middle">{usd:.4g}</text>')
    parts.append(f'<text class="axis" x="{WIDTH - _RIGHT}" y="{HEIGHT - 8}" text-anchor="end">USD per investigation →</text>')
    return parts


def _front(priced: Sequence[tuple[int, Row]], costs: dict[str, float], scale: _Scale) -> str:
    """A staircase through everybody who is not beaten in both."""
    best = -1.0
    corners: list[tuple[float, float]] = []
    for _, row in sorted(priced, key=lambda one: (costs[one[1].label], -(one[1].success.value or 0.0))):
        share = row.success.value or 0.0
        if share > best:
            if corners:
                corners.append((scale.x(costs[row.label]), corners[-1][1]))
            corners.append((scale.x(costs[row.label]), scale.y(share)))
            best = share
    if corners:
        corners.append((WIDTH - _RIGHT, corners[-1][1]))
    return f'<polyline class="front" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in corners)}"/>'


def _point(number: int, row: Row, usd: float, scale: _Scale, taken: list[_Box]) -> str:
    x, y = scale.x(usd), scale.y(row.success.value or 0.0)
    colour = f"var(--c{number % COLOURS})"
    parts = [f"<g><title>{escape(f'{row.label}: {say.share(row.success)}, {say.usd(usd)} USD per investigation')}</title>"]
    if row.success.low is not None and row.success.high is not None:
        low, high = scale.y(row.success.low), scale.y(row.success.high)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}" stroke="{colour}" stroke-width="2" opacity=".55"/>')
    parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{colour}"/>')
    label = row.label if len(row.label) <= 34 else row.label[:33] + "…"
    box = _room(len(label) * _LETTER, x, y, taken)
    taken.append(box)
    parts.append(
        f'<text class="label" style="fill:{colour}" x="{box.left:.1f}" y="{box.y:.1f}" textLength="{box.width:.0f}" lengthAdjust="spacingAndGlyphs">'
    )
    return "".join([*parts, f"{escape(label)}</text></g>"])


def _room(width: float, x: float, y: float, taken: Sequence[_Box]) -> _Box:
    """The first place round a point where its label is inside of the chart and on no other label or point; else further up or down."""
    for step in range(12):
        for up in (y - 10 - 15 * step, y + 18 + 15 * step):
            for left in (x + 10, x - 10 - width):
                box = _Box(left, up, width)
                if left >= _LEFT and left + width <= WIDTH and _TOP - 8 <= up <= HEIGHT - _BOTTOM and not any(map(box.touches, taken)):
                    return box
    return _Box(max(_LEFT, min(x + 10, WIDTH - width)), y - 10, width)


def _whisker(left: float, right: float, y: float) -> str:
    ends = "".join(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - 5:.1f}" y2="{y + 5:.1f}"/>' for x in (left, right))
    return f'<g class="whisker"><line x1="{left:.1f}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>{ends}</g>'


def _known(row: Row) -> bool:
    """Whether its dollars are all there are."""
    return not row.unpriced and bool(row.cells)


def _svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    head = f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(title)}" xmlns="http://www.w3.org/2000/svg">'
    return f"{head}<title>{escape(title)}</title>{''.join(parts)}</svg>"
