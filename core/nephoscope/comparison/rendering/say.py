"""Numbers as people read them; the same on the terminal, in Markdown and in HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markupsafe import Markup

from nephoscope.comparison.document import Agreement, Comparison, Judgement, Row
from nephoscope.comparison.measure import FAILURES
from nephoscope.comparison.statistics import Interval, Pair


def percent(value: float | None) -> str:
    """A share."""
    return "–" if value is None else f"{value:.0%}"


def share(interval: Interval) -> str:
    """A share with where it truly lies."""
    if interval.low is None or interval.high is None:
        return percent(interval.value)
    return f"{percent(interval.value)} ({interval.low:.0%}–{interval.high:.0%})"


def points(interval: Interval) -> str:
    """A difference of shares, in points of a hundred."""
    if interval.value is None:
        return "–"
    said = f"{interval.value * 100:+.0f}"
    return said if interval.low is None or interval.high is None else f"{said} ({interval.low * 100:+.0f} to {interval.high * 100:+.0f})"


def usd(value: float | None) -> str:
    """Dollars: to the cent, or to where the first two digits are."""
    if value is None:
        return "–"
    return f"{value:.2f}" if value >= 1 or not value else f"{value:.4f}" if value >= 0.001 else f"{value:.2g}"


def each(row: Row) -> str:
    """Dollars per success."""
    interval = row.usd_per_success
    if interval is None or interval.value is None:
        return "–"
    more = "+" if row.unpriced else ""
    if interval.low is None:
        return usd(interval.value) + more
    return f"{usd(interval.value)}{more} ({usd(interval.low)}–{usd(interval.high) if interval.high is not None else '∞'})"


def seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def failures(row: Row) -> str:
    """What kept it from answering, counted; empty when nothing did."""
    return ", ".join(f"{row.outcomes[kind]} {kind}" for kind in FAILURES if row.outcomes.get(kind))


def failed(row: Row) -> int:
    """Cells that a failure kept from an answer."""
    return sum(row.outcomes.get(kind, 0) for kind in FAILURES)


def two(text: str) -> Markup:
    """A number with its interval in smaller type below it."""
    number, _, interval = text.partition(" (")
    below = Markup('<br><span class="soft small">{}</span>').format(interval.removesuffix(")")) if interval else ""
    return Markup("{}{}").format(number, below)


def breakable(label: str) -> Markup:
    """A label with places to break it."""
    return Markup("<wbr>").join(re.split(r"(?<=[:/·@-])", label))


def scripts(row: Row) -> str:
    """Scripts: valid at first try of how many, and repairs."""
    made = row.scripts
    return f"{made.valid_at_first}/{made.tasks} +{made.repairs}" if made.tasks else "–"


def compared(pair: Pair) -> str:
    """What is known of two, in a sentence."""
    gap = pair.difference.value or 0.0
    first, second = (pair.left, pair.right) if gap >= 0 else (pair.right, pair.left)
    only = (pair.better_units, pair.worse_units) if gap >= 0 else (pair.worse_units, pair.better_units)
    told = f"of {pair.units} units, {only[0]} right by the former alone, {only[1]} by the latter"
    if pair.apart:
        return f"{first} is better than {second}: {told}; p = {pair.p:.2g}"
    if not gap and not sum(only):
        return f"{first} and {second} are right on the same {pair.units} units"
    sentence = f"{first} and {second} cannot be told apart: {told}; p = {pair.p:.2g}"
    return sentence + (f"; about {pair.more_scenarios} more scenarios needed, were the difference as seen" if pair.more_scenarios else "")


def notes(comparison: Comparison) -> Iterator[str]:
    """What a reader must know besides the numbers."""
    if comparison.why_not_whole:
        yield f"{comparison.done} of {comparison.planned} cells: {comparison.why_not_whole}; the same command goes on"
    spent = comparison.spending
    if spent.lost_usd:
        yield f"up to {usd(spent.lost_usd)} USD besides, for requests that were under way when it was killed"
    if spent.unpriced:
        yield f"{spent.unpriced} requests have no known price and are not in the dollars"
    for change in comparison.baseline:
        told = change.why if change.worse else f"{change.before} of {change.units} units right then, {change.now} now"
        yield f"{'WORSE' if change.worse else 'not worse'} than the baseline: {change.label}: {told}"


def judge(told: Judgement) -> Iterator[str]:
    """Who judged prose, how far it agrees with people, and what is not shown for it."""
    paid = f"{told.requests} requests, {usd(told.usd)} USD" + (f", {told.unpriced} of unknown price" if told.unpriced else "")
    yield f"judge: {told.model}{f' at {told.base_url}' if told.base_url else ''}; {paid}; marks of prose count for nothing else"
    for name, one in told.agreement.items():
        yield f"{name}: {'shown' if name in told.believed else 'not shown'}; {agreement(one)}"
    if told.why_not and not told.believed:
        yield f"its marks are not shown: {told.why_not}"
    elif told.why_not:
        yield f"{told.marked} of {told.texts} texts are marked: {told.why_not}"
    if told.competes and told.believed:
        yield "the judge is one of those it judges: models tend to like their own words"


def agreement(one: Agreement) -> str:
    """How far a judge agrees with people by one criterion."""
    known = "kappa cannot be told" if one.kappa is None else f"kappa {one.kappa:.2f}"
    more = "".join(f", {number} {what}" for number, what in ((one.unsteady, "swayed by the order"), (one.unanswered, "unanswered")) if number)
    return f"{known}: as people in {one.same} of {one.examples} labelled texts{more}"


def summary(comparison: Comparison) -> str:
    """One line: what was compared on what."""
    whole = f"{comparison.scenarios} scenarios, {comparison.units} units, {comparison.done} cells"
    times = f", {comparison.repeats} tries each" if comparison.repeats > 1 else ""
    return f"suite {comparison.suite}: {whole}{times}; {usd(comparison.spending.usd)} USD for models"


HOW = (
    "A cell is right when verdict, causes and resources are as they truly are; one that failed counts as not right. Intervals hold 95 of 100 times "
    "(Wilson's, with repeats and variants of one scenario counted as the few independent trials they are worth; the others by resampling scenarios). "
    "Two are apart when McNemar's exact test over paired units, after Holm's correction, and the resampled difference both say so; "
    "a tier holds its best and all that cannot be told from it."
)
"""How the numbers came about."""
