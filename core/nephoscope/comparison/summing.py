"""From measures to the document: one row per contestant, every pair tested, every tag counted. No failure leaves the denominator."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from nephoscope.comparison import statistics, words
from nephoscope.comparison.cell import PLAYBOOK, Contestant, Plan
from nephoscope.comparison.document import Change, Comparison, Lift, Row, Said, ScriptRow, Spending
from nephoscope.comparison.measure import Measure, Outcome
from nephoscope.models import Usage

if TYPE_CHECKING:
    from nephoscope.comparison.store import ComparisonStore

Group = Mapping[str, Sequence[Measure]]
"""Label of a contestant → its measures."""


def summed(plan: Plan, measures: Iterable[Measure], comparison_id: str, spending: Spending) -> Comparison:
    """The document, its rows in the order of their tiers. Raises ``UsageError`` where the libraries for statistics are missing."""
    statistics.need()
    order = {cell.key: place for place, cell in enumerate(plan.cells())}
    known = sorted((one for one in measures if one.cell.key in order), key=lambda one: order[one.cell.key])
    group: dict[str, list[Measure]] = {who.label: [] for who in plan.contestants}
    for one in known:
        group[one.cell.contestant.label].append(one)
    everybody = {label: results(own) for label, own in group.items() if own}
    compared = statistics.pairs(everybody)
    tiers = statistics.tiers(everybody, compared)
    rows = [_row(who, group[who.label], tiers[who.label]) for who in plan.contestants if group[who.label]]
    rows = [row.model_copy(update={"lift": _lift(row.label, everybody)}) for row in rows]
    tags = counted(group)
    rows = [row.model_copy(update=words.told(row, rows, tags, group)) for row in rows]
    return Comparison(
        id=comparison_id,
        suite=plan.suite,
        repeats=plan.repeats,
        scenarios=len({one.cell.scenario for one in known}),
        units=len({one.cell.unit for one in known}),
        planned=len(order),
        done=len(known),
        spending=spending.model_copy(
            update={"usd": total(one.asking.usd for one in known), "unpriced": sum(one.asking.unpriced for one in known)}
        ),
        rows=tuple(sorted(rows, key=lambda row: (row.tier, -(row.success.value or 0.0), _cost(row), row.label))),
        pairs=tuple(compared),
        tags=tags,
        cells=tuple(known),
    )  # fmt: skip


def dated(comparison: Comparison, store: ComparisonStore, versions: Mapping[str, str]) -> Comparison:
    """With when it was, where it is kept, and by what it was made."""
    more = {"started_at": store.started_at, "ended_at": store.ended_at, "folder": str(store.folder), "versions": dict(versions)}
    return comparison.model_copy(update=more)


def total(amounts: Iterable[float]) -> float:
    """Dollars added up in whole billionths: to the cent, and in any order the same."""
    return round(math.fsum(amounts), 9)


def results(measures: Iterable[Measure]) -> dict[str, list[bool]]:
    """Unit → whether each repeat was right."""
    found: dict[str, list[bool]] = {}
    for one in measures:
        found.setdefault(one.cell.unit, []).append(one.right)
    return found


def counted(group: Group) -> dict[str, dict[str, Said]]:
    """Family or tag → contestant → right and trials."""
    found: dict[str, dict[str, Said]] = {}
    for label, own in group.items():
        for one in own:
            for tag in dict.fromkeys((one.family, *one.tags, f"variant {one.cell.variant.replace('_', ' ')}")):
                before = found.setdefault(tag, {}).get(label, Said())
                found[tag][label] = Said(said=before.said + 1, right=before.right + one.right)
    return dict(sorted(found.items()))


def changes(now: Comparison, before: Comparison) -> tuple[Change, ...]:
    """Every contestant that the stored comparison has too, on the units both have."""
    names = [row.label for row in now.rows if row.label in {other.label for other in before.rows}]
    return tuple(_change(name, now, before) for name in names)


def _change(label: str, now: Comparison, before: Comparison) -> Change:
    news, olds = (results(one for one in each.cells if one.cell.contestant.label == label) for each in (now, before))
    shared = [unit for unit in news if unit in olds]
    passed = {unit: (2 * sum(olds[unit]) > len(olds[unit]), 2 * sum(news[unit]) > len(news[unit])) for unit in shared}
    lost = tuple(unit for unit, (then, here) in passed.items() if then and not here)
    gained = tuple(unit for unit, (then, here) in passed.items() if here and not then)
    p = statistics.exact(len(gained), len(lost))
    asked = any(row.model for row in now.rows if row.label == label)
    worse = (p < statistics.ALPHA and len(lost) > len(gained)) if asked else bool(lost)
    why = ""
    if worse:
        why = f"{len(lost)} of {len(shared)} units that were right are not any more, {len(gained)} the other way round"
        why += f" (p = {p:.3f})" if asked else ": without a model the same question has the same answer"
    return Change(
        label=label,
        units=len(shared),
        before=sum(then for then, _ in passed.values()),
        now=sum(here for _, here in passed.values()),
        lost=lost,
        gained=gained,
        p=p,
        worse=worse,
        why=why,
    )


def _row(who: Contestant, own: Sequence[Measure], tier: int) -> Row:
    tries = results(own)
    most = max(map(len, tries.values()))
    seconds = sorted(one for measure in own for one in measure.asking.seconds)
    outcomes: dict[Outcome, int] = {}
    troubles: dict[str, int] = {}
    for one in own:
        outcomes[one.outcome] = outcomes.get(one.outcome, 0) + 1
        for kind, number in one.asking.troubles.items():
            troubles[kind] = troubles.get(kind, 0) + number
    return Row(
        **who.model_dump(include={"model", "base_url", "prompt", "planner"}),
        label=who.label,
        tier=tier,
        cells=len(own),
        right=sum(one.right for one in own),
        success=statistics.success(tries),
        cause_right=sum(one.cause_right for one in own),
        resource_right=sum(one.resource_right for one in own),
        grounded=sum(one.grounded for one in own),
        false_claims=sum(one.false_claims for one in own),
        outcomes=outcomes,
        troubles=troubles,
        calibration=_calibration(own),
        steps=_mean(own, lambda one: one.steps),
        by_model=_mean(own, lambda one: one.by_model),
        calls=_mean(own, lambda one: one.calls),
        refused=sum(one.refused for one in own),
        scripts=_scripts(own),
        requests=sum(one.asking.requests for one in own),
        usage=sum((one.asking.usage for one in own), Usage()),
        usd=total(one.asking.usd for one in own),
        unpriced=sum(one.asking.unpriced for one in own),
        usd_per_success=_per_success(own) if who.model else None,
        p50=quantile(seconds, 0.5),
        p95=quantile(seconds, 0.95),
        seconds=_mean(own, lambda one: one.seconds),
        pass_at={k: value for k in range(1, most + 1) if (value := statistics.pass_at(tries, k)) is not None},
        pass_all={k: value for k in range(1, most + 1) if (value := statistics.pass_all(tries, k)) is not None},
    )


def quantile(ordered: Sequence[float], share: float) -> float | None:
    """The smallest value that so large a share does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def _per_success(own: Sequence[Measure]) -> statistics.Interval:
    spent: dict[str, float] = {}
    right: dict[str, float] = {}
    for one in own:
        spent[one.cell.scenario] = spent.get(one.cell.scenario, 0.0) + one.asking.usd
        right[one.cell.scenario] = right.get(one.cell.scenario, 0.0) + one.right
    return statistics.ratio(spent, right)


