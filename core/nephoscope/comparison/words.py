"""Strengths and weaknesses in words. Each sentence is a count that anybody can check in the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nephoscope.comparison.document import Row, Said
from nephoscope.comparison.measure import FAILURES, Measure

MARGIN = 0.15
"""So much better or worse than the others together on a family is worth a sentence."""
LEAST = 3
"""Of fewer trials nothing is said."""
_TOLD: Mapping[str, str] = {
    "throttled": "its provider turned requests away for their rate",
    "refused": "it would not answer, or its provider's filter stopped it",
    "truncated": "its replies were cut off and could not be put together",
    "unparsable": "its replies had not the shape that was asked for",
    "error": "it could not be asked: connection, key or server",
}


def told(row: Row, rows: Sequence[Row], tags: Mapping[str, Mapping[str, Said]], group: Mapping[str, Sequence[Measure]]) -> dict[str, tuple[str, ...]]:
    """What to say of a contestant, as fields of its row."""
    own = group[row.label]
    return {
        "strengths": (*_by_tag(row, tags, best=True), *_firsts(row, rows), *_lifted(row, best=True)),
        "weaknesses": (*_by_tag(row, tags, best=False), *_failures(row), *_claims(row, own), *_lifted(row, best=False), *_scripts(row)),
    }


def _by_tag(row: Row, tags: Mapping[str, Mapping[str, Said]], *, best: bool) -> Iterator[str]:
    found = []
    for tag, by_label in tags.items():
        mine = by_label.get(row.label, Said())
        others = [said for label, said in by_label.items() if label != row.label]
        trials, right = sum(one.said for one in others), sum(one.right for one in others)
        if mine.said < LEAST or not trials:
            continue
        gap = mine.right / mine.said - right / trials
        if (gap if best else -gap) >= MARGIN:
            found.append((abs(gap), f"{tag}: right in {mine.right} of {mine.said}, the others in {right} of {trials}"))
    yield from (text for _, text in sorted(found, key=lambda one: (-one[0], one[1]))[:3])


def _firsts(row: Row, rows: Sequence[Row]) -> Iterator[str]:
    priced = [one for one in rows if one.model and one.right and not one.unpriced and one.usd]
    if len(priced) > 1 and row == min(priced, key=lambda one: one.usd / one.right):
        yield f"cheapest success among the priced: {row.usd / row.right:.4f} USD each"
    timed = [one for one in rows if one.p50 is not None]
    if len(timed) > 1 and row == min(timed, key=lambda one: one.p50 or 0.0):
        yield f"quickest to answer: half of its replies within {row.p50:.2f} s"


def _lifted(row: Row, *, best: bool) -> Iterator[str]:
    if row.lift is None:
        return
    units = row.lift.gained if best else row.lift.lost
    if units:
        verb = "finds" if best else "misses"
        yield f"{verb} {len(units)} that the playbooks alone {'miss' if best else 'find'}: {', '.join(units[:3])}{' …' if len(units) > 3 else ''}"
    elif best is False and not row.lift.gained and row.model:
        yield "adds nothing to what the playbooks find alone"


def _failures(row: Row) -> Iterator[str]:
    for kind in FAILURES:
        number = row.outcomes.get(kind, 0)
        if number:
            yield f"{number} of {row.cells} cells failed as {kind}: {_TOLD[kind]}"


def _claims(row: Row, own: Sequence[Measure]) -> Iterator[str]:
    healthy = [one for one in own if not one.expected]
    blamed = sum(bool(one.false_claims) for one in healthy)
    if blamed:
        yield f"names a cause in {blamed} of {len(healthy)} healthy accounts"
    sure = row.calibration.get("confirmed", Said())
    if sure.said - sure.right:
        yield f"{sure.said - sure.right} of {sure.said} verdicts called confirmed are not right"


def _scripts(row: Row) -> Iterator[str]:
    made = row.scripts
    if made.tasks >= LEAST and made.valid_at_first < made.tasks / 2:
        most = next(iter(made.repaired), "")
        yield f"{made.tasks - made.valid_at_first} of {made.tasks} scripts are rejected at first{f', mostly for {most}' if most else ''}"