def _calibration(own: Sequence[Measure]) -> dict[str, Said]:
    found: dict[str, Said] = {}
    for one in own:
        before = found.get(one.verdict, Said())
        found[one.verdict] = Said(said=before.said + 1, right=before.right + one.right)
    return dict(sorted(found.items()))


def _scripts(own: Sequence[Measure]) -> ScriptRow:
    rules: dict[str, int] = {}
    repaired: dict[str, int] = {}
    for one in own:
        for found, more in ((rules, one.scripts.rules), (repaired, one.scripts.repaired)):
            for name, number in more.items():
                found[name] = found.get(name, 0) + number
    written = sum(one.scripts.written for one in own)
    return ScriptRow(
        tasks=sum(one.scripts.tasks for one in own),
        written=written,
        valid_at_first=sum(one.scripts.valid_at_first for one in own),
        repairs=sum(one.scripts.repairs for one in own),
        executed=sum(one.scripts.executed for one in own),
        failed=sum(one.scripts.failed for one in own),
        **{name: sum(getattr(one.scripts, name) for one in own) for name in ("linted", "unsafe", "listing", "paging", "handling")},
        complexity=round(sum(one.scripts.complexity for one in own) / written, 1) if written else 0.0,
        remarks=round(sum(rules.values()) / written, 2) if written else 0.0,
        rules=dict(sorted(rules.items(), key=lambda item: (-item[1], item[0]))),
        repaired=dict(sorted(repaired.items(), key=lambda item: (-item[1], item[0]))),
    )


def _lift(label: str, everybody: Mapping[str, statistics.Results]) -> Lift | None:
    """Over what is written down. That is asked once, so each repeat of a model is held against the same answer."""
    floor = everybody.get(PLAYBOOK)
    if floor is None or label == PLAYBOOK:
        return None
    own = everybody[label]
    shared = [unit for unit in own if unit in floor]
    return Lift(
        difference=statistics.difference({unit: own[unit] for unit in shared}, {unit: floor[unit] for unit in shared}),
        gained=tuple(unit for unit in shared if any(own[unit]) and not any(floor[unit])),
        lost=tuple(unit for unit in shared if not all(own[unit]) and all(floor[unit])),
    )


def _mean(own: Sequence[Measure], of: Callable[[Measure], float]) -> float:
    return round(sum(map(of, own)) / len(own), 2)


def _cost(row: Row) -> float:
    return row.usd if not row.unpriced else math.inf
